"""The smallest change of a resource policy that is proven to be enough."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.builders import API, NOW, configuration, rest_api, route

from monitor.evaluation.evaluate import evaluate
from monitor.model.api import ApiSnapshot, PolicySource, ResourcePolicy
from monitor.model.finding import Finding, finding_id
from monitor.orgpolicy.load import load_org_policy
from remediators.catalogue import BY_ID
from remediators.judging import judge
from remediators.plan import Image, Kind, NotApplicable, ObjectRef, Plan, ref
from remediators.planner import make_plan
from remediators.situation import Needs, Situation

OFFICE = load_org_policy(
    """
version: 1
organization:
  networks: {office: [203.0.113.0/24]}
classes:
  - {name: everything, allowed: our networks}
"""
)
CLOSED = load_org_policy("version: 1\nclasses: [{name: everything, allowed: no-public-access}]")


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    base = {"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke"}
    return {**base, "Resource": "execute-api:/*", **more}


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def planned(
    policy_text: str | None, org: Any = CLOSED, draft_text: str | None = None, **parameters: Any
) -> Plan | NotApplicable:
    live = configuration(route(), policy_text=policy_text)
    saved = ResourcePolicy(text=draft_text or policy_text, source=PolicySource.SAVED)
    snapshot = rest_api(live=live, draft=configuration(route()))
    snapshot = replace_draft(snapshot, saved)
    violations = evaluate(snapshot, org, now=NOW).violations
    hole = next(one for one in violations if one.rule == "access-exceeds-policy")
    finding = Finding(
        id=finding_id(API, hole), api=API, api_name="orders", violation=hole, status=hole.status,
        first_seen=NOW, last_seen=NOW,
    )  # fmt: skip
    methods = {"methods": {"GET /orders": {}}, "binary media types": []}
    images: dict[ObjectRef, Image | None] = {
        ref(Kind.REST_API, API.api_id): {
            "disableExecuteApiEndpoint": False,
            **({"policy": policy_text} if policy_text else {}),
        },
        ref(Kind.REST_DEPLOYMENTS, API.api_id): {"deployments": []},
        ref(Kind.REST_STAGE, API.api_id, "prod"): {"deploymentId": "d1"},
        ref(Kind.REST_DRAFT, API.api_id): {**methods, "guards": {}},
        ref(Kind.REST_LIVE, API.api_id, "prod"): methods,
    }
    situation = Situation(
        snapshot=snapshot,
        finding=finding,
        judge=lambda one: judge(one, org, stage="prod", now=NOW),
        mark="gwp-0123456789abcdef",
        parameters=parameters,
        images=images,
    )
    try:
        return make_plan(situation, BY_ID["restrict-policy"], now=NOW + timedelta(seconds=1))
    except Needs as asked:
        raise AssertionError(f"not expected: {asked.wanted}") from asked


def replace_draft(snapshot: ApiSnapshot, saved: ResourcePolicy) -> ApiSnapshot:
    assert snapshot.draft is not None
    return replace(snapshot, draft=replace(snapshot.draft, policies=(saved,)))


def new_policy(plan: Plan | NotApplicable) -> list[dict[str, Any]]:
    assert isinstance(plan, Plan), plan
    after = plan.steps[0].after
    assert after is not None
    found: list[dict[str, Any]] = json.loads(after["policy"])["Statement"]
    return found


def test_the_networks_of_the_org_policy_make_the_fence() -> None:
    (allow, deny) = new_policy(planned(text(statement()), OFFICE))

    assert allow == statement()
    assert deny["Condition"] == {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}


def test_an_api_without_a_policy_gets_one() -> None:
    statements = new_policy(planned(None, OFFICE))

    assert [one["Effect"] for one in statements] == ["Allow", "Deny"]


def test_networks_that_were_asked_for_are_held_to_the_org_policy() -> None:
    inside = planned(text(statement()), OFFICE, cidrs="203.0.113.128/25")
    outside = planned(text(statement()), OFFICE, cidrs="198.51.100.0/24")

    assert "203.0.113.128/25" in json.dumps(new_policy(inside))
    assert "198.51.100.0/24" not in json.dumps(new_policy(outside)), "it would not be enough"


def test_the_one_statement_that_opens_is_taken_away() -> None:
    fenced = statement(Condition={"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}})

    assert new_policy(planned(text(fenced, statement()))) == [fenced]


def test_the_last_resort_is_the_own_account() -> None:
    (_, deny) = new_policy(planned(text(statement())))

    assert deny["Condition"] == {"StringNotEquals": {"aws:PrincipalAccount": [API.account_id]}}


@pytest.mark.parametrize("cidrs", ["not a network", "203.0.113.0/33"])
def test_what_is_no_network_is_refused(cidrs: str) -> None:
    refused = planned(text(statement()), cidrs=cidrs)

    assert isinstance(refused, NotApplicable)
    assert "is no network" in refused.because


def test_a_policy_that_somebody_saved_is_not_published_with_it() -> None:
    refused = planned(text(statement()), OFFICE, draft_text=text(statement("Deny")))

    assert isinstance(refused, NotApplicable)
    assert "the saved resource policy is not the live one" in refused.because
