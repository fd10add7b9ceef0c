"""The one place where AWS clients are made."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
import botocore.session
from botocore.client import BaseClient
from botocore.config import Config

from monitor.aws.pacing import Pacer

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient
    from types_boto3_apigatewayv2 import ApiGatewayV2Client
    from types_boto3_appconfigdata import AppConfigDataClient
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudfront import CloudFrontClient
    from types_boto3_cloudtrail import CloudTrailClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cognito_idp import CognitoIdentityProviderClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_events import EventBridgeClient
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient
    from types_boto3_ssm import SSMClient
    from types_boto3_sts import STSClient
    from types_boto3_wafv2 import WAFV2Client

    from monitor.aws.sinks import SecurityHubClient, SnsClient

_USUAL = Config(
    # The mode is pinned because its default is about to change.
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=16,
    user_agent_extra="gatewatch",
)
# What is sent again to API Gateway, the pacer decides: `standard` keeps a budget of retries for a
# client, and where many are refused it is spent soon and ends them all.
_PACED = _USUAL.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))


# botocore's description of EC2 alone costs 25 MiB; this one has the operations that are used.
_MODELS = Path(__file__).parent / "models"

T = TypeVar("T", bound=BaseClient)


class AwsSession:
    """Clients of one region, each made once and only when it is asked for."""

    def __init__(
        self,
        region: str | None = None,
        *,
        profile: str | None = None,
        pacer: Pacer | None = None,
        shared: boto3.session.Session | None = None,
    ) -> None:
        self.pacer = pacer or Pacer()
        self._session = shared or _session(profile, region)
        self.region: str | None = region or self._session.region_name
        """None if neither the caller nor the configuration names one."""

    def in_region(self, region: str, pacer: Pacer) -> AwsSession:
        """The same credentials elsewhere. What boto3 knows of the services is held once for all."""
        return AwsSession(region, pacer=pacer, shared=self._session)

    def as_role(self, role_arn: str, session_name: str) -> AwsSession:
        """The rights of a role, for a quarter of an hour; CloudTrail shows the session's name."""
        keys = self.sts.assume_role(
            RoleArn=role_arn, RoleSessionName=session_name, DurationSeconds=900
        )["Credentials"]
        core = _core(None)
        core.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        shared = boto3.session.Session(botocore_session=core, region_name=self.region)
        return AwsSession(self.region, pacer=self.pacer, shared=shared)

    def known_regions(self, partition: str) -> list[str]:
        """The regions of a partition that have API Gateway, as this version of boto3 knows them."""
        return self._session.get_available_regions("apigateway", partition_name=partition)

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        return self._hooked(self._session.client("apigateway", self.region, config=_PACED))

    @cached_property
    def apigatewayv2(self) -> ApiGatewayV2Client:
        return self._hooked(self._session.client("apigatewayv2", self.region, config=_PACED))

    @cached_property
    def cloudfront(self) -> CloudFrontClient:
        return self._hooked(self._session.client("cloudfront", self.region, config=_USUAL))

    @cached_property
    def cognito_idp(self) -> CognitoIdentityProviderClient:
        return self._hooked(self._session.client("cognito-idp", self.region, config=_USUAL))

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self._hooked(self._session.client("dynamodb", self.region, config=_USUAL))

    @cached_property
    def ec2(self) -> EC2Client:
        return self._hooked(self._session.client("ec2", self.region, config=_USUAL))

    @cached_property
    def iam(self) -> IAMClient:
        return self._hooked(self._session.client("iam", self.region, config=_USUAL))

    @cached_property
    def lambda_(self) -> LambdaClient:
        return self._hooked(self._session.client("lambda", self.region, config=_USUAL))

    @cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        return self._hooked(self._session.client("secretsmanager", self.region, config=_USUAL))

    @cached_property
    def securityhub(self) -> SecurityHubClient:
        client: Any = self._session.client("securityhub", self.region, config=_USUAL)
        return cast("SecurityHubClient", self._hooked(client))

    @cached_property
    def sns(self) -> SnsClient:
        client: Any = self._session.client("sns", self.region, config=_USUAL)
        return cast("SnsClient", self._hooked(client))

    @cached_property
    def sqs(self) -> SQSClient:
        return self._hooked(self._session.client("sqs", self.region, config=_USUAL))

    @cached_property
    def sts(self) -> STSClient:
        return self._hooked(self._session.client("sts", self.region, config=_USUAL))

    @cached_property
    def wafv2(self) -> WAFV2Client:
        return self._hooked(self._session.client("wafv2", self.region, config=_USUAL))

    @cached_property
    def appconfigdata(self) -> AppConfigDataClient:
        return self._hooked(self._session.client("appconfigdata", self.region, config=_USUAL))

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self._hooked(self._session.client("cloudformation", self.region, config=_USUAL))

    @cached_property
    def cloudtrail(self) -> CloudTrailClient:
        return self._hooked(self._session.client("cloudtrail", self.region, config=_USUAL))

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        return self._hooked(self._session.client("cloudwatch", self.region, config=_USUAL))

    @cached_property
    def events(self) -> EventBridgeClient:
        return self._hooked(self._session.client("events", self.region, config=_USUAL))

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        return self._hooked(self._session.client("logs", self.region, config=_USUAL))

    @cached_property
    def s3(self) -> S3Client:
        return self._hooked(self._session.client("s3", self.region, config=_USUAL))

    @cached_property
    def ssm(self) -> SSMClient:
        return self._hooked(self._session.client("ssm", self.region, config=_USUAL))

    def _hooked(self, client: T) -> T:
        handlers = {
            "request-created.*.*": self.pacer.request_created,
            "before-send.*.*": self.pacer.before_send,
            "needs-retry.*.*": self.pacer.needs_retry,
        }
        events: Any = client.meta.events
        for event, handler in handlers.items():
            events.register_first(event, handler)
        return client


def _core(profile: str | None) -> botocore.session.Session:
    core = botocore.session.Session(profile=profile)
    core.get_component("data_loader").search_paths.insert(0, str(_MODELS))
    return core


def _session(profile: str | None, region: str | None) -> boto3.session.Session:
    core = _core(profile)
    return boto3.session.Session(botocore_session=core, region_name=region)
