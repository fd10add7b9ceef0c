"""The schedule's tick -> a change of our own, whose event has to come back."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from monitor.bootstrap.watch import Heart, heart
from monitor.handlers.observability import logger
from monitor.settings import HeartbeatSettings


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    _heart().beat()


@cache
def _heart() -> Heart:
    return heart(HeartbeatSettings.read())
