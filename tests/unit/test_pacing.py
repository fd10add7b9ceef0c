"""Pacing, with a clock of its own: no test waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, IncompleteReadError
from moto import mock_aws

from monitor.aws.pacing import (
    FAULT_ATTEMPTS,
    SLOWEST,
    THROTTLED_ATTEMPTS,
    Pacer,
    TokenBucket,
    get_resources_rate,
)
from monitor.aws.session import AwsSession

GET_EXPORT = "needs-retry.api-gateway.GetExport"
GET_RESOURCES = "needs-retry.api-gateway.GetResources"


class Time:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    time = Time()
    bucket = TokenBucket(5, burst=10, monotonic=time.monotonic, sleep=time.sleep)

    for _ in range(60):
        bucket.take()

    assert time.now == pytest.approx((60 - 10) / 5)


def test_saved_tokens_are_bounded_by_the_burst() -> None:
    time = Time()
    bucket = TokenBucket(5, burst=10, monotonic=time.monotonic, sleep=time.sleep)
    time.now = 3600

    for _ in range(11):
        bucket.take()

    assert len(time.slept) == 1


@pytest.mark.parametrize(
    ("rate", "expected"), [(5, 1.25), (10, 2.5), (9.5, 2.375), (40, 10.0), (0.1, 0.025)]
)
def test_get_resources_has_a_quarter(rate: float, expected: float) -> None:
    assert get_resources_rate(rate) == pytest.approx(expected)


def test_every_attempt_is_counted_by_operation() -> None:
    pacer = Pacer(rate=1000)
    for event in (
        "before-send.api-gateway.GetExport",
        "before-send.api-gateway.GetExport",
        "before-send.sts.GetCallerIdentity",
    ):
        pacer.before_send(event)

    assert pacer.calls == {"apigateway:GetExport": 2, "sts:GetCallerIdentity": 1}


STREAMED: Any = SimpleNamespace(has_streaming_output=True)
LISTED: Any = SimpleNamespace(
    has_streaming_output=False,
    service_model=SimpleNamespace(metadata={"protocol": "rest-json"}),
)


def answered(
    status: int, code: str = "", body: bytes = b"{}", **headers: str
) -> tuple[Any, dict[str, Any]]:
    held = {name.replace("_", "-"): value for name, value in headers.items()}
    response = SimpleNamespace(status_code=status, content=body, headers=held)
    return response, {"Error": {"Code": code}} if code else {}


def paced(rate: float = 5) -> tuple[Pacer, Time]:
    time = Time()
    return Pacer(rate, monotonic=time.monotonic, sleep=time.sleep), time


def sent(pacer: Pacer, times: int, operation: str = "GetExport") -> None:
    for _ in range(times):
        pacer.request_created(f"request-created.api-gateway.{operation}")


def refuse(pacer: Pacer, times: int, event: str = GET_EXPORT) -> None:
    for attempt in range(1, times + 1):
        pacer.needs_retry(event, attempts=attempt, operation=LISTED, response=answered(429))


def test_reads_of_v2_share_the_budget_and_other_services_do_not() -> None:
    pacer, time = paced(5)
    for service in ("api-gateway", "apigatewayv2"):
        for _ in range(15):
            pacer.request_created(f"request-created.{service}.GetStages")
    assert time.now == pytest.approx((30 - 20) / 5)
    for _ in range(100):
        pacer.request_created("request-created.lambda.GetPolicy")
    assert time.now == pytest.approx((30 - 20) / 5)


def test_get_resources_has_its_own_bucket_beside_the_total() -> None:
    pacer, time = paced(5)
    sent(pacer, 22, "GetResources")

    assert time.now == pytest.approx((22 - 2.5) / 1.25)


def test_a_refusal_slows_everything_down_and_answers_bring_the_rate_back() -> None:
    pacer, time = paced(5)
    refuse(pacer, 1)
    assert pacer.rate == pytest.approx(3.5)
    sent(pacer, 1)
    assert time.now == pytest.approx(1 / 3.5)  # nothing that was saved up is left

    refuse(pacer, 100)
    assert pacer.rate == pytest.approx(5 * SLOWEST)
    for _ in range(100):
        pacer.needs_retry(GET_EXPORT, attempts=1, operation=LISTED, response=answered(200))
    assert pacer.rate == 5


def test_refused_are_counted_by_operation_and_told_once() -> None:
    told: list[str] = []
    pacer = Pacer(1000, on_refusal=lambda: told.append("refused"))
    refuse(pacer, 3)
    refuse(pacer, 2, GET_RESOURCES)

    assert pacer.refused == {"apigateway:GetExport": 3, "apigateway:GetResources": 2}
    assert told == ["refused"]


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ThrottlingException"])
def test_what_was_refused_is_sent_again_and_not_for_ever(code: str) -> None:
    pacer, _time = paced()

    def verdict(attempts: int) -> float | None:
        return pacer.needs_retry(
            GET_EXPORT, attempts=attempts, operation=LISTED, response=answered(400, code)
        )

    assert verdict(1) == 0.0  # the wait for the next token is wait enough
    assert verdict(THROTTLED_ATTEMPTS - 1) == 0.0
    assert verdict(THROTTLED_ATTEMPTS) is None


@pytest.mark.parametrize(
    "failure",
    [
        {"response": answered(500, "InternalFailure")},
        {"response": answered(503)},
        {"caught_exception": EndpointConnectionError(endpoint_url="http://127.0.0.1")},
    ],
)
def test_a_fault_at_aws_is_tried_a_few_times_more(failure: dict[str, Any]) -> None:
    pacer, _time = paced()
    waits = [
        pacer.needs_retry(GET_EXPORT, attempts=attempt, operation=LISTED, **failure)
        for attempt in range(1, FAULT_ATTEMPTS + 1)
    ]

    assert waits == [0.5, 1.0, 2.0, None]
    assert pacer.refused == {}


@pytest.mark.parametrize("answer", [answered(200), answered(403, "AccessDeniedException")])
def test_an_answer_stands(answer: Any) -> None:
    pacer, _time = paced()

    assert pacer.needs_retry(GET_EXPORT, attempts=1, operation=LISTED, response=answer) is None


def test_other_services_keep_their_own_retries() -> None:
    pacer, _time = paced()
    event = "needs-retry.dynamodb.GetItem"

    assert pacer.needs_retry(event, attempts=1, operation=LISTED, response=answered(429)) is None
    assert pacer.refused == {}


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (answered(200), True),
        (answered(200, body=b'{"item": []}', Content_Length="12"), True),
        (answered(200, body=b'{"item": ', Content_Length="12"), False),
        (answered(200, body=b'{"item": '), False),
        (answered(200, body=b"<html>sign in</html>"), False),
        (answered(200, body=b"[1]"), False),
        (answered(200, body=b'{"item": []}', Content_Length="9", Content_Encoding="gzip"), True),
    ],
)
def test_an_answer_that_is_not_whole_is_never_taken_for_an_empty_one(
    answer: Any, whole: bool
) -> None:
    pacer, _time = paced()

    def verdict(attempts: int, operation: Any = LISTED) -> float | None:
        return pacer.needs_retry(
            "needs-retry.wafv2.GetWebACL", attempts=attempts, operation=operation, response=answer
        )

    assert verdict(1) == (None if whole else 0.5)
    assert verdict(1, STREAMED) is None
    if not whole:
        with pytest.raises(IncompleteReadError):
            verdict(FAULT_ATTEMPTS)


@contextmanager
def endpoint(*statuses: int) -> Iterator[str]:
    """An endpoint that answers with these statuses, one after another, and then with 200."""
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(left.pop(0) if left else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_arguments: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_every_attempt_of_a_real_client_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    pacer = Pacer(1000)
    with endpoint(429, 429, 500) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        taken: list[str] = []
        monkeypatch.setattr(TokenBucket, "take", lambda _self: taken.append("token"))
        AwsSession("us-east-1", pacer=pacer).apigateway.get_rest_apis()

    assert pacer.calls == {"apigateway:GetRestApis": 4}
    assert pacer.refused == {"apigateway:GetRestApis": 2}
    assert len(taken) == 4


def test_a_client_that_is_always_refused_gives_up_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pacer = Pacer(100_000)
    with endpoint(*[429] * 100) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        client = AwsSession("us-east-1", pacer=pacer).apigateway
        for _ in range(2):  # the second is tried as often: no budget was spent by the first
            with pytest.raises(ClientError) as refused:
                client.get_rest_apis()

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert pacer.calls == {"apigateway:GetRestApis": 2 * THROTTLED_ATTEMPTS}


def test_the_clients_of_a_session_wait_before_they_send(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    monkeypatch.setattr(TokenBucket, "take", lambda _self: taken.append("token"))
    with mock_aws():
        api = boto3.client("apigateway").create_rest_api(name="orders")
        session = AwsSession("us-east-1")
        session.apigateway.get_rest_apis()
        session.apigateway.get_resources(restApiId=api["id"])
        session.sts.get_caller_identity()

    assert session.pacer.calls == {
        "apigateway:GetResources": 1,
        "apigateway:GetRestApis": 1,
        "sts:GetCallerIdentity": 1,
    }
    # One token for each read of the control plane, and one more for GetResources.
    assert len(taken) == 3
