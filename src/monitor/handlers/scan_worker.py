"""The queue of requests to look -> looks, a few at a time."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch.types import (
    PartialItemFailureResponse,
    PartialItemFailures,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from monitor.bootstrap.on_change import ScanWorker, scan_worker
from monitor.handlers.batches import answer, by_region, report
from monitor.handlers.observability import logger, metrics
from monitor.settings import ScanWorkerSettings
from monitor.usecases.rescan import ScanWork


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Answers the messages that have to come again."""
    failed: list[PartialItemFailures] = []
    for region, records in by_region(event, ScanWorkerSettings.read().regions).items():
        failed += _take(records, context, region)["batchItemFailures"]
    return {"batchItemFailures": failed}


def _take(event: dict[str, Any], context: LambdaContext, region: str) -> PartialItemFailureResponse:
    wired = _wired(context.invoked_function_arn, region)
    work = ScanWork(wired.looker(), wired.queue, wired.book, wired.dead_letters)
    work.prepare(str(record.get("body", "")) for record in event.get("Records", ()))
    answered = answer(event, context, work.take)
    for missed in work.missed:
        logger.warning(
            "a scan found changes that no event told of",
            extra={"api_id": missed.api.api_id, "changed": missed.changed},
        )
    work.counts.setdefault("ChangesMissedByEvents", 0)
    report(
        work.counts,
        work.looked.values(),
        failed=len(answered["batchItemFailures"]),
        calls=wired.pacer.calls,
    )
    return answered


@cache
def _wired(function_arn: str, region: str) -> ScanWorker:
    return scan_worker(ScanWorkerSettings.read(), function_arn, region)
