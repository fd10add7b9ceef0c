"""The receivers besides Slack: SNS and EventBridge in moto, Security Hub held to its documented
lengths, and Slack's incoming webhook over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import jsonschema
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from tests.slack_samples import story
from tests.slack_standin import limits
from tests.unit.test_slack_messages import hostile_notice

from monitor.aws.messages import queue_url
from monitor.aws.sinks import Bus, SecurityHub, Topic
from monitor.evaluation.catalogue import RULES
from monitor.ports import InDoubt, NotDelivered, Reach, Telling
from monitor.report.notices import notice_asff, notice_document, notice_text
from monitor.report.report import by_id
from monitor.slack.webhook import WebhookNotifier

SCHEMA = json.loads(Path("docs/schemas/notice.json").read_text("utf-8"))
OPENED, _, _, RESOLVED = story()


def told(*notices: Any) -> list[Telling]:
    return [Telling(notice=notice) for notice in notices]


class Recorder:
    """Keeps what it is sent, and answers what it is told to."""

    def __init__(self, answer: Any = None) -> None:
        self.sent: list[Any] = []
        self.answer = answer or {}

    def publish(self, **arguments: Any) -> Any:
        self.sent.append(arguments)
        return {}

    def batch_import_findings(self, Findings: Any) -> Any:  # noqa: N803 - as boto3 names it
        self.sent.append(Findings)
        return self.answer


@mock_aws
def test_the_topic_gets_a_sentence_for_people_and_a_document_for_programs() -> None:
    sns, sqs = boto3.client("sns", "us-east-1"), boto3.client("sqs", "us-east-1")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    url = sqs.create_queue(QueueName="reader")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])

    Topic(sns, topic, notice_text, notice_document).tell(Telling(notice=OPENED))

    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    envelope = json.loads(message["Body"])
    assert envelope["Subject"].startswith("Critical opened: orders: anyone on the internet")
    assert envelope["MessageAttributes"]["severity"]["Value"] == "critical"
    document = json.loads(envelope["Message"])
    jsonschema.validate(document, SCHEMA)
    assert document["id"] == OPENED.id


@mock_aws
def test_the_bus_gets_an_event_that_a_rule_can_match() -> None:
    events, sqs = boto3.client("events", "us-east-1"), boto3.client("sqs", "us-east-1")
    events.create_event_bus(Name="security")
    url = sqs.create_queue(QueueName="reader")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"source": ["gatewatch"], "detail": {"scope_now": ["internet"]}}
    events.put_rule(Name="r", EventBusName="security", EventPattern=json.dumps(pattern))
    target = {"Id": "1", "Arn": arn["QueueArn"]}
    events.put_targets(Rule="r", EventBusName="security", Targets=[target])

    Bus(events, "security", notice_document).tell_together(told(OPENED, RESOLVED))

    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Gatewatch Notice"
    jsonschema.validate(event["detail"], SCHEMA)


@mock_aws
def test_a_bus_that_is_not_there_is_said_to_be() -> None:
    sns = boto3.client("sns", "us-east-1")
    gone = "arn:aws:sns:us-east-1:123456789012:gone"

    with pytest.raises(NotDelivered, match="NotFound") as failure:
        Topic(sns, gone, notice_text, notice_document).tell(Telling(notice=OPENED))
    assert failure.value.reach is Reach.SINK


def test_security_hub_gets_each_finding_as_it_is_now() -> None:
    hub = Recorder({"FailedCount": 0})
    sink = SecurityHub(hub, partial(notice_asff, rules=by_id(RULES)))

    sink.tell_together(told(OPENED, RESOLVED))

    (opened,), (resolved,) = hub.sent
    assert opened["Id"] == resolved["Id"]
    assert (opened["RecordState"], resolved["RecordState"]) == ("ACTIVE", "ARCHIVED")
    assert opened["Compliance"] == {"Status": "FAILED"}
    assert len(opened["Title"]) <= 256


def test_a_finding_that_security_hub_refuses_is_no_success() -> None:
    failed = {"FailedCount": 1, "FailedFindings": [{"ErrorCode": "InvalidInput"}]}

    with pytest.raises(NotDelivered, match="InvalidInput") as failure:
        SecurityHub(Recorder(failed), partial(notice_asff, rules=by_id(RULES))).tell(
            Telling(notice=OPENED)
        )
    assert failure.value.reach is Reach.NOTICE


def test_an_aws_error_is_no_crash() -> None:
    class Refusing(Recorder):
        def publish(self, **arguments: Any) -> Any:
            raise ClientError({"Error": {"Code": "AuthorizationError"}}, "Publish")

    with pytest.raises(NotDelivered, match="AuthorizationError"):
        Topic(Refusing(), "arn", notice_text, notice_document).tell(Telling(notice=OPENED))


@pytest.mark.parametrize("text", ["x" * 9000, "\u202e<b>\x1b[31m\n\n", '"' * 4000])
def test_what_is_too_long_or_hostile_is_cut_and_cleaned(text: str) -> None:
    client = Recorder()

    Topic(client, "arn", notice_text, notice_document).tell(
        Telling(notice=hostile_notice(text, findings=30))
    )

    (sent,) = client.sent
    assert len(sent["Message"].encode()) < 262_144
    jsonschema.validate(json.loads(json.loads(sent["Message"])["default"]), SCHEMA)
    assert len(sent["Subject"]) <= 100
    assert sent["Subject"].isascii()
    assert sent["Subject"].isprintable()


def test_a_queues_address_is_made_of_its_arn() -> None:
    arn = "arn:aws:sqs:eu-central-1:123456789012:remediation"
    assert queue_url(arn) == "https://sqs.eu-central-1.amazonaws.com/123456789012/remediation"
    assert queue_url(arn.replace("aws:", "aws-cn:", 1)).startswith(
        "https://sqs.eu-central-1.amazonaws.com.cn/"
    )


# --- incoming webhook --------------------------------------------------------------------------


class Hook:
    """One webhook, over HTTP."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str]] = []
        self.posted: list[Any] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, said = hook.answers.pop(0) if hook.answers else (200, "ok")
                if status == 200:
                    hook.posted.append(body)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(said.encode())

            def log_message(self, *_: Any, **__: Any) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/services/T/B/secret"


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join(5)


def test_a_webhook_gets_messages_without_buttons(hook: Hook) -> None:
    sink = WebhookNotifier(lambda _anew: hook.url)

    for notice in story():
        sink.tell(Telling(notice=notice))
    sink.tell_together(told(OPENED, RESOLVED))

    assert len(hook.posted) == 5
    for body in hook.posted:
        assert limits.block_problems(body["blocks"]) == []
        assert "actions" not in {block["type"] for block in body["blocks"]}


@pytest.mark.parametrize(
    ("status", "said", "kind", "reach"),
    [
        (400, "invalid_blocks", NotDelivered, Reach.NOTICE),
        (429, "rate limited", NotDelivered, Reach.SINK),
        (500, "", InDoubt, Reach.SINK),
        (404, "no_service", NotDelivered, Reach.SINK),
    ],
)
def test_a_webhooks_refusal_leaves_the_notice_untold(
    hook: Hook, status: int, said: str, kind: type[NotDelivered], reach: Reach
) -> None:
    hook.answers = [(status, said)] * 2

    with pytest.raises(kind) as failure:
        WebhookNotifier(lambda _anew: hook.url).tell(Telling(notice=OPENED))

    assert failure.value.reach is reach
    assert "secret" not in str(failure.value)


def test_a_webhook_that_was_exchanged_is_read_again(hook: Hook) -> None:
    hook.answers = [(404, "no_service")]
    asked: list[bool] = []

    def url(anew: bool) -> str:
        asked.append(anew)
        return hook.url

    WebhookNotifier(url).tell(Telling(notice=OPENED))

    assert asked == [False, True]
    assert len(hook.posted) == 1


def test_a_webhook_that_is_no_address_or_not_there_is_no_crash() -> None:
    for url in ("", "not an address", "http://127.0.0.1:9/secret"):
        with pytest.raises(NotDelivered) as failure:
            WebhookNotifier(lambda _anew, url=url: url).tell(Telling(notice=OPENED))  # type: ignore[misc]
        assert "127.0.0.1" not in str(failure.value)
