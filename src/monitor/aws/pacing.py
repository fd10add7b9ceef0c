"""Pacing before the send. The control plane of API Gateway allows an account 10 requests a second
(burst 40) and 5 GetResources in 2 seconds, shared with the console and every deployment tool.

Retries are not pacing: botocore's retry budget is spent within a minute of 429s and then every
refusal is raised at once. So each attempt, the repeated ones too, waits for its token here, and a
refusal makes everything after it slower until answers come again.

Source: API Gateway developer guide, "Quotas for creating, deploying and managing an API".
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError, IncompleteReadError

from monitor.aws.whole import is_whole

AWS_RATE = 10.0
AWS_BURST = 40.0
AWS_GET_RESOURCES_RATE = 2.5
DEFAULT_RATE = 5.0
"""Half of what AWS allows, and of the burst: the other half belongs to the people who deploy."""

SLOWER, FASTER = 0.7, 1.05
"""What a refusal and an answer make of the rate."""
SLOWEST = 0.2
"""Of the rate asked for. Slower would only make the scan longer: a neighbour who takes everything
takes it at any rate."""

THROTTLED_ATTEMPTS = 12
PATIENT_ATTEMPTS = 40
"""Beside a neighbour who asks for twice the quota, one attempt of three to six gets through. A
function has to end in time and is asked again; a scan may wait."""
FAULT_ATTEMPTS = 4

_PACED = frozenset({"apigateway", "apigatewayv2"})
_THROTTLED = frozenset(
    {"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"}
)
_FINE = range(200, 300)
_FAULTS = frozenset({500, 502, 503, 504})
_TOO_MANY_REQUESTS = 429
_ERRORS = 400


class TokenBucket:
    """`rate` tokens a second, at most `burst` saved up; safe between threads."""

    def __init__(
        self,
        rate: float,
        burst: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._full_rate = self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = burst
        self._filled_at = monotonic()

    @property
    def rate(self) -> float:
        return self._rate

    def take(self) -> None:
        """Wait until a token is there, and take it. Tokens are promised in the order of calls."""
        with self._lock:
            self._fill()
            self._tokens -= 1
            wait = -self._tokens / self._rate
        if wait > 0:
            self._sleep(wait)

    def slow_down(self) -> None:
        """A request was refused: nothing saved up is left, and new tokens come slower."""
        with self._lock:
            self._fill()
            self._tokens = min(self._tokens, 0.0)
            self._rate = max(self._full_rate * SLOWEST, self._rate * SLOWER)

    def recover(self) -> None:
        """A request was answered."""
        if self._rate < self._full_rate:
            with self._lock:
                self._fill()
                self._rate = min(self._full_rate, self._rate * FASTER)

    def _fill(self) -> None:
        now = self._monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now


def get_resources_rate(rate: float) -> float:
    """A quarter of the whole, as AWS splits it; never above AWS's own bound unless the whole is."""
    quarter = rate / 4
    return quarter if rate > AWS_RATE else min(quarter, AWS_GET_RESOURCES_RATE)


class Pacer:
    """The budget of one account and region: makes each request to API Gateway wait for its turn,
    counts what is sent, and decides what is sent again.

    Its methods are handlers of botocore's events, so that they also see each repeated attempt.
    `on_refusal` is called once, at the first refusal.
    """

    def __init__(
        self,
        rate: float = DEFAULT_RATE,
        *,
        attempts: int = THROTTLED_ATTEMPTS,
        on_refusal: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        def bucket(rate: float, burst_seconds: float) -> TokenBucket:
            burst = max(1.0, rate * burst_seconds)
            return TokenBucket(rate, burst, monotonic=monotonic, sleep=sleep)

        self._all = bucket(rate, AWS_BURST / AWS_RATE)
        # AWS does not say how many GetResources it takes at once; it counts them by 2 seconds.
        self._get_resources = bucket(get_resources_rate(rate), 2.0)
        self._attempts = attempts
        self._on_refusal = on_refusal
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    @property
    def calls(self) -> dict[str, int]:
        """Requests sent so far, repeated ones included, by `service:Operation`."""
        with self._lock:
            return dict(sorted(self._calls.items()))

    @property
    def refused(self) -> dict[str, int]:
        """Those of them that AWS refused as too many."""
        with self._lock:
            return dict(sorted(self._refused.items()))

    @property
    def rate(self) -> float:
        """Requests to API Gateway a second, at present."""
        return self._all.rate

    def request_created(self, event_name: str, **_kwargs: object) -> None:
        """Wait, and only then let the request be signed: a signature is good for five minutes."""
        service, operation = _service_and_operation(event_name)
        if service in _PACED:
            if operation == "GetResources":
                self._get_resources.take()
            self._all.take()

    def before_send(self, event_name: str, **_kwargs: object) -> None:
        """Count. The answer None lets the request go out."""
        with self._lock:
            self._calls[":".join(_service_and_operation(event_name))] += 1

    def needs_retry(
        self,
        event_name: str,
        *,
        attempts: int,
        operation: Any,
        response: tuple[Any, Mapping[str, Any]] | None = None,
        caught_exception: Exception | None = None,
        **_kwargs: object,
    ) -> float | None:
        """Seconds to wait before the request is sent again; None = the answer stands.

        Raises IncompleteReadError for an answer that came broken again and again.
        """
        service, name = _service_and_operation(event_name)
        status = response[0].status_code if response is not None else 0
        if response is not None and status in _FINE and not is_whole(response[0], operation):
            return _once_more(attempts, response[0])
        if service not in _PACED:
            return None
        if response is not None and _is_throttled(status, response[1]):
            self._note_refusal(f"{service}:{name}")
            return 0.0 if attempts < self._attempts else None
        if status in _FAULTS or isinstance(caught_exception, (NoConnection, HTTPClientError)):
            return _pause(attempts) if attempts < FAULT_ATTEMPTS else None
        if 0 < status < _ERRORS:
            self._bucket_recovers(name)
        return None

    def _note_refusal(self, call: str) -> None:
        with self._lock:
            self._refused[call] += 1
            is_first = self._refused.total() == 1
        self._all.slow_down()
        if call.endswith(":GetResources"):
            self._get_resources.slow_down()
        if is_first:
            self._on_refusal()

    def _bucket_recovers(self, operation: str) -> None:
        self._all.recover()
        if operation == "GetResources":
            self._get_resources.recover()


def _once_more(attempts: int, response: Any) -> float:
    if attempts < FAULT_ATTEMPTS:
        return _pause(attempts)
    raise IncompleteReadError(
        actual_bytes=len(response.content),
        expected_bytes=response.headers.get("Content-Length", "a JSON object"),
    )


def _pause(attempts: int) -> float:
    return 0.25 * 2.0**attempts


def _service_and_operation(event_name: str) -> tuple[str, str]:
    _hook, service_id, operation = event_name.split(".", 2)
    # botocore's events say `api-gateway`, its clients and everybody else `apigateway`.
    return service_id.replace("-", ""), operation


def _is_throttled(status: int, parsed: Mapping[str, Any]) -> bool:
    return status == _TOO_MANY_REQUESTS or parsed.get("Error", {}).get("Code") in _THROTTLED
