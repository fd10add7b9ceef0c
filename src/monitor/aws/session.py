"""The one place where AWS clients are made."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from monitor.aws.pacing import Pacer

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sts import STSClient

# The mode is pinned because its default is about to change; `standard` keeps a budget of retries
# for the client, which is why the pacer waits before every attempt as well.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=16,
    user_agent_extra="gatewatch",
)


class AwsSession:
    """Clients of one region, each made once and only when it is asked for."""

    def __init__(
        self, region: str | None = None, *, profile: str | None = None, pacer: Pacer | None = None
    ) -> None:
        self.pacer = pacer or Pacer()
        self._session = boto3.session.Session(profile_name=profile, region_name=region)
        self._session.events.register_first("before-send.*.*", self.pacer.before_send)

    @property
    def region(self) -> str | None:
        """The region of the clients; None if neither the caller nor the configuration names one."""
        return self._session.region_name

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        return self._session.client("apigateway", config=_CONFIG)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self._session.client("dynamodb", config=_CONFIG)

    @cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        return self._session.client("secretsmanager", config=_CONFIG)

    @cached_property
    def sqs(self) -> SQSClient:
        return self._session.client("sqs", config=_CONFIG)

    @cached_property
    def sts(self) -> STSClient:
        return self._session.client("sts", config=_CONFIG)
