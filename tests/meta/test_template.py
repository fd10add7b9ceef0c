"""The template against the code: permissions, wiring, and what no emulator enforces."""

from __future__ import annotations

import re
from importlib import import_module

from tests.template import TEMPLATE, resource, resources, template

from monitor.settings import (
    HeartbeatSettings,
    NotifySettings,
    OnChangeSettings,
    RemediateSettings,
    WatchSettings,
)


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
        ("WatchFunction", WatchSettings),
        ("HeartbeatFunction", HeartbeatSettings),
        ("RemediateFunction", RemediateSettings),
    ):
        own = resource(function)["Properties"]["Environment"]["Variables"]
        given = {n for n in {*shared, *own} if n.startswith("GATEWATCH_")}
        known = {f"GATEWATCH_{name.upper()}" for name in settings.model_fields}
        assert known <= given, function
        assert given - known <= {"GATEWATCH_TABLE"}, function


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
