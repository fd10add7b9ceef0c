"""SQS event source mappings wait for their batching window, and batches may pass ten messages.

MiniStack hands a message over as soon as it sees it, ten at most, whatever the mapping says. Here
messages are held back until the batch is full or the window has passed since the first was seen.
AWS takes them from the queue when the window begins; here they stay visible until it ends, so their
visibility timeout starts later than it would.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from mends import expect
from ministack.core import concurrency
from ministack.core.responses import AccountRegionScopedDict
from ministack.services import lambda_svc, sqs

_AT_ONCE = 10  # what one receive yields, in AWS and in the emulator


def apply() -> None:
    receive = expect.function(sqs, "_receive_messages_for_esm", "queue_url", "max_number")
    create = expect.function(lambda_svc, "_create_esm", "data")
    expect.attribute(lambda_svc, "_esms", AccountRegionScopedDict)
    opened: dict[str, float] = {}  # mapping -> when its window began

    def receive_messages_for_esm(queue_url: str, max_number: int) -> list[dict[str, Any]]:
        mapping = _mapping_of(queue_url)
        window = float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
        if window and not _is_due(mapping["UUID"], queue_url, max_number, window, opened):
            return []
        batch: list[dict[str, Any]] = []
        while len(batch) < max_number:
            more = receive(queue_url, min(_AT_ONCE, max_number - len(batch)))
            if not more:
                break
            batch += more
        return batch

    def create_esm(data: dict[str, Any]) -> Any:
        too_large = (
            ":sqs:" in data.get("EventSourceArn", "") and data.get("BatchSize", 10) > _AT_ONCE
        )
        if too_large and not data.get("MaximumBatchingWindowInSeconds"):
            return lambda_svc._invalid_parameter_value(
                "Maximum batch window in seconds must be greater than 0 "
                "if maximum batch size is greater than 10"
            )
        return create(data)

    expect.replace(sqs, receive, receive_messages_for_esm)
    expect.replace(lambda_svc, create, create_esm)


def _mapping_of(queue_url: str) -> dict[str, Any]:
    """The mapping that polls this queue; two on one queue are not told apart."""
    arn = sqs._get_q(queue_url)["attributes"]["QueueArn"]
    mappings = lambda_svc._esms.values()
    return next((esm for esm in mappings if esm["EventSourceArn"] == arn), {})


def _is_due(
    mapping: str, queue_url: str, full: int, window: float, opened: dict[str, float]
) -> bool:
    now = time.time()
    with sqs._queues_lock:
        messages = sqs._get_q(queue_url)["messages"]
        waiting = sum(1 for message in messages if (message.get("visible_at") or 0) <= now)
    if not waiting:
        opened.pop(mapping, None)
        return False
    if mapping not in opened:
        opened[mapping] = now
        # The poller ticks once a second: wake it when the window ends.
        timer = threading.Timer(window, concurrency.esm_wake.set)
        timer.daemon = True
        timer.start()
    if waiting < full and now < opened[mapping] + window:
        return False
    del opened[mapping]
    return True
