"""Reads of REST APIs (API Gateway v1): one function an operation, each a plain value or a gap.

Lists are asked for in pages of 500, the most AWS gives; its default of 25 is twenty times as many
calls. Source: API Gateway API reference, the operation of each name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.aws.asking import MalformedAnswer, ask
from monitor.aws.integrations import integration
from monitor.aws.openapi_export import parse_export
from monitor.aws.stage_variables import secrets_in
from monitor.aws.words import authorization_type, authorizer_kind
from monitor.model.api import Authorizer, Configuration, ResourcePolicy, Route, Stage
from monitor.model.behind import AccountSettings, MethodSettings, Throttle
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient

PAGE = 500

RestApi = Mapping[str, Any]
"""A RestApi structure as boto3 answers it."""


class RestApiReads:
    """Every read of the v1 control plane that Gatewatch makes.

    Each method answers its value or a Gap, and raises `asking.Gone` for what does not exist.
    """

    def __init__(self, client: APIGatewayClient) -> None:
        self._client = client

    def rest_apis(self) -> dict[str, RestApi] | Gap:
        """By id, each described as GetRestApi would: there is no need to ask again."""
        pages = self._client.get_paginator("get_rest_apis")

        def call() -> dict[str, RestApi]:
            return {
                api["id"]: api
                for page in pages.paginate(PaginationConfig={"PageSize": PAGE})
                for api in page.get("items", [])
            }

        return ask(
            call,
            operation="GetRestApis",
            unknown=Unknown.LISTING,
            subject="restapis",
            may_be_gone=False,
        )

    def rest_api(self, api_id: str) -> RestApi | Gap:
        return ask(
            lambda: self._client.get_rest_api(restApiId=api_id),
            operation="GetRestApi",
            unknown=Unknown.API,
            subject=f"restapis/{api_id}",
        )

    def stages(self, api_id: str) -> tuple[Stage, ...] | Gap:
        def call() -> tuple[Stage, ...]:
            return tuple(
                _stage(item) for item in self._client.get_stages(restApiId=api_id).get("item", [])
            )

        return ask(
            call,
            operation="GetStages",
            unknown=Unknown.STAGES,
            subject=f"restapis/{api_id}/stages",
        )

    def export(self, api_id: str, stage: str, saved: ResourcePolicy) -> Configuration | Gap:
        def call() -> Configuration:
            answer = self._client.get_export(
                restApiId=api_id,
                stageName=stage,
                exportType="oas30",
                parameters={"extensions": "apigateway,authorizers"},
                accepts="application/json",
            )
            return parse_export(answer["body"].read(), saved)

        return ask(
            call,
            operation="GetExport",
            unknown=Unknown.LIVE_ROUTES,
            subject=f"restapis/{api_id}/stages/{stage}/exports/oas30",
        )

    def deployment_summary(self, api_id: str, deployment_id: str) -> Configuration | Gap:
        """The coarse fallback: types of authorization and key requirements of a deployment, without
        authorizers, scopes or policy."""

        def call() -> Configuration:
            answer = self._client.get_deployment(
                restApiId=api_id, deploymentId=deployment_id, embed=["apisummary"]
            )
            summary = answer.get("apiSummary")
            if not summary:
                # AWS deploys no API without a method, so an empty one says as little as none.
                raise MalformedAnswer("the deployment came without its summary")
            return Configuration(
                routes=tuple(
                    Route(
                        key=f"{verb} {path}",
                        authorization=authorization_type(method.get("authorizationType")),
                        api_key_required=method.get("apiKeyRequired"),
                    )
                    for path, methods in summary.items()
                    for verb, method in methods.items()
                ),
                authorizers_read=False,
            )

        return ask(
            call,
            operation="GetDeployment",
            unknown=Unknown.LIVE_ROUTES,
            subject=f"restapis/{api_id}/deployments/{deployment_id}",
        )

    def draft_routes(self, api_id: str) -> tuple[Route, ...] | Gap:
        pages = self._client.get_paginator("get_resources")

        def call() -> tuple[Route, ...]:
            return tuple(
                route
                for page in pages.paginate(
                    restApiId=api_id, embed=["methods"], PaginationConfig={"PageSize": PAGE}
                )
                for resource in page.get("items", [])
                for route in _routes(resource)
            )

        return ask(
            call,
            operation="GetResources",
            unknown=Unknown.DRAFT_ROUTES,
            subject=f"restapis/{api_id}/resources",
        )

    def authorizers(self, api_id: str) -> dict[str, Authorizer] | Gap:
        pages = self._client.get_paginator("get_authorizers")

        def call() -> dict[str, Authorizer]:
            return {
                item["id"]: _authorizer(item)
                for page in pages.paginate(restApiId=api_id, PaginationConfig={"PageSize": PAGE})
                for item in page.get("items", [])
            }

        return ask(
            call,
            operation="GetAuthorizers",
            unknown=Unknown.AUTHORIZERS,
            subject=f"restapis/{api_id}/authorizers",
        )

    def has_vpc_links(self) -> bool | Gap:
        """Whether the account has links of the kind that WebSocket APIs reach into a VPC by."""

        def call() -> bool:
            return bool(self._client.get_vpc_links(limit=1).get("items"))

        return ask(
            call,
            operation="GetVpcLinks",
            unknown=Unknown.INTEGRATIONS,
            subject="vpclinks",
            account_wide=True,
            may_be_gone=False,
        )

    def account(self) -> AccountSettings | Gap:
        """API Gateway's settings of the account in this region."""

        def call() -> AccountSettings:
            answer = self._client.get_account()
            throttle = answer.get("throttleSettings", {})
            return AccountSettings(
                log_role=answer.get("cloudwatchRoleArn"),
                throttle=Throttle(rate=throttle.get("rateLimit"), burst=throttle.get("burstLimit")),
            )

        return ask(
            call,
            operation="GetAccount",
            unknown=Unknown.OTHER,
            subject="account",
            account_wide=True,
            may_be_gone=False,
        )


def _stage(item: Mapping[str, Any]) -> Stage:
    canary = item.get("canarySettings") or {}
    updated = item.get("lastUpdatedDate")
    return Stage(
        name=item["stageName"],
        deployment_id=item.get("deploymentId"),
        canary_deployment_id=canary.get("deploymentId"),
        canary_percent=float(canary.get("percentTraffic") or 0.0),
        web_acl_arn=item.get("webAclArn"),
        last_updated_at=updated if isinstance(updated, datetime) else None,
        settings={
            key: _settings(given) for key, given in (item.get("methodSettings") or {}).items()
        },
        access_log_arn=(item.get("accessLogSettings") or {}).get("destinationArn"),
        client_certificate_id=item.get("clientCertificateId"),
        tracing=bool(item.get("tracingEnabled", False)),
        cache_cluster=bool(item.get("cacheClusterEnabled", False)),
        secrets=(
            *secrets_in(item.get("variables")),
            *secrets_in(canary.get("stageVariableOverrides"), canary=True),
        ),
    )


def _settings(given: Mapping[str, Any]) -> MethodSettings:
    return MethodSettings(
        throttle=Throttle(
            rate=given.get("throttlingRateLimit"), burst=given.get("throttlingBurstLimit")
        ),
        logging_level=given.get("loggingLevel"),
        data_trace=bool(given.get("dataTraceEnabled", False)),
        metrics=bool(given.get("metricsEnabled", False)),
        caching=bool(given.get("cachingEnabled", False)),
        cache_encrypted=bool(given.get("cacheDataEncrypted", False)),
        cache_ttl_seconds=given.get("cacheTtlInSeconds"),
        cache_control_authorized=given.get("requireAuthorizationForCacheControl"),
    )


def _routes(resource: Mapping[str, Any]) -> Iterator[Route]:
    path = resource["path"]
    for verb, method in (resource.get("resourceMethods") or {}).items():
        yield _route(path, verb, method)


def _route(path: str, verb: str, method: Mapping[str, Any]) -> Route:
    return Route(
        key=f"{verb} {path}",
        authorization=authorization_type(method.get("authorizationType")),
        authorizer_id=method.get("authorizerId"),
        api_key_required=method.get("apiKeyRequired"),
        scopes=tuple(method.get("authorizationScopes", ())),
        integration=integration(method.get("methodIntegration")),
    )


def _authorizer(item: Mapping[str, Any]) -> Authorizer:
    sources = str(item.get("identitySource") or "")
    return Authorizer(
        authorizer_id=item["id"],
        name=item.get("name", ""),
        kind=authorizer_kind(item.get("type")),
        identity_sources=tuple(part.strip() for part in sources.split(",") if part.strip()),
        identity_validation=item.get("identityValidationExpression"),
        cache_ttl_seconds=item.get("authorizerResultTtlInSeconds"),
        function_uri=item.get("authorizerUri"),
        credentials_arn=item.get("authorizerCredentials"),
        user_pool_arns=tuple(item.get("providerARNs", ())),
    )
