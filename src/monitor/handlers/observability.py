"""Logger, metrics and tracer, made once. Their names come from POWERTOOLS_* in the environment."""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics, Tracer

logger = Logger()
metrics = Metrics()
tracer = Tracer()
