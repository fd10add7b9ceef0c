"""Killed before and after every call to AWS between an event and its message, and resumed: the end
is that of the run that nobody killed.

The three handlers run as they are deployed, over a table and queues in moto and a Slack that speaks
HTTP. What a death leaves in a queue comes again, as SQS has it. Only a death between Slack's answer
and the mark that it was told may make a message be said twice.

    make crashes
"""

from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitor.aws.session import AwsSession
from monitor.handlers import notify, observability, on_change, scan_fanout, scan_worker
from monitor.model.objects import EVERY_API
from monitor.model.place import Place
from monitor.stores.change_book import DynamoDbChangeBook
from monitor.stores.dynamodb import DynamoDbStore
from tests.aws_answers import AwsAnswers, body
from tests.builders import API, NOW
from tests.contract.tables import TABLE, make_table
from tests.slack_standin.server import CHANNEL, TOKEN, SlackStandin
from tests.unit.test_cloudtrail import record
from tests.unit.test_collect import answers

ROUNDS = 40

BOTO3 = boto3.session.Session(region_name="us-east-1")
CONTEXT: Any = SimpleNamespace(
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
    function_name="f",
    memory_limit_in_mb=512,
    aws_request_id="r",
)
PLACE = Place(account_id=API.account_id, region=API.region, partition="aws")


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


@dataclass
class Killer:
    """Counts the calls of our functions; dies once, before or after the one of its number."""

    number: int = 0
    when: str = "before"
    calls: list[str] = field(default_factory=list)
    armed: bool = False

    def around(self, call: Callable[..., Any], name: str) -> Any:
        if not self.armed:
            return call()
        self.calls.append(name)
        mine = len(self.calls) == self.number
        if mine and self.when == "before":
            self.die()
        answer = call()
        if mine:
            self.die()
        return answer

    def die(self) -> None:
        self.armed = False
        raise Killed(self.calls[-1])


@dataclass
class World:
    slack: SlackStandin
    killer: Killer
    monkeypatch: pytest.MonkeyPatch
    time: datetime = NOW
    deaths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sqs: Any = BOTO3.client("sqs", region_name="us-east-1")
        attributes = {"VisibilityTimeout": "0"}
        self.queues = {
            name: self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
            for name in ("events", "scans", "dead")
        }
        self.dynamodb: Any = BOTO3.client("dynamodb", region_name="us-east-1")
        make_table(self.dynamodb)
        secrets = BOTO3.client("secretsmanager", region_name="us-east-1")
        secrets.create_secret(Name="slack", SecretString=json.dumps({"token": TOKEN}))
        self.api = OPENED
        world = self

        class Session(AwsSession):
            """What boto3 knows of the services is read once for all worlds."""

            def __init__(self, region: str | None = None, *, pacer: Any = None) -> None:
                super().__init__(region, pacer=pacer, shared=BOTO3)

            apigateway = property(lambda _self: client_of(world.api, "apigateway"))  # type: ignore[assignment]
            apigatewayv2 = property(lambda _self: client_of(world.api, "apigatewayv2"))  # type: ignore[assignment]

        for name, value in {
            "TABLE": TABLE,
            "QUEUE_URL": self.queues["events"],
            "SCAN_QUEUE_URL": self.queues["scans"],
            "DEAD_LETTER_URL": self.queues["dead"],
            "RATE": "10000",
            "SLACK_SECRET": "slack",
            "SLACK_CHANNEL": CHANNEL,
            "SLACK_BASE_URL": self.slack.url,
        }.items():
            self.monkeypatch.setenv(f"GATEWATCH_{name}", value)
        self.monkeypatch.setattr("monitor.bootstrap.on_change.AwsSession", Session)
        self.monkeypatch.setattr("monitor.bootstrap.notify.AwsSession", Session)
        self.monkeypatch.setattr(observability.metrics.provider, "namespace", "Gatewatch")
        self.monkeypatch.setattr("monitor.aws.clock.SystemClock.now", lambda _self: self.now())
        # The queue delays nothing here; our clock does.
        self.monkeypatch.setattr("monitor.aws.work_queue._seconds", lambda _delay: 0)
        self.forget()

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time

    def forget(self) -> None:
        """A new process."""
        for cached in (on_change._wired, scan_worker._wired, scan_fanout._wired, notify._wired):
            cached.cache_clear()

    def invoke(self, handler: Callable[..., Any], event: dict[str, Any]) -> Any:
        """None: it was killed."""
        self.killer.armed = not self.deaths
        try:
            return handler(event, CONTEXT) or {}
        except Killed as death:
            self.deaths.append(str(death))
            self.forget()
            return None
        finally:
            self.killer.armed = False
            self.time += timedelta(seconds=61)

    def drain(self) -> None:
        """Give each queue's messages to its function until none is left."""
        for _ in range(ROUNDS):
            if not self.deliver("events", on_change.handler) | self.deliver(
                "scans", scan_worker.handler
            ):
                return
        raise AssertionError("the queues do not run dry")

    def deliver(self, queue: str, handler: Callable[..., Any]) -> bool:
        url = self.queues[queue]
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        if not found:
            return False
        records = [
            {"messageId": one["MessageId"], "body": one["Body"], "eventSource": "aws:sqs"}
            for one in found
        ]
        answer = self.invoke(handler, {"Records": records})
        if answer is not None:
            failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
            for one in found:
                if one["MessageId"] not in failed:
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return True

    def tell(self) -> None:
        while self.invoke(notify.handler, {"sweep": True}) is None:
            pass

    def play(self) -> dict[str, Any]:
        """A change opens the API, somebody closes it and no event tells of it, a scan finds out."""
        for number, name in enumerate(("PutMethod", "CreateDeployment")):
            event = {"detail": record(name, eventID=f"e{number}")}
            self.sqs.send_message(QueueUrl=self.queues["events"], MessageBody=json.dumps(event))
        self.drain()
        self.tell()
        self.api = CLOSED
        self.forget()
        while self.invoke(scan_fanout.handler, {}) is None:
            pass
        self.drain()
        self.tell()
        return self.end()

    def end(self) -> dict[str, Any]:
        store = DynamoDbStore(self.dynamodb, TABLE)
        stored = store.load(API)
        return {
            "findings": [
                (one.id, one.status, one.change and one.change.event_name, one.reopened)
                for one in stored.findings.values()
                if one.violation.rule == "access-exceeds-policy"
            ],
            "scope": stored.scope,
            "index": store.apis_resting_on(EVERY_API, PLACE),
            "burst": DynamoDbChangeBook(self.dynamodb, TABLE).burst(API),
            "untold": store.waiting(limit=10),
            "dead": self.sqs.receive_message(QueueUrl=self.queues["dead"]).get("Messages"),
        }

    @property
    def said(self) -> list[str]:
        return [call.method for call in self.slack.calls if call.method == "chat.postMessage"]


def given(*, is_open: bool) -> AwsAnswers:
    security = {} if is_open else {"security": [{"sigv4": []}]}
    schemes = {
        "sigv4": {
            "type": "apiKey", "name": "Authorization", "in": "header",
            "x-amazon-apigateway-authtype": "awsSigv4",
        }
    }  # fmt: skip
    export = {
        "openapi": "3.0.1",
        "paths": {"/orders": {"get": security}},
        "components": {"securitySchemes": schemes},
    }
    stages = [{"stageName": "prod", "deploymentId": "d1" if is_open else "d2"}]
    kind = "NONE" if is_open else "AWS_IAM"
    methods = {"GET": {"httpMethod": "GET", "authorizationType": kind, "apiKeyRequired": False}}
    return answers(
        GetExport=lambda _params: body(json.dumps(export).encode()),
        GetStages={"item": stages},
        GetResources={"items": [{"id": "r", "path": "/orders", "resourceMethods": methods}]},
        GetDomainNames={"items": []},
        GetRestApis={"items": [{**REST, "id": API.api_id}]},
        GetRestApi={**REST, "id": API.api_id},
    )


REST = {"name": "orders", "endpointConfiguration": {"types": ["REGIONAL"]}}
OPENED, CLOSED = given(is_open=True), given(is_open=False)


@cache
def client_of(api: AwsAnswers, service: str) -> Any:
    return api.client(service)


@contextmanager
def world(killer: Killer) -> Iterator[World]:
    make_call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, operation: str, parameters: Any) -> Any:
        return killer.around(lambda: make_call(client, operation, parameters), operation)

    with mock_aws(), SlackStandin.start() as slack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        made = World(slack, killer, patch)
        patch.setattr(BaseClient, "_make_api_call", call)
        yield made
        made.forget()


@dataclass(frozen=True)
class Outcome:
    """`failures`: deaths after which the end was another. `twice`: those after which a message was
    said twice."""

    calls: tuple[str, ...]
    points: int
    failures: tuple[str, ...]
    twice: tuple[str, ...]


def die_everywhere(step: int = 1) -> Outcome:
    """Before and after each call, or each `step`-th of these points."""
    quiet = Killer()
    with world(quiet) as whole:
        expected, said = whole.play(), len(whole.said)
        calls = tuple(quiet.calls)
    assert expected["untold"] == []
    assert expected["burst"] is None
    assert [status for _, status, *_ in expected["findings"]] == ["resolved"]
    assert said == 3, "the alert, that it is over, and what the first scan found"
    points = [(n, when) for n in range(1, len(calls) + 1) for when in ("before", "after")][::step]
    failures: list[str] = []
    twice: list[str] = []
    for number, when in points:
        with world(Killer(number, when)) as killed:
            end = killed.play()
            assert killed.deaths, f"{when} {number}: nobody died"
            if end != expected or len(killed.said) < said:
                failures.append(f"{when} {number} {killed.deaths}: {end}, said {killed.said}")
            elif len(killed.said) > said:
                twice.append(f"{when} {killed.deaths[0]}")
    return Outcome(calls, len(points), tuple(failures), tuple(twice))


def main() -> int:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with redirect_stdout(io.StringIO()):
        outcome = die_everywhere()
    print(
        f"crash points: {outcome.points} ({len(outcome.calls)} calls to AWS, before and after each)"
        f"\nfailures: {len(outcome.failures)}\nsaid twice: {len(outcome.twice)} {outcome.twice}"
    )
    for failure in outcome.failures:
        print(failure)
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
