"""Gatewatch's own messages in SQS: looks asked for, timers of bursts, and dead letters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.events.requests import dump_request, dump_wake
from monitor.model.api import ApiId
from monitor.model.look_request import LookRequest

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

SQS_BATCH = 10
LONGEST_DELAY = timedelta(minutes=15)
"""Source: SQS developer guide, "Amazon SQS message timers"."""
BATCH_BYTES = 200_000
"""Below the 256 KiB that a batch may hold. Source: SQS developer guide, "Message quotas"."""
MAX_REASON = 500


class NotQueued(RuntimeError):
    """SQS took only a part of the requests; the caller's message has to come again."""


class SqsWorkQueue:
    """The port `WorkQueue` over SQS."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def look_at(self, requests: Iterable[LookRequest], *, delay: timedelta = timedelta(0)) -> None:
        """Raises NotQueued. A repeat asks for some APIs twice, which does no harm."""
        batch: list[str] = []
        for body in map(dump_request, requests):
            if len(batch) == SQS_BATCH or sum(map(len, batch)) + len(body) > BATCH_BYTES:
                self._send(batch, delay)
                batch = []
            batch.append(body)
        if batch:
            self._send(batch, delay)

    def _send(self, bodies: list[str], delay: timedelta) -> None:
        answer = self._client.send_message_batch(
            QueueUrl=self._queue_url,
            Entries=[
                {"Id": str(place), "MessageBody": body, "DelaySeconds": _seconds(delay)}
                for place, body in enumerate(bodies)
            ],
        )
        if failed := answer.get("Failed"):
            raise NotQueued(f"{len(failed)} requests: {failed[0].get('Message', '')}")


class SqsTimers:
    """The port `Timers`: a message that SQS holds back."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def wake(self, subject: ApiId, *, after: timedelta) -> None:
        self._client.send_message(
            QueueUrl=self._queue_url, MessageBody=dump_wake(subject), DelaySeconds=_seconds(after)
        )


class SqsDeadLetters:
    """The port `DeadLetters`: the queue that Lambda's poller would move the message to after five
    tries, at once and with the reason beside it."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def bury(self, body: str, reason: str) -> None:
        self._client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=body,
            MessageAttributes={
                "reason": {"DataType": "String", "StringValue": _printable(reason)},
            },
        )


def _seconds(delay: timedelta) -> int:
    return max(0, math.ceil(min(delay, LONGEST_DELAY).total_seconds()))


def _printable(text: str) -> str:
    shown = "".join(one if one.isascii() and one.isprintable() else "?" for one in text)
    return shown[:MAX_REASON] or "unknown"
