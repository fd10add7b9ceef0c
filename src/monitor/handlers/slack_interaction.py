"""The endpoint that Slack calls: verify, answer within three seconds, queue the rest."""

from __future__ import annotations

import base64
import binascii
import json
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import TypeAdapter

from monitor.bootstrap.respond import Reception, reception
from monitor.handlers.observability import logger, metrics
from monitor.model.ask import Ask
from monitor.ports import NotDelivered
from monitor.settings import InteractionSettings
from monitor.slack.requests import (
    NotSlack,
    NotUnderstood,
    OpenForm,
    Queue,
    check_signature,
    decide,
)

ASK = TypeAdapter(Ask)

Answer = dict[str, Any]


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Answer:  # noqa: ARG001
    """An event of an HTTP API (payload 2.0). A stranger gets 401 and nothing else."""
    try:
        answer = _answer(_reception(), event)
    except NotSlack as stranger:
        metrics.add_metric("RequestsNotFromSlack", MetricUnit.Count, 1)
        source = event.get("requestContext", {}).get("http", {}).get("sourceIp")
        logger.warning("refused: %s", stranger, extra={"source_ip": source})
        return {"statusCode": 401}
    except NotUnderstood as what:
        metrics.add_metric("RequestsNotUnderstood", MetricUnit.Count, 1)
        logger.warning("not understood: %s", what)
        return _json({"response_type": "ephemeral", "text": str(what)})
    except NotDelivered as failure:
        logger.error("Slack's request could not be answered: %s", failure)
        metrics.add_metric("RequestsNotAnswered", MetricUnit.Count, 1)
        return {"statusCode": 503}
    metrics.add_metric("RequestsFromSlack", MetricUnit.Count, 1)
    return answer


def _answer(at: Reception, event: dict[str, Any]) -> Answer:
    now, body = at.clock.now(), _body(event)
    _verify(at, event.get("headers") or {}, body)
    decision = decide(body, known=at.known, now=now)
    match decision:
        case OpenForm():
            at.api.call("views.open", {"trigger_id": decision.trigger_id, "view": decision.view})
            return {"statusCode": 200}
        case Queue():
            at.queue.send(ASK.dump_python(decision.ask, mode="json"))
    return {"statusCode": 200} if decision.body is None else _json(decision.body)


def _verify(at: Reception, headers: dict[str, str], body: bytes) -> None:
    now = at.clock.now()
    try:
        check_signature(headers, body, signing_secret=at.signing_secret(), now=now)
    except NotSlack:
        # The secret may have been exchanged since it was read; a stranger costs one more read.
        check_signature(headers, body, signing_secret=at.signing_secret(anew=True), now=now)


def _body(event: dict[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotSlack("the body is no base64") from error


def _json(body: Answer) -> Answer:
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
    }


@cache
def _reception() -> Reception:
    return reception(InteractionSettings.read())
