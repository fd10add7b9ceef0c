"""Reads of HTTP and WebSocket APIs (API Gateway v2): one function an operation, each a plain value
or a gap.

Source: API Gateway Version 2 API reference, the operation of each name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.aws.asking import ask
from monitor.aws.integrations import named_integration, v2_integration
from monitor.aws.openapi_export import parse_http_export
from monitor.aws.stage_variables import secrets_in
from monitor.aws.words import authorization_type, authorizer_kind
from monitor.model.api import Authorizer, Configuration, Cors, Route, Stage
from monitor.model.behind import Integration, MethodSettings, Throttle
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_apigatewayv2 import ApiGatewayV2Client

SERVICE = "apigatewayv2"
PAGE = 500
"""AWS documents neither the default nor the most of the v2 lists."""

V2Api = Mapping[str, Any]
"""An Api structure as boto3 answers it."""


class V2ApiReads:
    """Every read of single HTTP and WebSocket APIs.

    Each method answers its value or a Gap, and raises `asking.Gone` for what does not exist.
    """

    def __init__(self, client: ApiGatewayV2Client) -> None:
        self._client = client

    def apis(self) -> dict[str, V2Api] | Gap:
        """By id, each described as GetApi would: there is no need to ask again."""
        pages = self._client.get_paginator("get_apis")

        def call() -> dict[str, V2Api]:
            return {
                api["ApiId"]: api
                for page in pages.paginate(PaginationConfig={"PageSize": PAGE})
                for api in page.get("Items", [])
            }

        return ask(
            call,
            service=SERVICE,
            operation="GetApis",
            unknown=Unknown.LISTING,
            subject="v2/apis",
            may_be_gone=False,
        )

    def api(self, api_id: str) -> V2Api | Gap:
        return ask(
            lambda: self._client.get_api(ApiId=api_id),
            service=SERVICE,
            operation="GetApi",
            unknown=Unknown.API,
            subject=f"v2/apis/{api_id}",
        )

    def stages(self, api_id: str) -> tuple[Stage, ...] | Gap:
        pages = self._client.get_paginator("get_stages")

        def call() -> tuple[Stage, ...]:
            return tuple(
                _stage(item)
                for page in pages.paginate(ApiId=api_id, PaginationConfig={"PageSize": PAGE})
                for item in page.get("Items", [])
            )

        return ask(
            call,
            service=SERVICE,
            operation="GetStages",
            unknown=Unknown.STAGES,
            subject=f"v2/apis/{api_id}/stages",
        )

    def routes(self, api_id: str) -> tuple[Route, ...] | Gap:
        """The routes as they are configured, which is what a stage with autoDeploy serves."""
        pages = self._client.get_paginator("get_routes")

        def call() -> tuple[Route, ...]:
            return tuple(
                _route(item)
                for page in pages.paginate(ApiId=api_id, PaginationConfig={"PageSize": PAGE})
                for item in page.get("Items", [])
            )

        return ask(
            call,
            service=SERVICE,
            operation="GetRoutes",
            unknown=Unknown.DRAFT_ROUTES,
            subject=f"v2/apis/{api_id}/routes",
        )

    def authorizers(self, api_id: str) -> dict[str, Authorizer] | Gap:
        pages = self._client.get_paginator("get_authorizers")

        def call() -> dict[str, Authorizer]:
            return {
                item["AuthorizerId"]: _authorizer(item)
                for page in pages.paginate(ApiId=api_id, PaginationConfig={"PageSize": PAGE})
                for item in page.get("Items", [])
            }

        return ask(
            call,
            service=SERVICE,
            operation="GetAuthorizers",
            unknown=Unknown.AUTHORIZERS,
            subject=f"v2/apis/{api_id}/authorizers",
        )

    def integrations(self, api_id: str) -> dict[str, Integration] | Gap:
        """By id, as they are configured."""
        pages = self._client.get_paginator("get_integrations")

        def call() -> dict[str, Integration]:
            return {
                item["IntegrationId"]: found
                for page in pages.paginate(ApiId=api_id, PaginationConfig={"PageSize": PAGE})
                for item in page.get("Items", [])
                if (found := v2_integration(item))
            }

        return ask(
            call,
            service=SERVICE,
            operation="GetIntegrations",
            unknown=Unknown.INTEGRATIONS,
            subject=f"v2/apis/{api_id}/integrations",
        )

    def has_vpc_links(self) -> bool | Gap:
        """Whether the account has links of the kind that HTTP APIs reach into a VPC by."""

        def call() -> bool:
            return bool(self._client.get_vpc_links(MaxResults="1").get("Items"))

        return ask(
            call,
            service=SERVICE,
            operation="GetVpcLinks",
            unknown=Unknown.INTEGRATIONS,
            subject="v2/vpclinks",
            account_wide=True,
            may_be_gone=False,
        )

    def export(self, api_id: str, stage: str) -> Configuration | Gap:
        """What a stage of an HTTP API serves; AWS exports no WebSocket API."""

        def call() -> Configuration:
            answer = self._client.export_api(
                ApiId=api_id,
                Specification="OAS30",
                OutputType="JSON",
                StageName=stage,
                IncludeExtensions=True,
            )
            return parse_http_export(answer["body"].read())

        return ask(
            call,
            service=SERVICE,
            operation="ExportApi",
            unknown=Unknown.LIVE_ROUTES,
            subject=f"v2/apis/{api_id}/exports/OAS30?stageName={stage}",
        )


def cors(api: V2Api) -> Cors | None:
    """The CORS configuration of an API; None if it has none."""
    given = api.get("CorsConfiguration")
    if not given:
        return None
    return Cors(
        allow_origins=tuple(given.get("AllowOrigins", ())),
        allow_methods=tuple(given.get("AllowMethods", ())),
        allow_headers=tuple(given.get("AllowHeaders", ())),
        expose_headers=tuple(given.get("ExposeHeaders", ())),
        allow_credentials=bool(given.get("AllowCredentials", False)),
        max_age_seconds=given.get("MaxAge"),
    )


def _stage(item: Mapping[str, Any]) -> Stage:
    updated = item.get("LastUpdatedDate")
    settings = {**(item.get("RouteSettings") or {})}
    if default := item.get("DefaultRouteSettings"):
        settings["$default"] = settings.get("$default") or default
    return Stage(
        name=item["StageName"],
        deployment_id=item.get("DeploymentId"),
        auto_deploy=_follows_the_draft(item),
        last_updated_at=updated if isinstance(updated, datetime) else None,
        settings={key: _settings(one) for key, one in settings.items()},
        access_log_arn=(item.get("AccessLogSettings") or {}).get("DestinationArn"),
        client_certificate_id=item.get("ClientCertificateId"),
        secrets=secrets_in(item.get("StageVariables")),
    )


def _follows_the_draft(item: Mapping[str, Any]) -> bool:
    """Whether the stage serves the routes as configured: it deploys itself, and did so last time.

    AWS says of the last time only a sentence, which begins with `Successfully` or tells the error.
    """
    said = item.get("LastDeploymentStatusMessage")
    return bool(item.get("AutoDeploy")) and (not said or str(said).startswith("Successfully"))


def _settings(given: Mapping[str, Any]) -> MethodSettings:
    return MethodSettings(
        throttle=Throttle(
            rate=given.get("ThrottlingRateLimit"), burst=given.get("ThrottlingBurstLimit")
        ),
        logging_level=given.get("LoggingLevel"),
        data_trace=bool(given.get("DataTraceEnabled", False)),
        metrics=bool(given.get("DetailedMetricsEnabled", False)),
    )


def _route(item: Mapping[str, Any]) -> Route:
    return Route(
        key=item["RouteKey"],
        # A route that was made without a word about authorization has none.
        authorization=authorization_type(item.get("AuthorizationType") or "NONE"),
        authorizer_id=item.get("AuthorizerId"),
        api_key_required=bool(item.get("ApiKeyRequired", False)),
        scopes=tuple(item.get("AuthorizationScopes", ())),
        integration=named_integration(item.get("Target")),
    )


def _authorizer(item: Mapping[str, Any]) -> Authorizer:
    jwt = item.get("JwtConfiguration") or {}
    return Authorizer(
        authorizer_id=item["AuthorizerId"],
        name=item.get("Name", ""),
        kind=authorizer_kind(item.get("AuthorizerType")),
        identity_sources=tuple(item.get("IdentitySource", ())),
        identity_validation=item.get("IdentityValidationExpression"),
        cache_ttl_seconds=item.get("AuthorizerResultTtlInSeconds"),
        function_uri=item.get("AuthorizerUri"),
        credentials_arn=item.get("AuthorizerCredentialsArn"),
        issuer=jwt.get("Issuer"),
        audiences=tuple(jwt.get("Audience", ())),
        simple_responses=bool(item.get("EnableSimpleResponses", False)),
    )
