"""Pacing, with a clock of its own: no test waits."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from monitor.aws.pacing import Pacer, TokenBucket, get_resources_rate
from monitor.aws.session import AwsSession


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
