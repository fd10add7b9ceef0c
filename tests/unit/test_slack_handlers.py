"""The three functions around Slack, end to end in one process: real handlers, AWS in moto, Slack as
an HTTP server."""

from __future__ import annotations

import base64
import io
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from tests.builders import API, CAUSE, evaluation, violation
from tests.contract.tables import TABLE, findings_table
from tests.slack_standin.server import CHANNEL, SlackStandin
from tests.unit.test_slack_requests import SECRET, command, press, signed

from monitor.evaluation.lifecycle import advance
from monitor.handlers import notify, observability, respond, slack_interaction
from monitor.model.finding import Status
from monitor.model.record import ApiRecord
from monitor.slack.buttons import Action
from monitor.stores.dynamodb import DynamoDbStore

CONTEXT: Any = SimpleNamespace(
    function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn:f", aws_request_id="r"
)


@dataclass
class Deployed:
    slack: SlackStandin
    store: DynamoDbStore
    sqs: Any
    queue_url: str

    def call(self, body: bytes, headers: dict[str, str] | None = None, **event: Any) -> Any:
        """A request as API Gateway hands it on."""
        signed_now = signed(body, datetime.now(UTC))
        return slack_interaction.handler(
            {
                "headers": signed_now if headers is None else headers,
                "body": base64.b64encode(body).decode(),
                "isBase64Encoded": True,
                "requestContext": {"http": {"sourceIp": "203.0.113.66"}},
                **event,
            },
            CONTEXT,
        )

    def press(self, action: Action, user: str = "U0ALICE", **fields: Any) -> Any:
        """Somebody presses a button of the first message; what Slack gets back."""
        (message,) = self.slack.messages()
        payload = self.slack.press(message["ts"], action.value, user=user)
        value = payload["actions"][0]["value"]
        return self.call(press(action, value, **{**payload, **fields}))

    def queued(self) -> list[str]:
        found = self.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [message["Body"] for message in found.get("Messages", [])]

    def work(self) -> Any:
        """Let the worker take what is queued."""
        records = [
            {"messageId": str(place), "body": body, "eventSource": "aws:sqs"}
            for place, body in enumerate(self.queued())
        ]
        self.sqs.purge_queue(QueueUrl=self.queue_url)
        return respond.handler({"Records": records}, CONTEXT)


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    for wired in (notify._wired, respond._wired, slack_interaction._reception):
        wired.cache_clear()
    respond._settings.cache_clear()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(observability.metrics.provider, "namespace", "Gatewatch")
    monkeypatch.setattr(observability.metrics.provider, "service", "gatewatch")
    with SlackStandin.start() as slack, findings_table() as client:
        secrets = boto3.client("secretsmanager")
        held = json.dumps({"token": slack.token, "signing_secret": SECRET})
        secrets.create_secret(Name="slack", SecretString=held)
        sqs = boto3.client("sqs")
        queue_url = sqs.create_queue(QueueName="asks")["QueueUrl"]
        for name, value in {
            "TABLE": TABLE,
            "SLACK_SECRET": "slack",
            "SLACK_CHANNEL": CHANNEL,
            "SLACK_BASE_URL": slack.url,
            "SLACK_INTERACTIVE": "true",
            "SLACK_TEAM_ID": "T0EXAMPLE",
            "SLACK_APP_ID": "A0GATEWATCH",
            "ASKS_QUEUE_URL": queue_url,
        }.items():
            monkeypatch.setenv(f"GATEWATCH_{name}", value)
        store = DynamoDbStore(client, TABLE)
        now = datetime.now(UTC)
        outcome = advance(ApiRecord(api=API), evaluation(violation()), now=now, cause=CAUSE)
        store.commit(outcome.record, outcome.notice)
        notify.handler({"sweep": True}, CONTEXT)
        yield Deployed(slack, store, sqs, queue_url)


def test_a_press_is_acknowledged_in_the_thread(deployed: Deployed) -> None:
    began = time.monotonic()
    answer = deployed.press(Action.ACKNOWLEDGE)
    assert answer == {"statusCode": 200}
    assert time.monotonic() - began < 3

    assert deployed.work() == {"batchItemFailures": []}
    notify.handler({"sweep": True}, CONTEXT)

    (root,) = deployed.slack.messages()
    assert "Acknowledged by <@U0ALICE>" in str(root["blocks"])
    assert "acknowledged" in deployed.slack.thread(root["ts"])[1]["text"]
    assert Action.ACKNOWLEDGE.value not in str(root["blocks"])


def test_the_same_request_twice_has_one_effect(deployed: Deployed) -> None:
    for _ in range(2):
        deployed.press(Action.ACKNOWLEDGE, trigger_id="one.press")
    deployed.work()
    notify.handler({"sweep": True}, CONTEXT)

    (root,) = deployed.slack.messages()
    assert len(deployed.slack.thread(root["ts"])) == 2


def test_waiving_opens_a_form_in_time(deployed: Deployed) -> None:
    assert deployed.press(Action.WAIVE) == {"statusCode": 200}

    (view,) = deployed.slack.workspace.views
    assert view["callback_id"] == Action.WAIVE
    assert deployed.queued() == []


def test_a_stranger_gets_401_and_nothing_else(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    log = io.StringIO()
    observability.logger.addHandler(logging.StreamHandler(log))
    body = press(Action.ACKNOWLEDGE)
    wrong = [
        {},
        signed(body, datetime.now(UTC), secret="wrong"),
        signed(body, datetime.fromtimestamp(0, UTC)),
        signed(b"another body", datetime.now(UTC)),
    ]

    answers = [deployed.call(body, headers) for headers in wrong]
    answers.append(deployed.call(press(Action.ACKNOWLEDGE, team={"id": "T0OTHER"})))
    answers.append(deployed.call(press(Action.ACKNOWLEDGE, api_app_id="A0OTHER")))
    headers = signed(body, datetime.now(UTC))
    no_base64 = {"headers": headers, "body": "no base64!", "isBase64Encoded": True}
    answers.append(slack_interaction.handler(no_base64, CONTEXT))

    assert answers == [{"statusCode": 401}] * len(answers)
    assert deployed.queued() == []
    assert len(deployed.slack.calls) == len(deployed.slack.calls_of("chat.postMessage"))
    assert capsys.readouterr().out.count('"RequestsNotFromSlack":[1.0]') == len(answers)
    assert log.getvalue().count("refused: ") == len(answers)
    assert SECRET not in log.getvalue()


def test_whom_the_policy_does_not_name_is_refused_politely(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shipped org policy names nobody who may mute."""
    url = f"{deployed.slack.origin}/actions/x"
    deployed.slack._response_urls["x"] = (CHANNEL, "1.0", 5)

    answer = deployed.call(command("mute everything 1h", response_url=url))
    deployed.work()

    assert answer == {"statusCode": 200}
    (said,) = deployed.slack.workspace.ephemeral
    assert "you may not do that" in said["text"]
    assert '"AsksRefused":[1.0]' in capsys.readouterr().out


def test_a_command_answers_who_asked_alone(deployed: Deployed) -> None:
    url = f"{deployed.slack.origin}/actions/x"
    deployed.slack._response_urls["x"] = (CHANNEL, "1.0", 5)

    for text in ("status", "open", "explain orders"):
        deployed.call(command(text, response_url=url, trigger_id=text))
    deployed.work()

    status, listed, explained = deployed.slack.workspace.ephemeral
    assert "1 APIs, 1 of them public" in status["text"]
    assert "Critical" in str(listed["blocks"])
    assert "anyone on the internet" in str(explained["blocks"])
    assert len(deployed.slack.messages()) == 1


def test_an_answer_never_goes_to_an_address_that_is_not_slacks(deployed: Deployed) -> None:
    deployed.call(command("status", response_url="http://169.254.169.254/latest/meta-data"))

    assert deployed.work() == {"batchItemFailures": []}
    assert deployed.slack.workspace.ephemeral == []


def test_help_answers_at_once(deployed: Deployed) -> None:
    answer = deployed.call(command("help"))

    assert "/gatewatch status" in json.loads(answer["body"])["text"]
    assert deployed.queued() == []


def test_a_rotated_signing_secret_is_taken_up(deployed: Deployed) -> None:
    assert deployed.press(Action.ACKNOWLEDGE)["statusCode"] == 200
    held = json.dumps({"token": deployed.slack.token, "signing_secret": "new"})
    boto3.client("secretsmanager").put_secret_value(SecretId="slack", SecretString=held)
    body = command("help")

    answer = deployed.call(body, signed(body, datetime.now(UTC), secret="new"))

    assert answer["statusCode"] == 200


def test_the_digest_says_what_is_open_once_a_day(deployed: Deployed) -> None:
    for _ in range(2):
        notify.handler({"digest": True}, CONTEXT)

    digests = [m for m in deployed.slack.messages() if "digest" in m["text"]]
    assert len(digests) == 1
    assert "1 finding open on 1 API" in digests[0]["text"]


def test_a_quiet_account_gets_no_digest(deployed: Deployed) -> None:
    stored = deployed.store.load(API)
    looked = evaluation()
    later = advance(stored, looked, now=datetime.now(UTC), cause=None)
    deployed.store.commit(later.record, None)
    assert all(f.status is Status.RESOLVED for f in later.record.findings.values())

    notify.handler({"digest": True}, CONTEXT)

    assert not [m for m in deployed.slack.messages() if "digest" in m["text"]]
