"""Plans over random APIs and images: what is written leads there, what is undone leads back, and
what the engine predicts is what it sees afterwards."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.builders import API, NOW, configuration, policy, rest_api, route, violation
from tests.remedies.patches import patched

from monitor.access.decide import decide
from monitor.evaluation.evaluate import evaluate
from monitor.model.api import ApiSnapshot, AuthorizationType, Configuration, Stage
from monitor.model.finding import Finding, finding_id
from monitor.model.kept_export import KeptExport
from monitor.orgpolicy.load import default_org_policy
from remediators.catalogue import BY_ID
from remediators.changes import METHOD_SETTINGS, CannotWrite, call, step
from remediators.entry import ENTRY, planned
from remediators.judging import judge
from remediators.plan import Goal, Kind, Plan, changed_paths, is_as, ref
from remediators.planner import forecast_of, make_plan, snapshot_hash
from remediators.predict import predicted
from remediators.situation import Situation

SETTING = st.fixed_dictionaries(
    {
        "throttlingRateLimit": st.floats(0, 10_000).map(lambda x: round(x, 1)),
        "throttlingBurstLimit": st.integers(0, 5_000),
        "loggingLevel": st.sampled_from(["OFF", "ERROR", "INFO"]),
        "dataTraceEnabled": st.booleans(),
        "metricsEnabled": st.booleans(),
        "cachingEnabled": st.booleans(),
    }
)
PATTERNS = st.sampled_from(["*/*", "~1orders/GET", "~1/POST", "~1a~1{id}/ANY"])
STAGES = st.fixed_dictionaries(
    {
        "deploymentId": st.sampled_from(["d1", "d2", "d3"]),
        "methodSettings": st.dictionaries(PATTERNS, SETTING, max_size=3),
        "tracingEnabled": st.booleans(),
        "accessLogSettings": st.sampled_from(
            [{}, {"destinationArn": "arn:a", "format": "f"}, {"destinationArn": "arn:b"}]
        ),
    }
)


@given(STAGES, STAGES)
def test_the_call_leads_from_one_stage_to_the_other_and_its_inverse_back(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    target = ref(Kind.REST_STAGE, API.api_id, "prod")
    if before == after:
        try:
            call(target, before, after, "stage")
        except CannotWrite:
            return
        raise AssertionError("a call that changes nothing")
    made = step(target, before, after, key="stage", title="there", undo="back")

    there = patched(copy.deepcopy(before), made.call.arguments["patchOperations"], METHOD_SETTINGS)
    assert is_as(after, before, there, whole=False)
    assert made.inverse is not None
    back = patched(copy.deepcopy(there), made.inverse.call.arguments["patchOperations"],
                   METHOD_SETTINGS)  # fmt: skip
    assert is_as(before, after, back, whole=False)
    assert back == before


@given(STAGES, STAGES, STAGES)
def test_an_object_is_never_on_both_sides_of_a_step(
    before: dict[str, Any], after: dict[str, Any], actual: dict[str, Any]
) -> None:
    if list(changed_paths(before, after)):
        sides = [
            is_as(after, before, actual, whole=False),
            is_as(before, after, actual, whole=False),
        ]
        assert not all(sides)


# --- predictions ----------------------------------------------------------------------------------

ROUTES = st.lists(
    st.tuples(
        st.sampled_from(["GET /orders", "POST /orders", "ANY /admin", "GET /"]),
        st.sampled_from([AuthorizationType.NONE, AuthorizationType.AWS_IAM]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0],
)


def statement(effect: str, **condition: Any) -> dict[str, Any]:
    given_ = {
        "Effect": effect,
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
    }
    return {**given_, "Condition": condition} if condition else given_


POLICIES = st.sampled_from(
    [
        None,
        [statement("Allow")],
        [
            statement("Allow"),
            statement("Deny", NotIpAddress={"aws:SourceIp": ["203.0.113.0/24"]}),
        ],
        [statement("Allow", IpAddress={"aws:SourceIp": ["198.51.100.0/25"]})],
        [statement("Deny")],
    ]
).map(lambda found: found and json.dumps({"Version": "2012-10-17", "Statement": found}))


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    routes = [route(key, guard) for key, guard in draw(ROUTES)]
    return configuration(*routes, policy_text=draw(POLICIES))


@st.composite
def situations(draw: st.DrawFn) -> tuple[Situation, dict[str, Configuration]]:
    """An API with earlier deployments of which everything was kept."""
    served = {f"d{n}": draw(configurations()) for n in range(1, 4)}
    snapshot = rest_api(
        live=served["d3"],
        stages=(Stage(name="prod", deployment_id="d3"),),
        deployments={"d3": served["d3"]},
    )
    kept = {
        name: KeptExport(
            configuration=one,
            seen=one.policies,
            policy_is_deployed=True,
            stage_version="prod",
            is_confirmed=True,
        )
        for name, one in served.items()
    }
    images = {
        ref(Kind.REST_STAGE, API.api_id, "prod"): {"deploymentId": "d3"},
        ref(Kind.REST_DEPLOYMENTS, API.api_id): {
            "deployments": [{"id": f"d{n}", "created": f"2026-11-2{n}"} for n in range(1, 4)]
        },
        ref(Kind.REST_LIVE, API.api_id, "prod"): {"methods": {}},
        ref(Kind.REST_API, API.api_id): {"disableExecuteApiEndpoint": False},
    }
    return _situation(snapshot, images, kept), served


def _situation(snapshot: ApiSnapshot, images: Any, kept: Any) -> Situation:
    found = violation()
    finding = Finding(
        id=finding_id(snapshot.api, found), api=snapshot.api, api_name="orders", violation=found,
        status=found.status, first_seen=NOW, last_seen=NOW,
    )  # fmt: skip
    return Situation(
        snapshot=snapshot,
        finding=finding,
        judge=lambda one: judge(one, default_org_policy(), stage="prod", now=NOW),
        mark="gwp-0123456789abcdef",
        images=images,
        kept=kept,
    )


@given(situations())
def test_a_rollback_is_offered_only_where_it_is_compliant_and_as_it_was_predicted(
    drawn: tuple[Situation, dict[str, Configuration]],
) -> None:
    situation, served = drawn
    plan = make_plan(situation, BY_ID["rollback-stage"], now=NOW)
    offered = isinstance(plan, Plan)
    compliant = [name for name in ("d1", "d2") if _is_compliant(situation, served[name])]
    assert offered is bool(compliant)
    if not isinstance(plan, Plan):
        return

    target = plan.steps[0].after
    assert target is not None
    assert target["deploymentId"] == compliant[-1], "the newest that is compliant"
    seen = _serving(situation, served[compliant[-1]])
    assert not any(
        one.rule == "access-exceeds-policy"
        for one in evaluate(seen, default_org_policy(), now=NOW).violations
        if one.live
    )
    before, after = decide(situation.snapshot, now=NOW), decide(seen, now=NOW)
    assert plan.access == forecast_of(before, after)
    changed = {f"{one.stage} {one.route}" for one in forecast_of(before, after).routes}
    assert changed <= set(plan.blast_radius.routes)


def _serving(situation: Situation, served: Configuration) -> ApiSnapshot:
    snapshot = situation.snapshot
    return replace(snapshot, deployments={**snapshot.deployments, "d3": served})


def _is_compliant(situation: Situation, served: Configuration) -> bool:
    return situation.judge(_serving(situation, served)).compliant


@given(situations())
def test_a_plan_and_its_inverse_leave_the_api_as_it_was(
    drawn: tuple[Situation, dict[str, Configuration]],
) -> None:
    situation, served = drawn
    for action in ("rollback-stage", "quarantine-stage"):
        plan = make_plan(situation, BY_ID[action], now=NOW)
        if isinstance(plan, Plan):
            there = predicted(situation.snapshot, plan.steps, served)
            back = [
                replace(one, before=one.after, after=one.before) for one in reversed(plan.steps)
            ]
            again = predicted(there, back, {})
            assert decide(again, now=NOW) == decide(situation.snapshot, now=NOW)
            assert plan.goal is not Goal.CONTAINED or not plan.access.routes


@given(situations())
def test_a_plan_survives_the_journal(drawn: tuple[Situation, Any]) -> None:
    plan = make_plan(drawn[0], BY_ID["quarantine-stage"], now=NOW)
    assert isinstance(plan, Plan)
    entry = planned(plan, "jane")

    assert ENTRY.validate_json(ENTRY.dump_json(entry)) == entry


@given(configurations(), configurations())
def test_the_world_has_moved_if_anything_that_access_rests_on_has(
    one: Configuration, other: Configuration
) -> None:
    left, right = rest_api(live=one, draft=one), rest_api(live=other, draft=one)

    same = {r.key: r for r in one.routes or ()} == {r.key: r for r in other.routes or ()}
    assert (snapshot_hash(left) == snapshot_hash(right)) is (
        same and one.policies == other.policies
    )
    assert policy(None) is not None
