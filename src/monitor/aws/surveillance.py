"""Gatewatch's own surroundings: trails, rules, queues and alarms, read only.

Sources: CloudTrail API reference, "DescribeTrails", "GetTrailStatus", "GetEventSelectors";
EventBridge API reference, "TestEventPattern"; SQS API reference, "GetQueueAttributes".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from monitor.aws.session import AwsSession
from monitor.model.trouble import RingingAlarm, Trail, WatchedQueue, WatchedRule
from monitor.ports import CannotTell

if TYPE_CHECKING:
    from types_boto3_cloudtrail import CloudTrailClient

CHANGES = frozenset({"All", "WriteOnly"})
_GONE = frozenset({"ResourceNotFoundException", "QueueDoesNotExist"})
_GONE_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
_CALLS = (
    ("apigateway", "CreateDeployment"),
    ("wafv2", "UpdateWebACL"),
    ("cloudtrail", "StopLogging"),
)
"""Calls that a rule of ours takes one of: a pattern that takes none was changed."""


class AwsSurveillance:
    """The port `Surveillance`. `session_in` answers a session of a region."""

    def __init__(
        self,
        session: AwsSession,
        session_in: Callable[[str], AwsSession],
        *,
        account_id: str,
        alarm_prefix: str,
    ) -> None:
        self._session = session
        self._session_in = session_in
        self._account_id = account_id
        self._alarm_prefix = alarm_prefix

    def trails(self, region: str) -> Sequence[Trail]:
        client = self._session_in(region).cloudtrail
        with _told("DescribeTrails"):
            found = client.describe_trails(includeShadowTrails=True)["trailList"]
        return [self._trail(client, trail["TrailARN"], trail["Name"]) for trail in found]

    def _trail(self, client: CloudTrailClient, arn: str, name: str) -> Trail:
        # A trail of the organisation answers a member account less than its owner.
        is_logging: bool | None
        records: bool | None
        try:
            is_logging = client.get_trail_status(Name=arn)["IsLogging"]
        except (ClientError, BotoCoreError):
            is_logging = None
        try:
            records = _records_changes(dict(client.get_event_selectors(TrailName=arn)))
        except (ClientError, BotoCoreError):
            records = None
        return Trail(name=name, is_logging=is_logging, records_changes=records)

    def rule(self, name: str) -> WatchedRule | None:
        events = self._session.events
        with _told(f"the rule {name}"):
            try:
                rule = events.describe_rule(Name=name)
                targets = events.list_targets_by_rule(Rule=name)["Targets"]
            except ClientError as error:
                if _code(error) in _GONE:
                    return None
                raise
            takes = any(
                events.test_event_pattern(
                    EventPattern=rule.get("EventPattern", "{}"), Event=self._sample(*call)
                )["Result"]
                for call in _CALLS
            )
        return WatchedRule(
            is_enabled=rule["State"] != "DISABLED",
            takes_changes=takes,
            targets=tuple(target["Arn"] for target in targets),
        )

    def _sample(self, service: str, call: str) -> str:
        event: Mapping[str, Any] = {
            "id": "0",
            "source": f"aws.{service}",
            "detail-type": "AWS API Call via CloudTrail",
            "account": self._account_id,
            "region": self._session.region,
            "time": "2026-01-01T00:00:00Z",
            "resources": [],
            "detail": {"eventSource": f"{service}.amazonaws.com", "eventName": call},
        }
        return json.dumps(event)

    def queue(self, url: str) -> WatchedQueue | None:
        with _told(f"the queue {url.rpartition('/')[2]}"):
            try:
                found = self._session.sqs.get_queue_attributes(
                    QueueUrl=url,
                    AttributeNames=["QueueArn", "Policy", "ApproximateNumberOfMessages"],
                )["Attributes"]
            except ClientError as error:
                if _code(error) in (*_GONE, _GONE_QUEUE):
                    return None
                raise
        return WatchedQueue(
            arn=found["QueueArn"],
            policy=found.get("Policy", ""),
            messages=int(found["ApproximateNumberOfMessages"]),
        )

    def ringing_alarms(self) -> Sequence[RingingAlarm]:
        with _told("DescribeAlarms"):
            found = self._session.cloudwatch.describe_alarms(
                AlarmNamePrefix=self._alarm_prefix, StateValue="ALARM", AlarmTypes=["MetricAlarm"]
            )["MetricAlarms"]
        return [
            RingingAlarm(name=alarm["AlarmName"], text=alarm.get("AlarmDescription", ""))
            for alarm in found
            if not _is_said_otherwise(alarm)
        ]


def _is_said_otherwise(alarm: Mapping[str, Any]) -> bool:
    """The alarms about what a check finds itself, with a better sentence."""
    return (
        alarm.get("Namespace") == "Gatewatch"
        or alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
    )


def _records_changes(selectors: Mapping[str, Any]) -> bool:
    return any(
        selector.get("IncludeManagementEvents") and selector.get("ReadWriteType") in CHANGES
        for selector in selectors.get("EventSelectors") or ()
    ) or any(
        _takes_management_writes(selector.get("FieldSelectors") or ())
        for selector in selectors.get("AdvancedEventSelectors") or ()
    )


def _takes_management_writes(fields: Iterable[Mapping[str, Any]]) -> bool:
    """An advanced selector takes what passes all its fields; those that name the source of an event
    can shut ours out."""
    by_name = {field["Field"]: field for field in fields}
    if "Management" not in by_name.get("eventCategory", {}).get("Equals", ()):
        return False
    if "true" in by_name.get("readOnly", {}).get("Equals", ()):
        return False
    source = by_name.get("eventSource", {})
    ours = "apigateway.amazonaws.com"
    return ours not in source.get("NotEquals", ()) and ours in source.get("Equals", (ours,))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise CannotTell(f"{what} cannot be read: {_code(error)}") from error
    except BotoCoreError as error:
        raise CannotTell(f"{what} cannot be read: {error}") from error
