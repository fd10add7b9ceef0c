"""The outbox -> Slack and whoever else is named: at once by the table's stream, and by a sweep
every few minutes. The digest comes by a schedule of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from monitor.bootstrap.notify import Notify, notify
from monitor.handlers.observability import logger, metrics
from monitor.ports import NotDelivered
from monitor.settings import NotifySettings
from monitor.stores.dynamodb import notice_api


class Undelivered(RuntimeError):
    """Raised at the end of a sweep, so that the function's error alarm speaks when Slack cannot."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    """A stream's records name the APIs; anything else is the sweep, and `digest` makes the digest
    due before it.

    Raises Undelivered from the sweep only: a stream that fails is held up by its own retries, and
    what it could not tell is still marked untold.
    """
    records = event.get("Records")
    outbox = _wired().teller
    if records is None:
        told = outbox.tell_all()
        failed = _digest(due=bool(event.get("digest")))
        told = replace(told, failures=(*told.failures, *failed))
    else:
        keys = (record.get("dynamodb", {}).get("Keys", {}) for record in records)
        told = outbox.tell(dict.fromkeys(api for key in keys if (api := notice_api(key))))
    metrics.add_metric("NoticesTold", MetricUnit.Count, told.delivered)
    metrics.add_metric("NoticesHeld", MetricUnit.Count, told.held)
    metrics.add_metric("NoticesNotDelivered", MetricUnit.Count, len(told.failures))
    for failure in told.failures:
        logger.error("a notice was not delivered and stays in the outbox: %s", failure)
    if told.failures and records is None:
        raise Undelivered("; ".join(told.failures[:5]))


def _digest(*, due: bool) -> tuple[str, ...]:
    """Why it could not be told, if so."""
    digests = _wired().digests
    if digests is None:
        return ()
    if due:
        digests.ask()
    try:
        told = digests.tell_if_due()
    except NotDelivered as failure:
        return (f"the digest: {failure}",)
    metrics.add_metric("DigestsTold", MetricUnit.Count, int(told))
    return ()


@cache
def _wired() -> Notify:
    return notify(NotifySettings.read(), _detour)


def _detour(why: str) -> None:
    """A channel that cannot be posted to is somebody's mistake: an alarm of its own."""
    metrics.add_metric("NoticesOnFallbackChannel", MetricUnit.Count, 1)
    logger.error("a message went to the fallback channel: %s", why)
