"""The engine against the reference on random policies, and laws that hold for every policy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st
from tests.proofs.cells import drawn_requests
from tests.proofs.checks import NOW, snapshot_for
from tests.proofs.random_questions import (
    UNNAMED,
    random_question,
    random_request,
    random_statement,
)

from monitor.access.decide import decide
from monitor.access.reference import decide_request
from monitor.model.access import RouteAccess, Scope
from monitor.model.api import ApiSnapshot, AuthorizationType
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
def test_a_witness_gets_in(rng: Random) -> None:
    question = random_question(rng)
    note(str(question["policy"]))
    snapshot = snapshot_for(question)
    for route in live_routes(snapshot):
        if route.access.scope is Scope.NOBODY:
            assert route.access.witness is None
            continue
        assert route.access.witness is not None
        note(str(route.access.witness))
        request = Request.from_witness(
            route.access.witness, with_credentials=not route.access.scope.is_public
        )
        decision = reference(snapshot, request)
        assert decision is not Decision.DENY
        if route.access.public:
            assert decision is Decision.ALLOW


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
        assert list(Scope).index(one.access.scope) <= list(Scope).index(other.access.scope)
        assert not other.access.public or one.access.public
    for _ in range(5):
        request = random_request(rng, after)
        note(str(request))
        assert _WIDTH[reference(new, request)] <= _WIDTH[reference(old, request)]
