"""Gatewatch's own requests to look at an API, in the queue that also takes CloudTrail's events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from monitor.events.requests import dump_request
from monitor.model.api import ApiId

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

SQS_BATCH = 10


class NotQueued(RuntimeError):
    """SQS took only a part of the requests; the caller's message has to come again."""


class SqsWorkQueue:
    """The port `WorkQueue` over SQS."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def look_at(self, apis: Iterable[ApiId]) -> None:
        """Raises NotQueued. A repeat asks for some APIs twice, which does no harm."""
        wanted = list(apis)
        for start in range(0, len(wanted), SQS_BATCH):
            answer = self._client.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(place), "MessageBody": dump_request(api)}
                    for place, api in enumerate(wanted[start : start + SQS_BATCH])
                ],
            )
            if failed := answer.get("Failed"):
                raise NotQueued(f"{len(failed)} requests: {failed[0].get('Message', '')}")
