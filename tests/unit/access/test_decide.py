"""What the case files cannot say: reasons, assumed doors, bounded work, sets of callers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.proofs.checks import NOW

from monitor.access.codes import Code
from monitor.access.decide import decide
from monitor.access.explain import sentence
from monitor.access.question import read_question, snapshot_of
from monitor.model.access import Access, Reason, Scope, StageAccess
from monitor.model.addresses import AddressSet
from monitor.model.api import ApiSnapshot
from monitor.model.callers import ANONYMOUS, EVERY_CALLER, CallerBox, CallerNetwork, CallerSet

ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
OFFICE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
PARTNER = {"AWS": "999999999999"}
NOT_OFFICE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


def snapshot(*statements: dict[str, Any], **question: Any) -> ApiSnapshot:
    asked: dict[str, Any] = {
        "account_id": "123456789012",
        "api": {"routes": [{"method": "GET", "path": "/pets"}]},
        "policy_text": json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
    }
    return snapshot_of(read_question(asked | question), now=NOW)


def stage(of: ApiSnapshot) -> StageAccess:
    return decide(of, now=NOW).stages[0]


def live(*statements: dict[str, Any], **question: Any) -> Access:
    return stage(snapshot(*statements, **question)).live


def codes(access: Access) -> list[str]:
    return [reason.code for reason in access.because]


def test_every_code_has_a_sentence() -> None:
    for code in Code:
        text = sentence(Reason(code=code, place="here", fields={"until": "tomorrow"}))
        assert text
        assert text != f"{code} here"


def test_what_is_open_names_the_statement_that_allows() -> None:
    access = live(ALLOW)
    assert access.public
    assert Reason(code=Code.POLICY_ALLOWS, place="policy.Statement[0]") in access.because


@pytest.mark.parametrize(
    ("statements", "question", "expected"),
    [
        ([ALLOW | {"Condition": OFFICE}], {}, ("stopped-by-allow-part", "addresses")),
        (
            [ALLOW | {"Principal": {"AWS": "999999999999"}}],
            {},
            ("stopped-by-allow-part", "principal"),
        ),
        ([ALLOW | {"Action": "s3:*"}], {}, ("stopped-by-allow-part", "action")),
        ([ALLOW | {"Resource": "execute-api:/dev/*"}], {}, ("stopped-by-allow-part", "resource")),
        ([{**ALLOW, "Resource": None}], {}, ("stopped-by-allow-part", "")),
        ([ALLOW, ALLOW | {"Effect": "Deny", "Condition": NOT_OFFICE}], {}, ("stopped-by-deny", "")),
        ([], {}, ("stopped-by-silence", "")),
        ([ALLOW], {"authorization_type": "COGNITO_USER_POOLS"}, ("stopped", "token")),
        ([ALLOW], {"endpoint_type": "PRIVATE"}, ("stopped", "not-from-internet")),
        ([], {"authorization_type": "AWS_IAM"}, ("stopped", "signature")),
    ],
)
def test_what_is_closed_names_what_stops_an_anonymous_caller(
    statements: list[dict[str, Any]], question: dict[str, Any], expected: tuple[str, str]
) -> None:
    access = live(*statements, **question)
    assert access.public in (False, None)
    stopping = [
        (reason.code, reason.fields.get("part", reason.fields.get("by", "")))
        for reason in access.because
        if reason.fields.get("who") == "anonymous"
    ]
    if access.public is False:
        code, part = expected
        assert any(found == code and (not part or by == part) for found, by in stopping)


def test_what_is_closed_names_what_stops_a_stranger() -> None:
    access = live(ALLOW | {"Principal": {"AWS": "999999999999"}}, authorization_type="AWS_IAM")
    assert access.scope is Scope.AWS_PRINCIPALS
    assert any(reason.fields.get("who") == "stranger" for reason in access.because)


def test_unread_domains_never_prove_an_ipv4_fence() -> None:
    fence = ALLOW | {"Effect": "Deny", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}
    read = snapshot(ALLOW, fence)
    assert stage(read).live.public is False
    unread = stage(replace(read, custom_domains=None)).live
    assert (unread.public, unread.scope) == (None, Scope.UNKNOWN)
    assert any("custom domains were not read" in caveat for caveat in unread.caveats)


def test_unread_domains_leave_proven_what_holds_through_any_door() -> None:
    closed = replace(snapshot(ALLOW | {"Effect": "Deny"}), custom_domains=None)
    assert stage(closed).live.public is False
    opened = replace(snapshot(ALLOW), custom_domains=None)
    assert stage(opened).live.public is True
    office = replace(snapshot(ALLOW | {"Condition": OFFICE}), custom_domains=None)
    assert stage(office).live.scope is Scope.CIDRS


def test_a_disabled_endpoint_and_unread_domains_are_unknown() -> None:
    disabled = replace(snapshot(ALLOW), disable_default_endpoint=True, custom_domains=None)
    assert stage(disabled).live.scope is Scope.UNKNOWN


def test_the_verdict_says_until_when_it_holds() -> None:
    access = live(
        ALLOW | {"Condition": {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}}
    )
    assert access.public
    assert any("2027-01-01" in caveat for caveat in access.caveats)


def test_the_draft_is_judged_beside_what_is_live() -> None:
    asked = {"deployed_policy": None, "policy_is_deployed": False}
    question = {"api": {"routes": [{"method": "GET", "path": "/"}], **asked}}
    both = stage(snapshot(ALLOW | {"Condition": OFFICE}, **question))
    assert both.live.scope is Scope.INTERNET
    assert both.draft is not None
    assert both.draft.scope is Scope.CIDRS


def test_an_explosive_policy_ends_as_unknown() -> None:
    pairs = [{f"aws:PrincipalTag/{i}": "a", f"aws:PrincipalTag/{i + 1}": "b"} for i in range(60)]
    denies = [ALLOW | {"Effect": "Deny", "Condition": {"StringEquals": pair}} for pair in pairs]
    access = live(ALLOW, *denies, authorization_type="AWS_IAM")
    assert (access.public, access.scope) == (None, Scope.UNKNOWN)
    assert any("bounded work" in caveat for caveat in access.caveats)


def test_callers_are_a_set_that_can_be_held_against_what_is_allowed() -> None:
    (route,) = stage(snapshot(ALLOW | {"Condition": OFFICE})).live_routes
    allowed = CallerBox(
        network=CallerNetwork.INTERNET,
        principals=frozenset({ANONYMOUS}),
        addresses=AddressSet.of_cidrs(("203.0.112.0/20",)),
    )
    assert route.callers.is_within(CallerSet((allowed,))) is None
    assert route.callers.is_within(EVERY_CALLER) is None
    (wide,) = stage(snapshot(ALLOW)).live_routes
    outsider = wide.callers.is_within(CallerSet((allowed,)))
    assert outsider is not None
    assert outsider.proven
