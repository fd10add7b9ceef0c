"""What the handlers of queues share: each message by itself, and one report a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from monitor.events.requests import region_of
from monitor.handlers.observability import logger, metrics
from monitor.model.access import Scope
from monitor.model.notice import Notice, StepKind
from monitor.usecases.look import Looked

_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def by_region(event: dict[str, Any], regions: Sequence[str]) -> dict[str, dict[str, Any]]:
    """A batch of a queue as one batch for each region whose APIs are watched. What names none of
    them stays in the first group, "", which is the function's own region."""
    records = event.get("Records", ())
    if not regions:
        return {"": event}
    groups: dict[str, list[Any]] = {}
    for record in records:
        region = region_of(str(record.get("body", "")))
        groups.setdefault(region if region in regions else "", []).append(record)
    return {region: {"Records": found} for region, found in groups.items()}


def answer(
    event: dict[str, Any], context: LambdaContext, take: Callable[[str], None]
) -> PartialItemFailureResponse:
    """Give each message's body to `take`; those for which it raises have to come again."""

    def take_record(record: SQSRecord) -> None:
        try:
            take(record.body)
        except Exception:
            logger.exception("the message comes again", extra={"message_id": record.message_id})
            raise

    return process_partial_response(
        event=event, record_handler=take_record, processor=_processor, context=context
    )


def report(
    counts: Counter[str], looked: Iterable[Looked], *, failed: int, calls: Mapping[str, int]
) -> None:
    """Metrics and one log line, and one for each look. `calls`: totals since this process began, so
    the difference between two lines is what a batch cost."""
    for name, count in {**counts, "FailedMessages": failed}.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    for one in looked:
        _log(one)
        if one.notice is not None:
            _measure(one.notice)
    logger.info("batch done", extra={"counts": dict(counts), "aws_calls_so_far": dict(calls)})


def _measure(notice: Notice) -> None:
    """How long it took from the change to its verdict, and how grave what opened is."""
    if notice.cause is not None and notice.cause.event_time is not None:
        seconds = (notice.made_at - notice.cause.event_time).total_seconds()
        metrics.add_metric("SecondsToVerdict", MetricUnit.Seconds, seconds)
    for step in notice.steps:
        if step.kind in (StepKind.OPENED, StepKind.REOPENED):
            severity = step.finding.violation.severity
            metrics.add_metric(f"Opened{severity.value.capitalize()}", MetricUnit.Count, 1)


def _log(looked: Looked) -> None:
    gaps = looked.evaluation.snapshot.gaps if looked.evaluation else ()
    if gaps:
        metrics.add_metric("Gaps", MetricUnit.Count, len(gaps))
    logger.info(
        "looked at an API",
        extra={
            "api_id": looked.api.api_id,
            "gone": looked.evaluation is None,
            "scope": looked.record.scope or Scope.NOBODY,
            "to_be_told": looked.told,
            "late": looked.is_late,
            "gaps": [f"{gap.operation} {gap.error_code}" for gap in gaps],
        },
    )
