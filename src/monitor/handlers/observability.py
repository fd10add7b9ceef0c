"""Logger and metrics, made once. Their names come from POWERTOOLS_* in the environment.

X-Ray traces come from Lambda itself; its SDK would be a quarter of every cold start.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics()
