"""The queue of requests -> plans made, carried out and taken back, and an answer to each."""

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

from monitor.handlers.observability import logger, metrics
from monitor.settings import RemediateSettings
from remediators.answering import Answer, answer, dump_answer, sweep
from remediators.bootstrap import Deployed, deployed
from remediators.requests import parse_request

_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Answers the messages that have to come again. An event without messages is the sweep."""
    wired = _wired(context.invoked_function_arn)
    if "Records" not in event:
        for given in sweep(wired.desk()):
            wired.tell(dump_answer(given))
            _report(given)
        return {"batchItemFailures": []}

    def take(record: SQSRecord) -> None:
        try:
            request = parse_request(record.body)
            given = answer(wired.desk(), request, wired.place)
            wired.tell(dump_answer(given))
        except Exception:
            logger.exception("the message comes again", extra={"message_id": record.message_id})
            raise
        _report(given)

    return process_partial_response(
        event=event, record_handler=take, processor=_processor, context=context
    )


@cache
def _wired(function_arn: str) -> Deployed:
    return deployed(RemediateSettings.read(), function_arn)


def _report(given: Answer) -> None:
    entry = given.entry
    metrics.add_metric("RemediationRequests", MetricUnit.Count, 1)
    metrics.add_metric("RemediationsStuck", MetricUnit.Count, int(given.is_stuck))
    metrics.add_metric("RemediationsBroken", MetricUnit.Count, int(given.breaker))
    logger.info(
        "a request about a remedy",
        extra={
            "step": given.request.step.value,
            "requested_by": given.request.requested_by,
            "plan_id": entry.plan.id if entry else "",
            "api_id": entry.plan.api.api_id if entry else given.request.api_id,
            "state": entry.state.value if entry else "",
            "refused": given.refused,
        },
    )
