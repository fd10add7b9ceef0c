"""A schedule -> one request to look for each API there is or was."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from monitor.bootstrap.on_change import ScanFanout, scan_fan_out
from monitor.handlers.observability import logger, metrics
from monitor.settings import ScanFanoutSettings
from monitor.usecases.fan_out import ListingFailed


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """`{"anew": true}`: every export is read again, whatever was kept of it.

    Raises ListingFailed after what could be found was asked for: the schedule tries again, and a
    repeat asks for what was looked at meanwhile in vain.
    """
    anew = event.get("anew") is True
    asked, failures = 0, []
    for region in ScanFanoutSettings.read().regions or ("",):
        wired = _wired(context.invoked_function_arn, region)
        try:
            asked += wired.current().every_api(anew=anew)
        except ListingFailed as failure:
            failures.append(f"{region} {failure}".strip())
    if failures:
        raise ListingFailed("; ".join(failures))
    wired.note_done()
    metrics.add_metric("ScanRequests", MetricUnit.Count, asked)
    logger.info("a scan begins", extra={"apis": asked, "anew": anew})
    return {"apis": asked}


@cache
def _wired(function_arn: str, region: str) -> ScanFanout:
    return scan_fan_out(ScanFanoutSettings.read(), function_arn, region)
