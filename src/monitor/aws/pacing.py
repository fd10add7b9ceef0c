"""Pacing before the send. The control plane of API Gateway allows an account 10 requests a second
(burst 40) and 5 GetResources in 2 seconds, shared with the console and every deployment tool.

Retries are not pacing: botocore's retry budget is spent within a minute of 429s and then every
refusal is raised at once. So each attempt, the repeated ones too, waits for its token here.

Source: API Gateway developer guide, "Quotas for creating, deploying and managing an API".
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

AWS_RATE = 10.0
AWS_GET_RESOURCES_RATE = 2.5
DEFAULT_RATE = 5.0
"""Half of what AWS allows: the other half belongs to the people who deploy."""


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
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = burst
        self._filled_at = monotonic()

    def take(self) -> None:
        """Wait until a token is there, and take it. Tokens are promised in the order of calls."""
        with self._lock:
            now = self._monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            self._tokens -= 1
            wait = -self._tokens / self._rate
        if wait > 0:
            self._sleep(wait)


def get_resources_rate(rate: float) -> float:
    """A quarter of the whole, as AWS splits it; never above AWS's own bound unless the whole is."""
    quarter = rate / 4
    return quarter if rate > AWS_RATE else min(quarter, AWS_GET_RESOURCES_RATE)


class Pacer:
    """Waits before each request to API Gateway, and counts every request that is sent."""

    def __init__(self, rate: float = DEFAULT_RATE) -> None:
        self._all = TokenBucket(rate, burst=max(1.0, rate * 2))
        self._get_resources = TokenBucket(
            get_resources_rate(rate), burst=max(1.0, get_resources_rate(rate) * 2)
        )
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()

    @property
    def calls(self) -> dict[str, int]:
        """Requests sent so far, retries included, by `service:Operation`."""
        with self._lock:
            return dict(sorted(self._calls.items()))

    def before_send(self, event_name: str, **_kwargs: object) -> None:
        """A botocore `before-send` handler. It answers None, so that the request goes out."""
        _hook, service_id, operation = event_name.split(".", 2)
        # botocore's events say `api-gateway`, its clients and everybody else `apigateway`.
        service = service_id.replace("-", "")
        with self._lock:
            self._calls[f"{service}:{operation}"] += 1
        if service in ("apigateway", "apigatewayv2"):
            if operation == "GetResources":
                self._get_resources.take()
            self._all.take()
