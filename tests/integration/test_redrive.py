"""Dead letters shown with their reasons, and put back where they came from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws
from tests.builders import API, NOW
from tests.unit.test_cloudtrail import record

from monitor.aws.dead_letters import DeadLetterQueues
from monitor.aws.session import AwsSession
from monitor.cli.main import gatewatch
from monitor.events.requests import dump_request, dump_wake
from monitor.model.dead_letter import DeadLetter, PutBack
from monitor.model.look_request import LookRequest
from monitor.usecases.redrive import verdict

EVENT = json.dumps(
    {"detail": record("CreateDeployment", requestParameters={"restApiId": "a1b2c3"})}
)
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:gatewatch-Heartbeat:$LATEST"
FAILED = json.dumps(
    {
        "requestContext": {"functionArn": FUNCTION, "condition": "RetriesExhausted"},
        "requestPayload": {"sweep": True},
        "responsePayload": {"errorMessage": "timed out"},
    }
)
STREAM = json.dumps({"requestContext": {"functionArn": FUNCTION}, "DDBStreamBatchInfo": {}})


def letter(body: str, **attributes: str) -> DeadLetter:
    return DeadLetter(
        queue="DeadLetterQueue", id="m-1", receipt="r", body=body, attributes=attributes
    )


@pytest.mark.parametrize(
    ("body", "attributes", "what", "why", "put_back"),
    [
        (EVENT, {}, "CreateDeployment by", "", PutBack.SEND),
        (
            EVENT,
            {"ERROR_CODE": "NO_PERMISSIONS", "RULE_ARN": "arn:aws:events:r:1:rule/changes"},
            "a1b2c3",
            "EventBridge could not send it (NO_PERMISSIONS), rule changes",
            PutBack.SEND,
        ),
        ("{", {}, "no message of ours", "not JSON", PutBack.DROP),
        ("{", {"reason": "cut off"}, "no message of ours", "cut off", PutBack.DROP),
        ('{"detail": 7}', {}, "cannot be read", "detail is not an object", PutBack.DROP),
        (dump_wake(API), {}, "the end of a burst of a1b2c3d4e5", "", PutBack.SEND),
        (
            dump_request(LookRequest(api=API, asked_at=NOW)),
            {},
            "a look at a1b2c3d4e5",
            "",
            PutBack.SEND,
        ),
        (FAILED, {}, "an invocation of gatewatch-Heartbeat", "timed out", PutBack.INVOKE),
        (STREAM, {}, "records of the table's stream", "the sweep tells", PutBack.DROP),
    ],
)
def test_each_kind_of_dead_letter_is_known(
    body: str, attributes: dict[str, str], what: str, why: str, put_back: PutBack
) -> None:
    found = verdict(letter(body, **attributes))

    assert what in found.what
    assert why in found.why
    assert found.put_back is put_back


@pytest.mark.parametrize(
    ("queue", "body", "what", "put_back"),
    [
        ("AsksDeadLetterQueue", '{"kind": "waive"}', "given in Slack (waive)", PutBack.SEND),
        ("RemediationDeadLetterQueue", '{"step": "plan"}', "a remedy (plan)", PutBack.SEND),
        ("RemediationDeadLetterQueue", "[", "no message of ours", PutBack.DROP),
    ],
)
def test_what_people_asked_for_goes_back_to_where_it_was_asked(
    queue: str, body: str, what: str, put_back: PutBack
) -> None:
    dead = DeadLetter(queue=queue, id="m-1", receipt="r", body=body, attributes={})
    found = verdict(dead)

    assert what in found.what
    assert found.put_back is put_back


@pytest.fixture
def queues() -> Iterator[dict[str, str]]:
    with mock_aws():
        sqs = boto3.client("sqs", region_name="us-east-1")
        names = ("Queue", "DeadLetterQueue", "ScanQueue", "ScanDeadLetterQueue", "Failures")
        yield {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}


def bodies(url: str) -> list[str]:
    sqs = boto3.client("sqs", region_name="us-east-1")
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return sorted(message["Body"] for message in found.get("Messages", ()))


def run(monkeypatch: pytest.MonkeyPatch, queues: dict[str, str], *arguments: str) -> Any:
    def of(session: AwsSession, stack: str) -> DeadLetterQueues:
        return DeadLetterQueues(session, stack, queues)

    monkeypatch.setattr("monitor.cli.redrive.DeadLetterQueues.of", of)
    return CliRunner().invoke(gatewatch, ["redrive", "--region", "us-east-1", *arguments])


def test_they_are_shown_and_stay(queues: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = boto3.client("sqs", region_name="us-east-1")
    for n in range(12):
        sqs.send_message(QueueUrl=queues["DeadLetterQueue"], MessageBody=EVENT + " " * n)

    shown = run(monkeypatch, queues, "--format", "json")

    assert shown.exit_code == 0, shown.output
    assert len(json.loads(shown.stdout)) == 12
    assert len(bodies(queues["DeadLetterQueue"])) == 10
    assert bodies(queues["Queue"]) == []


def test_they_are_put_back_where_they_came_from(
    queues: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = boto3.client("sqs", region_name="us-east-1")
    look = dump_request(LookRequest(api=API, asked_at=NOW))
    sqs.send_message(QueueUrl=queues["DeadLetterQueue"], MessageBody=EVENT)
    sqs.send_message(QueueUrl=queues["DeadLetterQueue"], MessageBody="{")
    sqs.send_message(QueueUrl=queues["ScanDeadLetterQueue"], MessageBody=look)
    sqs.send_message(QueueUrl=queues["Failures"], MessageBody=STREAM)

    done = run(monkeypatch, queues, "--put-back")
    again = run(monkeypatch, queues, "--put-back")

    assert done.exit_code == 0, done.output
    assert "put back into its queue" in done.stdout
    assert bodies(queues["Queue"]) == [EVENT]
    assert bodies(queues["ScanQueue"]) == [look]
    assert "nothing lies in the dead letter queues" in again.stdout


@mock_aws
def test_a_stack_that_is_not_there_is_a_wrong_input() -> None:
    answer = CliRunner().invoke(gatewatch, ["redrive", "--region", "us-east-1", "--stack", "none"])

    assert answer.exit_code == 2
    assert "none" in answer.output
