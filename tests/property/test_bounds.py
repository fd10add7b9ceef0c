"""Containment: what exceeds a bound is shown by a request that gets in and is not allowed."""

from __future__ import annotations

from functools import reduce
from operator import or_
from random import Random

from hypothesis import given, note
from hypothesis import strategies as st
from tests.proofs.caller_sets import holds_caller
from tests.proofs.checks import NOW, snapshot_for
from tests.proofs.random_questions import (
    ENDPOINTS,
    NETWORKS,
    ORGANIZATIONS,
    OWNER,
    PARTNER,
    random_question,
)

from monitor.access.counter_example import witness_of
from monitor.access.decide import decide
from monitor.access.reference import decide_request
from monitor.access.thresholds import Thresholds
from monitor.model.addresses import AddressSet
from monitor.model.api import ApiSnapshot
from monitor.model.callers import (
    ANYONE,
    NO_CALLERS,
    CallerBox,
    CallerNetwork,
    CallerPrincipal,
    CallerSet,
    Credential,
    PrincipalKind,
    only,
)
from monitor.model.excess import CounterExample, excess_of, who
from monitor.model.organization import Bound
from monitor.model.request import Decision, Request

RANDOM = st.randoms(use_true_random=False)
_BOTH = tuple(CallerNetwork)


def _everyone(*networks: CallerNetwork, **fields: object) -> CallerSet:
    return CallerSet(
        tuple(
            CallerBox(network=network, **{"principals": frozenset({ANYONE}), **fields})  # type: ignore[arg-type]
            for network in networks or _BOTH
        )
    )


def _signed(**fields: str) -> CallerSet:
    principal = CallerPrincipal(PrincipalKind.SIGNED, **fields)
    return _everyone(principals=frozenset({principal}))


_NAMED = (
    _everyone(CallerNetwork.INTERNET, addresses=AddressSet.of_cidrs(("20.30.40.0/24",))),
    _everyone(CallerNetwork.INTERNET, addresses=AddressSet.of_cidrs(("0.0.0.0/1", "::/1"))),
    _everyone(CallerNetwork.VPC_ENDPOINT, endpoints=only(ENDPOINTS[0])),
    _everyone(CallerNetwork.VPC_ENDPOINT, vpcs=only(NETWORKS[0])),
    _everyone(CallerNetwork.VPC_ENDPOINT),
    _signed(account=PARTNER),
    _signed(account=OWNER),
    _signed(organization=ORGANIZATIONS[0]),
    _everyone(credentials=frozenset({Credential.TOKEN})),
    _everyone(credentials=frozenset({Credential.CLIENT_CERTIFICATE})),
)


def random_allowed(rng: Random) -> CallerSet:
    sets = rng.sample(_NAMED, rng.randint(0, 3))
    joined = [one & rng.choice(_NAMED) if rng.random() < 0.3 else one for one in sets]
    return reduce(or_, joined, NO_CALLERS)


@given(RANDOM)
def test_what_exceeds_a_bound_is_shown_by_a_request_that_gets_in(rng: Random) -> None:
    question = random_question(rng)
    note(str(question["policy"]))
    snapshot = snapshot_for(question)
    bound = Bound(class_name="c", allowed=random_allowed(rng), clause="")
    for stage in decide(snapshot, now=NOW).stages:
        found = excess_of(stage.live_routes, lambda _route: bound)
        if found.example is not None:
            _holds_good(snapshot, found.example, stage.stage)


def _holds_good(snapshot: ApiSnapshot, example: CounterExample, stage: str) -> None:
    shown = witness_of(snapshot, example, stage=stage, live=True, now=NOW, thresholds=Thresholds())
    note(f"{example.caller} {shown}")
    assert shown is not None
    request = Request.from_witness(shown)
    assert decide_request(snapshot, None, request, now=NOW) is not Decision.DENY
    assert example.caller is not None
    assert who(example.caller, snapshot.api.account_id)
    # `holds_caller` takes an unnamed account for anybody's, so bounds that name nobody are checked.
    if not any(p.account or p.organization for b in _boxes(example.bound) for p in b.principals):
        assert not holds_caller(_allowed(example.bound), request)


def _allowed(bound: Bound) -> CallerSet:
    assert bound.allowed is not None
    return bound.allowed


def _boxes(bound: Bound) -> tuple[CallerBox, ...]:
    return _allowed(bound).boxes


@given(RANDOM)
def test_a_set_falls_apart_into_what_is_allowed_and_what_is_not(rng: Random) -> None:
    question = random_question(rng)
    allowed = random_allowed(rng)
    for stage in decide(snapshot_for(question), now=NOW).stages:
        for route in stage.live_routes:
            inside, outside = route.callers & allowed, route.callers - allowed
            assert inside.is_within(allowed) is None
            assert inside.is_within(route.callers) is None
            assert route.callers.is_within(inside | outside) is None
            assert bool(outside.boxes) is (route.callers.is_within(allowed) is not None)
