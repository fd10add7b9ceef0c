"""What AWS answers about Gatewatch's own surroundings, as the watch reads it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from tests.builders import ACCOUNT, NOW, later
from tests.contract.tables import TABLE, findings_table

from monitor.aws.session import AwsSession
from monitor.aws.surveillance import AwsSurveillance, _records_changes
from monitor.model.trouble import Board, KnownTrouble, Trouble, TroubleKind
from monitor.ports import CannotTell, Conflict
from monitor.stores.watching import DynamoDbSightings, DynamoDbTroubles

REGION = "us-east-1"


def surveillance() -> AwsSurveillance:
    session = AwsSession(REGION)
    return AwsSurveillance(
        session, lambda _region: session, account_id=ACCOUNT, alarm_prefix="gatewatch-"
    )


@pytest.mark.parametrize(
    ("selectors", "records"),
    [
        ({"EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "All"}]}, True),
        (
            {"EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "WriteOnly"}]},
            True,
        ),
        (
            {"EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "ReadOnly"}]},
            False,
        ),
        ({"EventSelectors": [{"IncludeManagementEvents": False, "ReadWriteType": "All"}]}, False),
        ({}, False),
        (
            {
                "AdvancedEventSelectors": [
                    {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
                ]
            },
            True,
        ),
        (
            {
                "AdvancedEventSelectors": [
                    {
                        "FieldSelectors": [
                            {"Field": "eventCategory", "Equals": ["Management"]},
                            {"Field": "readOnly", "Equals": ["true"]},
                        ]
                    }
                ]
            },
            False,
        ),
        (
            {
                "AdvancedEventSelectors": [
                    {
                        "FieldSelectors": [
                            {"Field": "eventCategory", "Equals": ["Management"]},
                            {"Field": "eventSource", "NotEquals": ["apigateway.amazonaws.com"]},
                        ]
                    }
                ]
            },
            False,
        ),
        (
            {
                "AdvancedEventSelectors": [
                    {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}
                ]
            },
            False,
        ),
    ],
)
def test_selectors_that_leave_changes_out_are_known(selectors: Any, records: bool) -> None:
    assert _records_changes(selectors) is records


@mock_aws
def test_what_is_not_there_is_none_and_not_an_error() -> None:
    watch = surveillance()

    assert watch.rule("gone") is None
    assert watch.queue(f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/gone") is None
    assert list(watch.ringing_alarms()) == []


@mock_aws
def test_a_queue_is_read_with_its_policy_and_its_messages() -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")

    queue = surveillance().queue(url)

    assert queue is not None
    assert (queue.messages, queue.policy) == (1, "")
    assert queue.arn.endswith(":q")


@mock_aws
def test_alarms_that_a_check_says_better_are_left_to_it() -> None:
    cloudwatch = boto3.client("cloudwatch", region_name=REGION)
    for name, namespace, metric in (
        ("gatewatch-OnChangeErrors", "AWS/Lambda", "Errors"),
        ("gatewatch-Blind", "Gatewatch", "Blind"),
        ("gatewatch-Dlq", "AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("other-Errors", "AWS/Lambda", "Errors"),
    ):
        cloudwatch.put_metric_alarm(
            AlarmName=name, Namespace=namespace, MetricName=metric, Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=0, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")

    assert [alarm.name for alarm in surveillance().ringing_alarms()] == ["gatewatch-OnChangeErrors"]


def test_what_may_not_be_read_is_said_and_not_taken_for_well() -> None:
    session = AwsSession(REGION)
    watch = AwsSurveillance(
        session, lambda _region: session, account_id=ACCOUNT, alarm_prefix="gatewatch-"
    )
    with Stubber(session.cloudwatch) as stub:
        stub.add_client_error("describe_alarms", "AccessDenied")
        with pytest.raises(CannotTell, match="DescribeAlarms cannot be read: AccessDenied"):
            watch.ringing_alarms()


def test_the_latest_sighting_counts_whatever_the_order() -> None:
    with findings_table() as client:
        seen = DynamoDbSightings(client, TABLE)
        assert seen.last("eu-west-1") is None
        for seconds in (10, 60, 30):
            seen.note("eu-west-1", later(seconds))

        assert seen.last("eu-west-1") == later(60)
        assert seen.last("us-east-1") is None


def test_the_board_is_fenced_by_its_version_and_a_damaged_one_is_begun_anew() -> None:
    trouble = Trouble(kind=TroubleKind.BLIND, subject="eu-west-1", text="blind")
    first = Board(
        version=1, watched_since=NOW, known=(KnownTrouble(trouble=trouble, since=NOW, told=True),)
    )
    with findings_table() as client:
        troubles = DynamoDbTroubles(client, TABLE)
        assert troubles.load() == Board()
        troubles.save(first)
        assert troubles.load() == first
        with pytest.raises(Conflict):
            troubles.save(Board(version=3))
        client.update_item(
            TableName=TABLE,
            Key={"pk": {"S": "WATCH"}, "sk": {"S": "TROUBLES"}},
            UpdateExpression="SET document = :bad",
            ExpressionAttributeValues={":bad": {"S": "{"}},
        )

        assert troubles.load() == Board(version=1)
