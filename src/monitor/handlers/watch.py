"""A tick, or a change to what Gatewatch rests on -> everything it rests on is checked."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from monitor.bootstrap.watch import watcher
from monitor.events.cloudtrail import parse_change
from monitor.handlers.observability import logger, metrics
from monitor.settings import WatchSettings
from monitor.usecases.watch import Watcher


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """The event of a change says who made it; what is wrong is read, never taken from it."""
    watched = _watcher(context.invoked_function_arn).watch(by=_by(event))
    # Its absence is an alarm: nobody else would notice that the watch itself has stopped.
    metrics.add_metric("Watches", MetricUnit.Count, 1)
    for kind, count in watched.counts.items():
        metrics.add_metric(kind.metric, MetricUnit.Count, count)
    for known in watched.begun:
        logger.error("trouble: %s", known.trouble.text, extra={"trouble": known.trouble.id})
    for known in watched.over:
        logger.info("over: %s", known.trouble.text, extra={"trouble": known.trouble.id})
    if watched.not_told:
        metrics.add_metric("WatchNotTold", MetricUnit.Count, 1)
        logger.error("Slack was not told: %s", watched.not_told)


def _by(event: dict[str, Any]) -> str:
    if event.get("detail-type") != "AWS API Call via CloudTrail":
        return ""
    change = parse_change(event)
    when = f" at {change.event_time:%H:%M} UTC" if change.event_time else ""
    return f"{change.event_name} by {change.actor.name}{when}"


@cache
def _watcher(function_arn: str) -> Watcher:
    return watcher(WatchSettings.read(), function_arn)
