"""The heartbeat: a tag on an object of our own, whose event has to come back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient

TAG = "gatewatch:heartbeat"


def beat(client: APIGatewayClient, canary_arn: str, now: datetime) -> None:
    """Raises what botocore raises: the function's errors have an alarm."""
    client.tag_resource(resourceArn=canary_arn, tags={TAG: f"{now:%Y-%m-%dT%H:%M:%SZ}"})
