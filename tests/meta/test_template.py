"""The template against the code: permissions, wiring, and what no emulator enforces."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any

from tests.template import TEMPLATE, resource, resources, template

from monitor.aws.operations import READS, READS_OF_IDENTITIES, READS_OF_REGIONS, Permission
from monitor.settings import NotifySettings, OnChangeSettings, RemediateSettings
from remediators.aws_objects import READS as READS_OF_REMEDIES

WRITES = re.compile(
    r"(apigateway:(?!GET$|ListRoutingRules$))|((ec2|wafv2|cognito-idp|lambda|iam):(?!Get|List|Describe))"
)
WITHOUT_RESOURCES = {
    permission.action
    for permissions in (*READS.values(), *READS_OF_REMEDIES.values())
    for permission in permissions
    if permission.resource == "*"
}


def statements(role: str) -> list[dict[str, Any]]:
    return [
        statement
        for policy in resource(role)["Properties"].get("Policies", ())
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted(role: str) -> list[Permission]:
    """What a role may read of what is judged."""
    return [
        Permission(action, resource if isinstance(resource, str) else resource["Sub"])
        for statement in statements(role)
        if statement["Sid"].startswith("Read")
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def covers(grant: Permission, needed: Permission) -> bool:
    return grant.action == needed.action and fnmatchcase(
        needed.resource.replace("*", "x"), grant.resource
    )


def test_the_reader_may_do_exactly_what_it_does() -> None:
    needed = [(name, one) for name, permissions in READS.items() for one in permissions]
    grants = granted("OnChangeRole")

    for name, permission in needed:
        assert any(covers(grant, permission) for grant in grants), f"{name}: {permission}"
    for grant in grants:
        assert any(covers(grant, permission) for _, permission in needed), grant


def test_no_function_may_read_what_only_the_command_line_reads() -> None:
    only = {
        one.action
        for permissions in (*READS_OF_IDENTITIES.values(), *READS_OF_REGIONS.values())
        for one in permissions
    }

    for role in resources("AWS::IAM::Role"):
        actions = {a for statement in statements(role) for a in listed(statement["Action"])}
        assert actions.isdisjoint(only), role


def test_no_role_writes_to_what_is_judged_and_none_has_a_wildcard() -> None:
    for role in resources("AWS::IAM::Role"):
        for statement in statements(role):
            for action in listed(statement["Action"]):
                assert "*" not in action
                assert not WRITES.match(action), f"{role} may {action}"
            actions = set(listed(statement["Action"]))
            if statement["Sid"] != "Trace" and not actions & WITHOUT_RESOURCES:
                assert "*" not in listed(statement["Resource"]), f"{role}: {statement['Sid']}"


def test_each_function_has_a_role_and_a_log_group_of_its_own() -> None:
    functions = resources("AWS::Serverless::Function")
    roles = [f["Properties"]["Role"]["GetAtt"] for f in functions.values()]
    logs = [f["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for f in functions.values()]

    assert len(set(roles)) == len(set(logs)) == len(functions)


def test_every_handler_is_there() -> None:
    for name, function in resources("AWS::Serverless::Function").items():
        module, _, handler = function["Properties"]["Handler"].rpartition(".")
        assert callable(getattr(import_module(module), handler)), name


def test_the_functions_get_the_settings_they_read() -> None:
    shared = set(template()["Globals"]["Function"]["Environment"]["Variables"])
    for function, settings in (
        ("OnChangeFunction", OnChangeSettings),
        ("NotifyFunction", NotifySettings),
        ("RemediateFunction", RemediateSettings),
    ):
        own = resource(function)["Properties"]["Environment"]["Variables"]
        given = {n for n in {*shared, *own} if n.startswith("GATEWATCH_")}
        known = {f"GATEWATCH_{name.upper()}" for name in settings.model_fields}
        assert given == known, function


def test_the_rule_may_send_to_its_queue_and_its_dead_letter_queue() -> None:
    """No emulator enforces queue policies, so this is held statically."""
    (target,) = resource("ApiChangeRule")["Properties"]["Targets"]
    policy = resource("EventsQueuePolicy")["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]

    reached = {target["Arn"]["GetAtt"], target["DeadLetterConfig"]["Arn"]["GetAtt"]}
    assert {r["GetAtt"] for r in statement["Resource"]} == reached
    assert {f"{queue['Ref']}.Arn" for queue in policy["Queues"]} == reached
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"GetAtt": "ApiChangeRule.Arn"}}
    }


def test_the_rule_takes_every_event_of_api_gateway() -> None:
    assert resource("ApiChangeRule")["Properties"]["EventPattern"] == {
        "source": ["aws.apigateway"],
        "detail-type": ["AWS API Call via CloudTrail"],
    }


def test_the_queue_hides_a_message_longer_than_any_try_takes() -> None:
    """Source: Lambda guide, "Using Lambda with Amazon SQS": six timeouts and the window."""
    function = resource("OnChangeFunction")["Properties"]
    longest = template()["Parameters"]["BatchingWindowSeconds"]["MaxValue"]

    visibility = resource("EventsQueue")["Properties"]["VisibilityTimeout"]
    assert visibility >= 6 * function["Timeout"] + longest


def test_the_stream_and_the_sweep_both_tell() -> None:
    events = resource("NotifyFunction")["Properties"]["Events"]

    assert {event["Type"] for event in events.values()} == {"DynamoDB", "ScheduleV2"}


def test_cloudformation_takes_no_yaml_aliases() -> None:
    assert not re.search(r"(?m)[:\-]\s+[&*]\w", TEMPLATE.read_text("utf-8"))


def test_code_stands_in_files_and_not_in_the_template() -> None:
    assert "InlineCode" not in TEMPLATE.read_text("utf-8")
