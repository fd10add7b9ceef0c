"""The stack of every other region sends home what the home stack listens to, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest
from tests.template import forwarder, resource, resources

from monitor.aws.heartbeat import TAG

RULES = ("ApiChangeRule", "SurroundingChangeRule", "IdentityChangeRule", "MonitorChangeRule")


def forwarded(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = forwarder()["Resources"][name]["Properties"]
    return properties


@pytest.mark.parametrize("name", RULES)
def test_both_stacks_choose_the_same_events(name: str) -> None:
    home, there = resource(name)["Properties"], forwarded(name)

    assert there["EventPattern"] == home["EventPattern"]
    assert there.get("State") == home.get("State")


def test_every_rule_of_the_home_stack_is_forwarded_but_for_reads() -> None:
    """Reads of credentials are many and cost by the event; they are watched at home only."""
    home = {
        name
        for name, rule in resources("AWS::Events::Rule").items()
        if "EventBusName" not in rule["Properties"]
    }

    assert home - set(RULES) == {"CredentialReadRule"}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_sends_home_and_loses_nothing(name: str) -> None:
    (target,) = forwarded(name)["Targets"]

    assert target["Arn"] == {"Ref": "HomeBusArn"}
    assert target["RoleArn"] == {"GetAtt": "ForwardRole.Arn"}
    assert target["DeadLetterConfig"] == {"Arn": {"GetAtt": "ForwardDlq.Arn"}}
    senders = forwarded("ForwardDlqPolicy")["PolicyDocument"]["Statement"][0]["Condition"]
    assert {"GetAtt": f"{name}.Arn"} in senders["ArnEquals"]["aws:SourceArn"]


def test_the_home_bus_hands_on_what_comes_from_this_account_alone() -> None:
    rule = resource("ForwardedRule")["Properties"]

    assert rule["EventBusName"] == {"Ref": "ForwardedEvents"}
    assert rule["EventPattern"]["account"] == [{"Ref": "AWS::AccountId"}]
    (target,) = rule["Targets"]
    assert target["Arn"] == {"GetAtt": "EventsQueue.Arn"}
    assert "Policy" not in resource("ForwardedEvents")["Properties"]


def test_the_forwarding_role_may_send_home_and_the_heartbeat_may_tag_its_canary() -> None:
    actions = {
        name: [
            statement["Action"]
            for policy in role["Properties"]["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]
        for name, role in forwarder()["Resources"].items()
        if role["Type"] == "AWS::IAM::Role"
    }

    assert actions == {"ForwardRole": ["events:PutEvents"], "HeartbeatRole": ["apigateway:PUT"]}
    for name in actions:
        (trust,) = forwarded(name)["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Condition"]["StringEquals"] == {
            "aws:SourceAccount": {"Ref": "AWS::AccountId"}
        }


def test_both_heartbeats_write_the_same_tag_at_the_same_pace() -> None:
    home = resource("HeartbeatFunction")["Properties"]["Events"]["Beat"]["Properties"]
    there = forwarded("HeartbeatSchedule")

    assert there["ScheduleExpression"] == home["ScheduleExpression"]
    assert f'"{TAG}"' in there["Target"]["Input"]["Sub"]
