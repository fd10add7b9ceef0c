"""The queue of CloudTrail's events and of our own timers -> looks at what they concern."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch.types import (
    PartialItemFailureResponse,
    PartialItemFailures,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from monitor.bootstrap.on_change import OnChange, on_change
from monitor.events.routing import BLINDING
from monitor.handlers.batches import answer, by_region, report
from monitor.handlers.observability import logger, metrics
from monitor.model.change import Change
from monitor.settings import OnChangeSettings
from monitor.usecases.react import Batch


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Answers the messages that have to come again."""
    failed: list[PartialItemFailures] = []
    for region, records in by_region(event, OnChangeSettings.read().regions).items():
        failed += _take(records, context, region)["batchItemFailures"]
    return {"batchItemFailures": failed}


def _take(event: dict[str, Any], context: LambdaContext, region: str) -> PartialItemFailureResponse:
    wired = _wired(context.invoked_function_arn, region)
    batch = Batch(wired.current())
    batch.prepare(str(record.get("body", "")) for record in event.get("Records", ()))
    _note_seen(wired, batch)
    answered = answer(event, context, batch.take)
    batch.finish()
    for change in batch.noteworthy:
        _note(change, batch)
    report(
        batch.counts,
        batch.looked.values(),
        failed=len(answered["batchItemFailures"]),
        calls=wired.pacer.calls,
    )
    return answered


@cache
def _wired(function_arn: str, region: str) -> OnChange:
    return on_change(OnChangeSettings.read(), function_arn, region)


def _note_seen(wired: OnChange, batch: Batch) -> None:
    try:
        wired.lookout.note(batch.seen)
    except (ClientError, BotoCoreError):
        # No reason to keep the events from being looked at; if it lasts, the watch says "blind".
        logger.exception("what was seen could not be noted")


def _note(change: Change, batch: Batch) -> None:
    if change.event_name in BLINDING:
        batch.counts["MonitorBlinded"] += 1
    logger.warning(
        "somebody read credentials" if change.reads_credentials else "what feeds Gatewatch changed",
        extra={
            "event_name": change.event_name,
            "event_id": change.event_id,
            "who": change.actor.name,
            "source_ip": change.actor.source_ip,
            "via": change.actor.via,
            "object": change.object,
            "api_ids": change.api_ids,
        },
    )
