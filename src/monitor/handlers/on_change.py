"""The queue of API Gateway's CloudTrail events -> one look at each API that they name."""

from __future__ import annotations

from functools import cache
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
from botocore.exceptions import BotoCoreError, ClientError

from monitor.bootstrap.on_change import OnChange, on_change
from monitor.handlers.observability import logger, metrics, tracer
from monitor.model.access import Scope
from monitor.settings import OnChangeSettings
from monitor.usecases.look import Looked
from monitor.usecases.react import Batch

_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Answers the messages that have to come again."""
    wired = _wired(context.invoked_function_arn)
    batch = Batch(wired.looker(), wired.queue, wired.place)
    batch.prepare(str(record.get("body", "")) for record in event.get("Records", ()))
    _note_seen(wired, batch)

    def take(record: SQSRecord) -> None:
        try:
            batch.take(record.body)
        except Exception:
            logger.exception("the message comes again", extra={"message_id": record.message_id})
            raise

    answer = process_partial_response(
        event=event, record_handler=take, processor=_processor, context=context
    )
    _report(batch, failed=len(answer["batchItemFailures"]), calls=wired.pacer.calls)
    return answer


@cache
def _wired(function_arn: str) -> OnChange:
    return on_change(OnChangeSettings.read(), function_arn)


def _note_seen(wired: OnChange, batch: Batch) -> None:
    try:
        wired.lookout.note(batch.seen)
    except (ClientError, BotoCoreError):
        # No reason to keep the events from being looked at; if it lasts, the watch says "blind".
        logger.exception("what was seen could not be noted")


def _report(batch: Batch, *, failed: int, calls: dict[str, int]) -> None:
    for name, count in {**batch.counts, "FailedMessages": failed}.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    for looked in batch.looked.values():
        _log(looked)
    # Totals since this process began: the difference between two lines is what a batch cost.
    logger.info("batch done", extra={"counts": dict(batch.counts), "aws_calls_so_far": calls})


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
