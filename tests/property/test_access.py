"""The engine against the reference on random policies, and laws that hold for every policy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st
from tests.proofs.caller_sets import holds_caller
from tests.proofs.cells import drawn_requests
from tests.proofs.checks import NOW, snapshot_for, witness_complaints
from tests.proofs.random_questions import (
    UNNAMED,
    random_http_question,
    random_question,
    random_request,
    random_statement,
    spoilt,
)

from monitor.access.decide import decide
from monitor.access.reference import decide_request
from monitor.model.access import RouteAccess, Scope
from monitor.model.api import ApiSnapshot, AuthorizationType
from monitor.model.callers import EVERY_CALLER, NO_CALLERS
from monitor.model.request import ANONYMOUS, Decision, Request

RANDOM = st.randoms(use_true_random=False)
_WIDTH = {Decision.DENY: 0, Decision.UNKNOWN: 1, Decision.ALLOW: 2}
_WITHOUT_NAME_OR_CREDENTIAL = {
    *(scope for scope in Scope if scope.is_public),
    *(Scope.CIDRS, Scope.ANY_VPCE, Scope.VPC, Scope.VPCE, Scope.UNKNOWN),
}


def reference(snapshot: ApiSnapshot, request: Request) -> Decision:
    return decide_request(snapshot, None, request, now=NOW)


def live_routes(snapshot: ApiSnapshot) -> Iterator[RouteAccess]:
    for stage in decide(snapshot, now=NOW).stages:
        yield from stage.live_routes


@given(RANDOM)
def test_engine_and_reference_agree_on_every_cell(rng: Random) -> None:
    question = random_question(rng)
    note(str(question["policy"]))
    snapshot = snapshot_for(question)
    for drawn in drawn_requests(snapshot, rng, now=NOW, count=5):
        note(str(drawn))
        match reference(snapshot, drawn.request):
            case Decision.ALLOW:
                assert drawn.surely
            case Decision.UNKNOWN:
                assert drawn.possibly
                assert not drawn.surely or _asks_for_user_pool(question)
            case Decision.DENY:
                assert not drawn.possibly


@given(RANDOM)
def test_engine_and_reference_agree_on_apis_without_policies(rng: Random) -> None:
    question = random_http_question(rng)
    note(str(question["api"]))
    snapshot = snapshot_for(question)
    routes = list(live_routes(snapshot))
    for drawn in drawn_requests(snapshot, rng, now=NOW, count=3):
        note(str(drawn))
        decision = reference(snapshot, drawn.request)
        assert (decision is Decision.ALLOW) is drawn.surely is drawn.possibly
    for _ in range(12):
        request = replace(random_request(rng, question), client_certificate=rng.random() < 0.5)
        note(str(request))
        if reference(snapshot, request) is Decision.ALLOW:
            assert any(holds_caller(route.callers, request) for route in routes)


@given(RANDOM)
def test_engine_is_never_narrower_than_the_reference(rng: Random) -> None:
    """Where a policy holds what AWS's pages leave open the engine may be unsure, never narrower."""
    question = random_question(rng, odd=True)
    note(str(question["policy"]))
    snapshot = snapshot_for(question)
    for drawn in drawn_requests(snapshot, rng, now=NOW, count=5):
        note(str(drawn))
        decision = reference(snapshot, drawn.request)
        assert decision is Decision.DENY or drawn.possibly
        assert decision is not Decision.DENY or not drawn.surely


@given(RANDOM)
def test_malformed_policies_are_answered_and_never_narrower(rng: Random) -> None:
    question = random_question(rng, odd=rng.random() < 0.5)
    question["policy"] = spoilt(rng, question["policy"])
    note(str(question["policy"]))
    snapshot = snapshot_for(question)
    for drawn in drawn_requests(snapshot, rng, now=NOW, count=3):
        note(str(drawn))
        decision = reference(snapshot, drawn.request)
        assert decision is Decision.DENY or drawn.possibly
        assert decision is not Decision.DENY or not drawn.surely


def _asks_for_user_pool(question: Mapping[str, Any]) -> bool:
    """Whether a user pool's token is enough where the policy is silent is not described; the engine
    takes it for enough, the reference does not tell."""
    kinds = {route["authorization_type"] for route in question["api"]["routes"]}
    return AuthorizationType.COGNITO_USER_POOLS in kinds


@given(RANDOM)
def test_whoever_gets_in_is_inside_the_answer(rng: Random) -> None:
    """Requests drawn from the atoms of the policy, not from the engine's cells: nobody without a
    credential and without a name gets in where the answer says otherwise."""
    question = random_question(rng)
    note(str(question["policy"]))
    snapshot = snapshot_for(question)
    routes = list(live_routes(snapshot))
    for _ in range(12):
        request = random_request(rng, question)
        if request.token or request.api_key or request.principal not in (ANONYMOUS, *UNNAMED):
            continue
        if reference(snapshot, request) is not Decision.DENY:
            note(str(request))
            assert any(_covers(route, request) for route in routes)


def _covers(route: RouteAccess, request: Request) -> bool:
    access = route.access
    if access.scope not in _WITHOUT_NAME_OR_CREDENTIAL:
        return False
    if access.source_cidrs is None or request.source_ip is None:
        return True
    address = ipaddress.ip_address(request.source_ip)
    return any(address in ipaddress.ip_network(cidr) for cidr in access.source_cidrs)


@given(RANDOM)
def test_whoever_gets_in_is_among_the_callers(rng: Random) -> None:
    """The same of the exact set, for callers with names and credentials too."""
    question = random_question(rng)
    note(str(question["policy"]))
    snapshot = snapshot_for(question)
    routes = list(live_routes(snapshot))
    for _ in range(12):
        request = random_request(rng, question)
        if reference(snapshot, request) is not Decision.DENY:
            note(str(request))
            assert any(holds_caller(route.callers, request) for route in routes)


@given(RANDOM)
def test_sets_of_callers_are_within_themselves(rng: Random) -> None:
    snapshot = snapshot_for(random_question(rng))
    for route in live_routes(snapshot):
        callers = route.callers
        assert callers.is_within(callers) is None
        assert callers.is_within(EVERY_CALLER) is None
        assert callers.disjoint().is_within(callers) is None
        assert callers.is_within(callers.disjoint()) is None
        assert (callers.is_within(NO_CALLERS) is None) is (route.access.scope is Scope.NOBODY)


@given(RANDOM)
def test_a_witness_gets_in(rng: Random) -> None:
    question = random_question(rng)
    note(str(question["policy"]))
    snapshot = snapshot_for(question)
    for route in live_routes(snapshot):
        assert list(witness_complaints(snapshot, route.access)) == []


@given(RANDOM)
def test_a_deny_never_widens(rng: Random) -> None:
    before = random_question(rng)
    deny = random_statement(rng) | {"Effect": "Deny"}
    after = _with_statements(before, [*before["policy"]["Statement"], deny])
    _assert_not_wider(before, after, rng)


@given(RANDOM)
def test_removing_an_allow_never_widens(rng: Random) -> None:
    before = random_question(rng)
    statements = before["policy"]["Statement"]
    gone = next((one for one in statements if one["Effect"] == "Allow"), None)
    after = _with_statements(before, [one for one in statements if one is not gone])
    _assert_not_wider(before, after, rng)


def _with_statements(question: dict[str, Any], statements: list[Any]) -> dict[str, Any]:
    return question | {"policy": question["policy"] | {"Statement": statements}}


def _assert_not_wider(before: dict[str, Any], after: dict[str, Any], rng: Random) -> None:
    note(f"{before['policy']} -> {after['policy']}")
    old, new = snapshot_for(before), snapshot_for(after)
    for one, other in zip(live_routes(old), live_routes(new), strict=True):
        # What was undecided may be decided now.
        if one.access.scope is not Scope.UNKNOWN:
            assert list(Scope).index(one.access.scope) <= list(Scope).index(other.access.scope)
        assert not other.access.public or one.access.public
    for _ in range(5):
        request = random_request(rng, after)
        note(str(request))
        assert _WIDTH[reference(new, request)] <= _WIDTH[reference(old, request)]
