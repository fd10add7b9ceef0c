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
