"""Containment of sets of callers, with a counter-example."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.model.addresses import AddressSet
from monitor.model.callers import (
    ANONYMOUS,
    ANY_NAME,
    ANYONE,
    EVERY_CALLER,
    NO_CALLERS,
    OTHERS,
    CallerBox,
    CallerNetwork,
    CallerPrincipal,
    CallerSet,
    Credential,
    NameSet,
    PrincipalKind,
    function_without_qualifier,
    issuer_of_pool,
    only,
)

INTERNET = CallerBox(network=CallerNetwork.INTERNET, principals=frozenset({ANONYMOUS}))
PRIVATE = CallerBox(network=CallerNetwork.VPC_ENDPOINT, principals=frozenset({ANONYMOUS}))
OFFICE = AddressSet.of_cidrs(("203.0.113.0/24",))
ROLE = "arn:aws:iam::999999999999:role/app"


ANYBODY = CallerSet((replace(INTERNET, principals=frozenset({ANYONE})),))


def one(box: CallerBox) -> CallerSet:
    return CallerSet((box,))


def signed(account: str | None = None, arn: str | None = None, org: str | None = None) -> CallerSet:
    principal = CallerPrincipal(PrincipalKind.SIGNED, account, arn, org)
    return one(replace(INTERNET, principals=frozenset({principal})))


def test_everyone_is_within_everyone_and_nobody_within_nothing() -> None:
    assert one(INTERNET).is_within(EVERY_CALLER) is None
    assert NO_CALLERS.is_within(NO_CALLERS) is None
    assert one(INTERNET).is_within(NO_CALLERS) is not None


def test_a_counter_example_lies_outside() -> None:
    office = one(replace(INTERNET, addresses=OFFICE))
    assert office.is_within(one(INTERNET)) is None
    outsider = one(INTERNET).is_within(office)
    assert outsider is not None
    assert outsider.address is not None
    assert not outsider.address.startswith("203.0.113.")


def test_two_halves_cover_the_whole() -> None:
    halves = [AddressSet.of_cidrs((cidr,)) for cidr in ("0.0.0.0/1", "128.0.0.0/1", "::/0")]
    allowed = CallerSet(tuple(replace(INTERNET, addresses=half) for half in halves))
    assert one(INTERNET).is_within(allowed) is None


def test_more_credentials_than_asked_for_are_fine_and_fewer_are_not() -> None:
    token = one(replace(INTERNET, credentials=frozenset({Credential.TOKEN})))
    assert token.is_within(one(INTERNET)) is None
    assert one(INTERNET).is_within(token) is not None


def test_vpc_endpoints_are_told_apart() -> None:
    named = one(replace(PRIVATE, endpoints=only("vpce-1")))
    assert named.is_within(one(PRIVATE)) is None
    outsider = one(PRIVATE).is_within(named)
    assert outsider is not None
    assert outsider.endpoint != "vpce-1"
    assert named.is_within(one(INTERNET)) is not None


@pytest.mark.parametrize(
    ("effective", "allowed", "within"),
    [
        (signed("999999999999", ROLE, OTHERS), signed("999999999999"), True),
        (signed("999999999999", OTHERS, OTHERS), signed("999999999999", ROLE), False),
        (signed(OTHERS, OTHERS, OTHERS), signed("999999999999"), False),
        (signed(OTHERS, OTHERS, "o-mine"), signed(org="o-mine"), True),
        (signed(OTHERS, OTHERS, OTHERS), signed(), True),
        (
            signed(OTHERS, OTHERS, OTHERS),
            one(replace(INTERNET, principals=frozenset({ANYONE}))),
            True,
        ),
        (one(INTERNET), signed(), False),
    ],
)
def test_principals(effective: CallerSet, allowed: CallerSet, within: bool) -> None:
    assert (effective.is_within(allowed) is None) is within


def test_a_proven_caller_is_preferred_as_counter_example() -> None:
    doubtful = replace(INTERNET, proven=False)
    proven = replace(INTERNET, addresses=OFFICE)
    outsider = CallerSet((doubtful, proven)).is_within(NO_CALLERS)
    assert outsider is not None
    assert outsider.proven


def test_disjoint_keeps_everyone_once() -> None:
    both = CallerSet((replace(INTERNET, proven=False), replace(INTERNET, addresses=OFFICE)))
    apart = both.disjoint()
    assert one(INTERNET).is_within(apart) is None
    assert sum(box.addresses.size for box in apart.boxes) == INTERNET.addresses.size


def test_name_sets() -> None:
    assert "a" in ANY_NAME
    assert not (only("a") - ANY_NAME)
    assert ANY_NAME - only("a") == NameSet(frozenset({"a"}))
    assert only("a", "b") & NameSet(frozenset({"a"})) == only("b")
    assert NameSet(frozenset({"a"})) & NameSet(frozenset({"b"})) == NameSet(frozenset({"a", "b"}))


POOL = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_AbC"
ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC"


def holders(*issuers: str) -> CallerSet:
    token = frozenset({Credential.TOKEN})
    issued = only(*issuers) if issuers else ANY_NAME
    return one(replace(INTERNET, credentials=token, token_issuers=issued))


def test_a_token_of_another_issuer_is_outside() -> None:
    ours, theirs = holders(ISSUER), holders("https://login.example.com")
    assert ours.is_within(holders(ISSUER, "https://x")) is None
    outsider = theirs.is_within(ours)
    assert outsider is not None
    assert outsider.token_issuer == "https://login.example.com"
    # Whose token is taken could not be told: it may be anybody's.
    assert holders().is_within(ours) is not None
    assert ours.is_within(holders()) is None
    # Who may come without a token may come with anybody's.
    assert theirs.is_within(one(INTERNET)) is None


def test_both_are_asked_for_where_two_sets_meet() -> None:
    office = one(replace(INTERNET, principals=frozenset({ANYONE}), addresses=OFFICE))
    ours = signed(org="o-1")
    both = office & ours
    assert both.is_within(office) is None
    assert both.is_within(ours) is None
    assert ours.is_within(both) is not None
    assert (signed("1") & signed("2")) == NO_CALLERS
    assert (signed("1") & one(PRIVATE)) == NO_CALLERS
    assert (signed("1") & signed(org="o-1")) == signed("1", org="o-1")
    assert (ANYBODY & ours) == ours
    assert (holders(ISSUER) & holders("https://x")) == NO_CALLERS
    assert (holders() & holders(ISSUER)) == holders(ISSUER)


def test_names_of_issuers() -> None:
    assert issuer_of_pool(POOL) == ISSUER
    assert issuer_of_pool("arn:aws:s3:::bucket") is None
    function = "arn:aws:lambda:us-east-1:111122223333:function:check"
    assert function_without_qualifier(f"{function}:live") == function
    assert function_without_qualifier(function) == function
    assert (
        function_without_qualifier("arn:aws:lambda:us-east-1:1:function:${stageVariables.f}")
        is None
    )
