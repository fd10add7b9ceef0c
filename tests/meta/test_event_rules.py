"""The template's rules, queues and schedules against the table of events: what no emulator enforces
or delivers is held here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.template import resource, resources, template
from tests.unit.test_cloudtrail import record

from monitor.events.routing import (
    API_GATEWAY_EVENTS,
    CREDENTIAL_READS,
    MONITOR_EVENTS,
    OTHER_EVENTS,
)

VIA_CLOUDTRAIL = "AWS API Call via CloudTrail"
STACK = "gatewatch"
MAX_PATTERN = 2048
"""Source: EventBridge user guide, "Quotas"."""


def rules() -> dict[str, dict[str, Any]]:
    """Those that listen to the region's own events."""
    found = {name: one["Properties"] for name, one in resources("AWS::Events::Rule").items()}
    return {name: one for name, one in found.items() if "EventBusName" not in one}


def matches(pattern: Any, event: Any) -> bool:
    """Whether an event fits a pattern, as far as the template's patterns go.

    Source: EventBridge user guide, "Comparison operators for use in event patterns".
    """
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(one, event) for one in wanted):
                return False
        elif isinstance(wanted, dict):
            held = event.get(key) if isinstance(event, dict) else None
            if not matches(wanted, held if isinstance(held, dict) else {}):
                return False
        elif not any(fits(one, event.get(key)) for one in wanted):
            return False
    return True


def fits(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, dict):
        return type(wanted) is type(value) and bool(wanted == value)
    ((operator, given),) = wanted.items()
    if operator == "exists":
        return (value is not None) is given
    text = value if isinstance(value, str) else ""
    if operator == "prefix":
        given = given["Sub"].replace("${AWS::StackName}", STACK) if "Sub" in given else given
        return text.startswith(given)
    if operator == "suffix":
        return text.endswith(given)
    assert operator == "anything-but"
    return value is not None and value not in [one["GetAtt"] for one in given]


def hearing(detail: dict[str, Any]) -> set[str]:
    """The rules that take a record."""
    source = "aws." + detail["eventSource"].removesuffix(".amazonaws.com")
    event = {"source": source, "detail-type": VIA_CLOUDTRAIL, "detail": detail}
    return {name for name, rule in rules().items() if matches(rule["EventPattern"], event)}


def calls() -> Iterator[tuple[str, str, str]]:
    """Source, event, and the rule that must take it."""
    for name in API_GATEWAY_EVENTS:
        yield "apigateway.amazonaws.com", name, "ApiChangeRule"
    for source, events in OTHER_EVENTS.items():
        rule = "IdentityChangeRule" if source.startswith("iam.") else "SurroundingChangeRule"
        for name in events:
            yield source, name, rule
    for source, names in MONITOR_EVENTS.items():
        for name in names:
            yield source, name, "MonitorChangeRule"


@pytest.mark.parametrize(("source", "name", "rule"), list(calls()))
def test_every_event_of_the_table_is_taken_by_its_rule(source: str, name: str, rule: str) -> None:
    ours = {"name": f"{STACK}-ApiChangeRule-X", "rule": f"{STACK}-ApiChangeRule-X"}
    if source.startswith("lambda"):
        name += "20150331v2"

    assert rule in hearing(record(name, eventSource=source, requestParameters=ours))


@pytest.mark.parametrize(
    ("source", "name", "parameters"),
    [
        ("events.amazonaws.com", "DisableRule", {"name": "somebody-elses"}),
        ("events.amazonaws.com", "RemoveTargets", {"rule": "somebody-elses"}),
        ("ec2.amazonaws.com", "RunInstances", {}),
        ("ec2.amazonaws.com", "AuthorizeSecurityGroupIngress", {}),
        ("cognito-idp.amazonaws.com", "InitiateAuth", {}),
        ("cognito-idp.amazonaws.com", "AdminCreateUser", {}),
        ("lambda.amazonaws.com", "PublishVersion20150331", {}),
        ("iam.amazonaws.com", "CreateAccessKey", {}),
        ("s3.amazonaws.com", "PutBucketPolicy", {}),
    ],
)
def test_what_changes_no_access_is_not_paid_for(
    source: str, name: str, parameters: dict[str, Any]
) -> None:
    assert hearing(record(name, eventSource=source, requestParameters=parameters)) == set()


@pytest.mark.parametrize("name", sorted(CREDENTIAL_READS))
def test_reads_of_credentials_are_heard_by_their_own_rule_unless_they_are_ours(name: str) -> None:
    switched = {"includeValue": True, "includeValues": True, "restApiId": "r"}
    read = record(name, readOnly=True, requestParameters=switched)
    ours = {"sessionContext": {"sessionIssuer": {"arn": "ScanWorkerRole.Arn"}}}

    assert "CredentialReadRule" in hearing(read)
    assert "CredentialReadRule" not in hearing({**read, "userIdentity": ours})
    user = {"type": "IAMUser", "userName": "ci"}
    assert "CredentialReadRule" in hearing({**read, "userIdentity": user})
    without = record(name, readOnly=True, requestParameters={})
    assert ("CredentialReadRule" in hearing(without)) is (not CREDENTIAL_READS[name])


def test_only_the_rule_of_reads_hears_reads_and_it_is_off_at_first() -> None:
    """Source: EventBridge user guide, "Receiving read-only management events"."""
    states = {name: rule.get("State", "ENABLED") for name, rule in rules().items()}

    assert states.pop("CredentialReadRule") == {
        "If": [
            "WatchesCredentialReads",
            "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            "DISABLED",
        ]
    }
    assert states.pop("IdentityChangeRule") == {"If": ["WatchesIdentities", "ENABLED", "DISABLED"]}
    assert set(states.values()) == {"ENABLED"}
    for name in ("WatchCredentialReads", "WatchIdentities", "WatchDeniedChanges"):
        assert template()["Parameters"][name]["Default"] == "false"


@pytest.mark.parametrize("name", sorted(rules()))
def test_a_rule_may_send_to_its_queue_and_its_dead_letter_queue(name: str) -> None:
    """No emulator enforces queue policies, so this is held statically."""
    (target,) = rules()[name]["Targets"]
    policy = resource("EventsQueuePolicy")["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]

    reached = {target["Arn"]["GetAtt"], target["DeadLetterConfig"]["Arn"]["GetAtt"]}
    assert {r["GetAtt"] for r in statement["Resource"]} == reached
    assert {f"{queue['Ref']}.Arn" for queue in policy["Queues"]} == reached
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    senders = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert {"GetAtt": f"{name}.Arn"} in senders
    ours = {one["GetAtt"] for one in senders if "GetAtt" in one}
    assert ours == {f"{rule}.Arn" for rule in rules()}


@pytest.mark.parametrize("name", sorted(rules()))
def test_no_pattern_is_longer_than_eventbridge_takes(name: str) -> None:
    assert len(repr(rules()[name]["EventPattern"])) < MAX_PATTERN


@pytest.mark.parametrize(
    ("function", "queue"),
    [("OnChangeFunction", "EventsQueue"), ("ScanWorkerFunction", "ScanQueue")],
)
def test_a_queue_hides_a_message_longer_than_any_try_takes(function: str, queue: str) -> None:
    """Source: Lambda guide, "Using Lambda with Amazon SQS": six timeouts and the window."""
    properties = resource(function)["Properties"]
    (source,) = [one["Properties"] for one in properties["Events"].values()]
    window = source.get("MaximumBatchingWindowInSeconds", 0)
    longest = template()["Parameters"][window["Ref"]]["MaxValue"] if window else 0

    visibility = resource(queue)["Properties"]["VisibilityTimeout"]
    assert visibility >= 6 * properties["Timeout"] + longest
    assert source["Queue"]["GetAtt"] == f"{queue}.Arn"
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_large_batches_have_a_window() -> None:
    """Source: Lambda API reference, "CreateEventSourceMapping": above 10, at least a second."""
    assert template()["Parameters"]["BatchingWindowSeconds"]["MinValue"] >= 1


def test_all_that_read_together_stay_within_the_budget() -> None:
    """A process of each function that there may be at once, times its share."""
    total = 0.0
    for name in ("OnChangeFunction", "ScanWorkerFunction"):
        properties = resource(name)["Properties"]
        (source,) = [one["Properties"] for one in properties["Events"].values()]
        share = float(properties["Environment"]["Variables"]["GATEWATCH_RATE_SHARE"])
        total += share * source["ScalingConfig"]["MaximumConcurrency"]

    assert total <= 1


def test_both_scans_are_scheduled_and_one_reads_everything_anew() -> None:
    events = resource("ScanFanoutFunction")["Properties"]["Events"]
    inputs = {one["Properties"]["Input"] for one in events.values()}

    assert inputs == {'{"anew": false}', '{"anew": true}'}
    assert {one["Type"] for one in events.values()} == {"ScheduleV2"}
