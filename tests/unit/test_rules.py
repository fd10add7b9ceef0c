"""Every rule: a pass, a fail, an unknown, and what it says."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.builders import API, NOW, configuration, gap, policy, rest_api, route
from tests.demo.company import FENCED, WIDE_OPEN

from monitor.evaluation.catalogue import RULES
from monitor.evaluation.evaluate import evaluate
from monitor.model.access import Scope
from monitor.model.api import (
    ApiSnapshot,
    AuthorizationType,
    Configuration,
    EndpointType,
    Stage,
    WebAcl,
)
from monitor.model.finding import Finding, Severity, Status, Violation, finding_id
from monitor.model.gaps import Unknown
from monitor.orgpolicy.load import default_org_policy, load_org_policy

IAM = configuration(route(authorization=AuthorizationType.AWS_IAM))
OPEN_TO_ACCOUNTS = Configuration(
    routes=(route(authorization=AuthorizationType.AWS_IAM),), policies=(policy(WIDE_OPEN),)
)


def judge(snapshot: ApiSnapshot, now: datetime = NOW) -> list[Violation]:
    return list(evaluate(snapshot, default_org_policy(), now=now).violations)


def grave(snapshot: ApiSnapshot) -> list[Violation]:
    """What is more than a remark; remarks are tested by the case files."""
    return [one for one in judge(snapshot) if one.severity is not Severity.INFO]


def told(snapshot: ApiSnapshot) -> list[tuple[str, Severity, Status, Scope, bool]]:
    return [(v.rule, v.severity, v.status, v.scope, v.live) for v in grave(snapshot)]


EXCEEDS, UNKNOWN = "access-exceeds-policy", "access-unknown"
WILL_EXCEED = "access-will-exceed-policy"


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (rest_api(IAM), []),
        (rest_api(configuration(policy_text=FENCED)), []),
        (rest_api(tags={"exposure": "public"}), []),
        (rest_api(stages=()), []),
        (rest_api(endpoint_types=(EndpointType.PRIVATE,)), []),
        (rest_api(), [(EXCEEDS, Severity.CRITICAL, Status.OPEN, Scope.INTERNET, True)]),
        (
            rest_api(OPEN_TO_ACCOUNTS),
            [(EXCEEDS, Severity.HIGH, Status.OPEN, Scope.ANY_AWS_ACCOUNT, True)],
        ),
        (
            rest_api(configuration(policy_text="{not json")),
            [
                (UNKNOWN, Severity.HIGH, Status.UNKNOWN, Scope.UNKNOWN, True),
                ("policy-malformed", Severity.MEDIUM, Status.OPEN, Scope.UNKNOWN, True),
            ],
        ),
        (
            rest_api(deployments={}, gaps=[gap(Unknown.LIVE_ROUTES)]),
            [
                (WILL_EXCEED, Severity.HIGH, Status.OPEN, Scope.INTERNET, False),
                (UNKNOWN, Severity.HIGH, Status.UNKNOWN, Scope.UNKNOWN, True),
            ],
        ),
        (
            rest_api(stages=(), gaps=[gap(Unknown.STAGES)]),
            [(UNKNOWN, Severity.HIGH, Status.UNKNOWN, Scope.UNKNOWN, True)],
        ),
        (
            rest_api(IAM, gaps=[gap(Unknown.DRAFT_ROUTES)]),
            [(UNKNOWN, Severity.LOW, Status.UNKNOWN, Scope.UNKNOWN, False)],
        ),
        # What is proven open stays open beside what is unknown.
        (
            rest_api(gaps=[gap(Unknown.DRAFT_ROUTES)]),
            [
                (EXCEEDS, Severity.CRITICAL, Status.OPEN, Scope.INTERNET, True),
                (UNKNOWN, Severity.LOW, Status.UNKNOWN, Scope.UNKNOWN, False),
            ],
        ),
        (rest_api(tags={"exposure": "public"}, deployments={}, gaps=[gap()]), []),
    ],
)
def test_what_the_rules_say(
    snapshot: ApiSnapshot, expected: list[tuple[str, Severity, Status, Scope, bool]]
) -> None:
    assert told(snapshot) == expected


def test_the_finding_names_routes_witness_and_class() -> None:
    live = configuration(
        route(), route("PUT /orders"), route("GET /admin", AuthorizationType.AWS_IAM)
    )

    (found,) = judge(rest_api(live))

    assert found.routes == ("GET /orders", "PUT /orders")
    assert found.title == "anyone on the internet can call 2 routes of stage prod"
    assert found.policy_class == "everything else"
    assert found.witness is not None
    assert found.witness.path == "/orders"


def test_an_unread_door_is_not_proven_open() -> None:
    """Only a custom domain that nobody read could lead to it."""
    (found,) = judge(rest_api(disable_default_endpoint=True, custom_domains=None))

    assert (found.rule, found.status) == (UNKNOWN, Status.UNKNOWN)


def test_a_web_acl_that_is_not_understood_may_let_anyone_pass() -> None:
    stage = Stage(
        name="prod",
        deployment_id="d1",
        web_acl_arn="arn:aws:wafv2:us-east-1:123456789012:regional/webacl/front/1",
        web_acl=WebAcl(default_action="ALLOW", rules=None),
    )
    (found,) = grave(rest_api(stages=(stage,)))

    assert (found.rule, found.status) == (UNKNOWN, Status.UNKNOWN)
    assert found.title.startswith("perhaps anyone can call stage prod: only its web ACL")


def test_the_id_of_a_finding_is_its_place_and_not_its_state() -> None:
    (found,) = judge(rest_api())
    (moved,) = judge(rest_api(configuration(route("PUT /other"))))

    assert finding_id(API, found) == finding_id(API, moved)
    assert finding_id(API, found).startswith("gw-")
    assert Finding.__dataclass_fields__.keys() >= {"id", "violation", "status"}


def test_ids_are_unique_and_every_rule_says_what_it_is_about() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.title
        assert rule.attacker_view.endswith(".")
        assert rule.fix.endswith(".")


SIGNED = Stage(name="prod", deployment_id="d1")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("{}", []),
        ("{stage-web-acl-missing: {parameters: {every_stage: true}}}", ["stage-web-acl-missing"]),
        ("{stage-tracing-off: {on: true}}", ["stage-tracing-off"]),
    ],
)
def test_the_org_policy_sets_what_a_rule_asks(settings: str, expected: list[str]) -> None:
    text = f"version: 1\nclasses: [{{name: all, allowed: no-public-access}}]\nrules: {settings}\n"
    wanted = {"stage-web-acl-missing", "stage-tracing-off"}

    said = evaluate(rest_api(IAM, stages=(SIGNED,)), load_org_policy(text, "policy.yaml"), now=NOW)

    assert [one.rule for one in said.violations if one.rule in wanted] == expected
