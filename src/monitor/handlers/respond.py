"""The queue of what people asked for in Slack -> done once, if they may; and that of the
remediator's answers -> the thread."""

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

from monitor.bootstrap.respond import Respond, respond
from monitor.handlers.observability import logger, metrics
from monitor.handlers.slack_interaction import ASK
from monitor.model.ask import Ask
from monitor.settings import RespondSettings
from monitor.slack.answers import AnswerRefused, answer_message, send
from monitor.usecases.relay import SCHEMA
from monitor.usecases.respond import Answer, Result

_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Answers the messages that have to come again."""
    settings = _settings()

    def take(record: SQSRecord) -> None:
        if f'"{SCHEMA}"' in record.body[:200]:
            told = _wired().relay.take(record.body)
            metrics.add_metric("RemediationAnswersTold", MetricUnit.Count, int(told))
            return
        ask = ASK.validate_json(record.body)
        answer = _wired().responder.take(ask)
        _count(ask, answer)
        if answer.result is not Result.REPEATED:
            _say(ask, answer, settings.slack_base_url)

    return process_partial_response(
        event=event, record_handler=take, processor=_processor, context=context
    )


def _count(ask: Ask, answer: Answer) -> None:
    metrics.add_metric(f"Asks{answer.result.value.capitalize()}", MetricUnit.Count, 1)
    log = logger.warning if answer.result is Result.REFUSED else logger.info
    log("asked in Slack", extra={"kind": ask.kind, "who": ask.who, "result": answer.result})


def _say(ask: Ask, answer: Answer, base_url: str) -> None:
    if not ask.answer_url or not (answer.text or answer.records):
        return
    message = answer_message(answer.text, answer.findings, answer.records)
    try:
        send(ask.answer_url, message, base_url=base_url)
    except AnswerRefused as failure:
        # What was asked for is done or refused; only its asker does not hear of it here.
        logger.warning("an answer did not reach who asked: %s", failure)


@cache
def _settings() -> RespondSettings:
    return RespondSettings.read()


@cache
def _wired() -> Respond:
    return respond(_settings())
