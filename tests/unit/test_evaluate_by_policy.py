"""What the org policy makes of a look at an API: bounds, rules, thresholds, waivers, remedies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.builders import NOW, configuration, rest_api, route

from monitor.evaluation import evaluate as module
from monitor.evaluation.evaluate import evaluate
from monitor.model.access import Scope
from monitor.model.api import Stage
from monitor.model.finding import Severity, Violation
from monitor.model.rule import Parameter, Problem, Rule, RuleInput
from monitor.orgpolicy.load import load_org_policy
from monitor.orgpolicy.schema import OrgPolicy

SLASH_16 = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
   "Resource": "execute-api:/*",
   "Condition": {"IpAddress": {"aws:SourceIp": ["8.8.0.0/16"]}}}]}"""


def _one_of_each(given: RuleInput) -> Iterator[Problem]:
    """At every stage `GET /health` live, and `GET /orders` at the next deployment."""
    for stage in given.snapshot.stages:
        for each, live in (("GET /health", True), ("GET /orders", False)):
            bound = given.bound_of(stage.name, each)
            title = f"{bound.class_name}: {given.parameters['days']}"
            yield Problem(title=title, stage=stage.name, live=live, routes=(each,))


RULE = Rule(
    id="sample",
    title="A sample",
    severity=Severity.MEDIUM,
    attacker_view="Nothing.",
    fix="Nothing.",
    check=_one_of_each,
    parameters={"days": Parameter(default=365, about="days")},
    remediations=("rollback-stage", "quarantine-stage"),
)


@pytest.fixture(autouse=True)
def one_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RULES", (RULE, replace(RULE, id="quiet", on=False)))


CLASSES = """\
version: 1
classes:
  - {name: health, select: {route: GET /health}, allowed: anyone}
  - {name: dev, select: {stage: dev}, allowed: token holders}
  - {name: all, allowed: nobody}
"""


def policy(more: str = "") -> OrgPolicy:
    return load_org_policy(CLASSES + more, rules=[RULE, replace(RULE, id="quiet", on=False)])


SNAPSHOT = rest_api(
    configuration(route("GET /health"), route("GET /orders")),
    stages=(Stage(name="prod", deployment_id="d1"), Stage(name="dev", deployment_id="d1")),
)


def found(more: str = "", now: datetime = NOW) -> tuple[Violation, ...]:
    return evaluate(SNAPSHOT, policy(more), now=now).violations


def test_each_place_has_the_bound_of_its_class() -> None:
    assert [one.title for one in found()] == [
        "health: 365",
        "all: 365",
        "health: 365",
        "dev: 365",
    ]
    assert evaluate(SNAPSHOT, policy(), now=NOW).bound.class_name == "all"


def test_a_finding_says_of_which_class_its_place_is_whatever_is_wrong_there() -> None:
    assert [one.classes for one in found()] == [("health",), ("all",), ("health",), ("dev",)]
    assert {one.policy_class for one in found()} == {""}


def test_the_policy_sets_parameters_severity_and_which_rules_are_asked() -> None:
    more = "rules: {sample: {severity: critical, parameters: {days: 7}}, quiet: on}\n"

    assert {(one.rule, one.severity, one.title.rpartition(" ")[2]) for one in found(more)} == {
        ("sample", Severity.CRITICAL, "7"),
        ("quiet", Severity.MEDIUM, "365"),
        # What the rule itself says is one step less grave where it is not live.
        ("quiet", Severity.LOW, "365"),
    }
    assert found("rules: {sample: off}\n") == ()


def test_a_waiver_stands_at_what_it_covers_and_leaves_the_status_alone() -> None:
    more = (
        "waivers:\n  - {rule: sample, select: {stage: 'dev*', route: /orders}, "
        "reason: r, owner: o, granted: 2026-11-01, expires: 2026-11-30}\n"
    )

    waived = [one for one in found(more) if one.waiver is not None]
    assert [(one.stage, one.live) for one in waived] == [("dev", False)]
    assert waived[0].status.value == "open"
    assert all(one.waiver is None for one in found(more, datetime(2026, 12, 1, tzinfo=UTC)))


def test_remediations_are_offered_by_class_and_mode() -> None:
    more = (
        "remediations:\n  modes:\n"
        "    - {class: health, mode: 'off'}\n"
        "    - {class: all, remediation: quarantine-stage, mode: 'off'}\n"
    )
    offered = [one.remediations for one in found(more)]

    both = ("rollback-stage", "quarantine-stage")
    assert offered == [(), ("rollback-stage",), (), both]
    assert {one.remediations for one in found()} == {("rollback-stage", "quarantine-stage")}


@pytest.mark.parametrize(
    ("limit", "scope"),
    [
        ("", Scope.CIDRS),
        ("thresholds: {broad_ipv4_addresses: 65535}\n", Scope.BROAD_CIDR),
    ],
)
def test_what_counts_as_broad_is_the_policys_to_say(limit: str, scope: Scope) -> None:
    snapshot = rest_api(configuration(policy_text=SLASH_16))

    assert evaluate(snapshot, policy(limit), now=NOW).access.scope is scope
