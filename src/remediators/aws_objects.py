"""The port `Objects` over boto3: the part of each object that plans compare and write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from monitor.aws.operations import Permission
from monitor.aws.session import AwsSession
from remediators.aws_methods import draft_methods, draft_responses, live_document
from remediators.plan import Image, Kind, ObjectRef
from remediators.ports import Unreadable

PAGE = 500


def _get(path: str, action: str = "apigateway:GET") -> tuple[Permission, ...]:
    return (Permission(action, f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::{path}"),)


READS: Mapping[str, tuple[Permission, ...]] = MappingProxyType(
    {
        "apigateway:GetStage": _get("/restapis/*/stages/*"),
        "apigateway:GetMethod": _get("/restapis/*/resources/*/methods/*"),
        "apigateway:GetDeployments": _get("/restapis/*/deployments"),
        "apigateway:GetRequestValidators": _get("/restapis/*/requestvalidators"),
        "apigateway:GetGatewayResponses": _get("/restapis/*/gatewayresponses"),
        "apigateway:GetApiKey": _get("/apikeys/*"),
        "apigateway:GetUsagePlan": _get("/usageplans/*"),
        "apigateway:GetDomainName": _get("/domainnames/*"),
        "apigatewayv2:GetStage": _get("/apis/*/stages/*"),
        "apigatewayv2:GetRoute": _get("/apis/*/routes/*"),
        "apigatewayv2:GetDeployments": _get("/apis/*/deployments"),
        "wafv2:ListIPSets": (Permission("wafv2:ListIPSets", "*"),),
        "wafv2:ListWebACLs": (Permission("wafv2:ListWebACLs", "*"),),
        "wafv2:GetWebACLForResource": _get(
            "/restapis/*/stages/*", action="wafv2:GetWebACLForResource"
        ),
    }
)
"""What is read besides `monitor.aws.operations.READS`, and the permission of each."""

_GONE = frozenset(
    {
        "NotFoundException",
        "ResourceNotFoundException",
        "WAFNonexistentItemException",
        "InvalidVpcEndpointId.NotFound",
    }
)
_MISSHAPEN = (KeyError, TypeError, AttributeError, ValueError, IndexError)


class AwsObjects:
    """Reads with whatever rights the session has."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session
        self._readers: Mapping[Kind, Callable[..., Image | None]] = {
            Kind.REST_API: self._rest_api,
            Kind.REST_STAGE: self._rest_stage,
            Kind.REST_METHOD: self._rest_method,
            Kind.REST_DEPLOYMENT: self._rest_deployment,
            Kind.REST_DEPLOYMENTS: self._rest_deployments,
            Kind.REST_DRAFT: self._rest_draft,
            Kind.REST_LIVE: self._rest_live,
            Kind.V2_API: self._v2_api,
            Kind.V2_STAGE: self._v2_stage,
            Kind.V2_ROUTE: self._v2_route,
            Kind.V2_ROUTES: self._v2_routes,
            Kind.V2_DEPLOYMENTS: self._v2_deployments,
            Kind.API_KEY: self._api_key,
            Kind.USAGE_PLAN: self._usage_plan,
            Kind.DOMAIN_NAME: self._domain_name,
            Kind.USER_POOL: self._user_pool,
            Kind.VPC_ENDPOINT: self._vpc_endpoint,
            Kind.IP_SET: self._ip_set,
            Kind.WEB_ACL: self._web_acl,
            Kind.WEB_ACL_ASSOCIATION: self._web_acl_association,
        }

    def read(self, target: ObjectRef) -> Image | None:
        """Raises Unreadable."""
        try:
            return self._readers[target.kind](*target.ids)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _GONE:
                return None
            raise Unreadable(f"{error.operation_name} answered {code}") from error
        except BotoCoreError as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        except _MISSHAPEN as error:
            raise Unreadable(f"malformed answer: {type(error).__name__}: {error}") from error

    # --- REST APIs ------------------------------------------------------------------------------

    def _rest_api(self, api: str) -> Image:
        found = self._session.apigateway.get_rest_api(restApiId=api)
        image: dict[str, Any] = {
            "disableExecuteApiEndpoint": bool(found.get("disableExecuteApiEndpoint", False))
        }
        if text := found.get("policy"):
            image["policy"] = _unescaped(text)
        return image

    def _rest_stage(self, api: str, stage: str) -> Image:
        found = self._session.apigateway.get_stage(restApiId=api, stageName=stage)
        return _some(
            found, "deploymentId", "methodSettings", "tracingEnabled", "accessLogSettings",
            "canarySettings", "webAclArn",
        )  # fmt: skip

    def _rest_method(self, api: str, resource: str, verb: str) -> Image:
        found = self._session.apigateway.get_method(
            restApiId=api, resourceId=resource, httpMethod=verb
        )
        return _guard(found)

    def _rest_deployments(self, api: str) -> Image:
        return {
            "deployments": [
                {"id": one["id"], "created": _iso(one.get("createdDate"))}
                for one in self._listed_deployments(api)
            ]
        }

    def _rest_deployment(self, api: str, mark: str) -> Image | None:
        """By the mark in its description, which is ours alone."""
        for one in self._listed_deployments(api):
            if one.get("description") == mark:
                return {"id": one["id"], "description": mark}
        return None

    def _listed_deployments(self, api: str) -> Iterator[Mapping[str, Any]]:
        pages = self._session.apigateway.get_paginator("get_deployments")
        for page in pages.paginate(restApiId=api, PaginationConfig={"PageSize": PAGE}):
            yield from page.get("items", [])

    def _rest_draft(self, api: str) -> Image:
        client = self._session.apigateway
        resources = [
            one
            for page in client.get_paginator("get_resources").paginate(
                restApiId=api, embed=["methods"], PaginationConfig={"PageSize": PAGE}
            )
            for one in page.get("items", [])
        ]
        validators = {
            one["id"]: one.get("name", "")
            for one in client.get_request_validators(restApiId=api, limit=PAGE).get("items", [])
        }
        guards = {
            f"{verb} {resource['path']}": {"resourceId": resource["id"], **_guard(method)}
            for resource in resources
            for verb, method in (resource.get("resourceMethods") or {}).items()
        }
        described = client.get_rest_api(restApiId=api)
        return {
            "guards": guards,
            "methods": draft_methods(resources, validators),
            "binary media types": sorted(described.get("binaryMediaTypes") or []),
            "gateway responses": draft_responses(
                client.get_gateway_responses(restApiId=api, limit=PAGE).get("items", [])
            ),
        }

    def _rest_live(self, api: str, stage: str) -> Image:
        answer = self._session.apigateway.get_export(
            restApiId=api,
            stageName=stage,
            exportType="oas30",
            parameters={"extensions": "apigateway,authorizers"},
            accepts="application/json",
        )
        return live_document(json.loads(answer["body"].read()))

    # --- HTTP and WebSocket APIs ----------------------------------------------------------------

    def _v2_api(self, api: str) -> Image:
        found = self._session.apigatewayv2.get_api(ApiId=api)
        return {"DisableExecuteApiEndpoint": bool(found.get("DisableExecuteApiEndpoint", False))}

    def _v2_stage(self, api: str, stage: str) -> Image:
        found = self._session.apigatewayv2.get_stage(ApiId=api, StageName=stage)
        return _some(
            found, "DeploymentId", "DefaultRouteSettings", "RouteSettings", "AccessLogSettings",
            "AutoDeploy",
        )  # fmt: skip

    def _v2_route(self, api: str, route: str) -> Image:
        return _v2_guard(self._session.apigatewayv2.get_route(ApiId=api, RouteId=route))

    def _v2_routes(self, api: str) -> Image:
        pages = self._session.apigatewayv2.get_paginator("get_routes")
        return {
            "routes": {
                one["RouteKey"]: {"RouteId": one["RouteId"], **_v2_guard(one)}
                for page in pages.paginate(ApiId=api, PaginationConfig={"PageSize": PAGE})
                for one in page.get("Items", [])
            }
        }

    def _v2_deployments(self, api: str) -> Image:
        pages = self._session.apigatewayv2.get_paginator("get_deployments")
        return {
            "deployments": [
                {"id": one["DeploymentId"], "created": _iso(one.get("CreatedDate"))}
                for page in pages.paginate(ApiId=api, PaginationConfig={"PageSize": PAGE})
                for one in page.get("Items", [])
            ]
        }

    # --- what stands around an API --------------------------------------------------------------

    def _api_key(self, key: str) -> Image:
        found = self._session.apigateway.get_api_key(apiKey=key, includeValue=False)
        return {"enabled": bool(found.get("enabled", False))}

    def _usage_plan(self, plan: str) -> Image:
        found = self._session.apigateway.get_usage_plan(usagePlanId=plan)
        return _some(found, "throttle", "apiStages")

    def _domain_name(self, name: str) -> Image:
        found = self._session.apigateway.get_domain_name(domainName=name)
        return {"securityPolicy": found.get("securityPolicy")}

    def _user_pool(self, pool: str) -> Image:
        found = self._session.cognito_idp.describe_user_pool(UserPoolId=pool)["UserPool"]
        model = self._session.cognito_idp.meta.service_model.operation_model("UpdateUserPool")
        members = model.input_shape.members if model.input_shape else {}
        names = [one for one in members if one != "UserPoolId"]
        image = _some({**found, "PoolName": found.get("Name")}, *names)
        admin = image.get("AdminCreateUserConfig")
        policies = (image.get("Policies") or {}).get("PasswordPolicy") or {}
        if isinstance(admin, dict) and "TemporaryPasswordValidityDays" in policies:
            # AWS refuses an update that says both; the password policy's is the newer one.
            image["AdminCreateUserConfig"] = {
                key: value for key, value in admin.items() if key != "UnusedAccountValidityDays"
            }
        return image

    def _vpc_endpoint(self, endpoint: str) -> Image | None:
        found = self._session.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])
        one = next(iter(found.get("VpcEndpoints", [])), None)
        return {"PolicyDocument": one["PolicyDocument"]} if one is not None else None

    def _ip_set(self, name: str) -> Image | None:
        client = self._session.wafv2
        for one in _listed(client.list_ip_sets, "IPSets"):
            if one["Name"] == name:
                answer = client.get_ip_set(Name=name, Id=one["Id"], Scope="REGIONAL")
                found = _some(
                    answer["IPSet"], "ARN", "Id", "IPAddressVersion", "Addresses", "Description"
                )
                found["Addresses"] = sorted(found["Addresses"])
                return {**found, "LockToken": answer["LockToken"]}
        return None

    def _web_acl(self, name: str) -> Image | None:
        client = self._session.wafv2
        for one in _listed(client.list_web_acls, "WebACLs"):
            if one["Name"] == name:
                answer = client.get_web_acl(Name=name, Id=one["Id"], Scope="REGIONAL")
                found = _some(
                    answer["WebACL"], "ARN", "Id", "DefaultAction", "Rules", "VisibilityConfig",
                    "Description",
                )  # fmt: skip
                return {**found, "LockToken": answer["LockToken"]}
        return None

    def _web_acl_association(self, stage_arn: str) -> Image | None:
        with suppress(self._session.wafv2.exceptions.WAFNonexistentItemException):
            found = self._session.wafv2.get_web_acl_for_resource(ResourceArn=stage_arn)
            if acl := found.get("WebACL"):
                return {"WebACLArn": acl["ARN"]}
        return None


def _listed(call: Callable[..., Any], key: str) -> Iterator[Mapping[str, Any]]:
    marker: dict[str, str] = {}
    while True:
        answer = call(Scope="REGIONAL", Limit=100, **marker)
        yield from answer.get(key, [])
        if not answer.get("NextMarker") or not answer.get(key):
            return
        marker = {"NextMarker": answer["NextMarker"]}


def _guard(method: Mapping[str, Any]) -> dict[str, Any]:
    image = _some(method, "authorizationType", "authorizerId", "authorizationScopes")
    return {**image, "apiKeyRequired": bool(method.get("apiKeyRequired", False))}


def _v2_guard(route: Mapping[str, Any]) -> dict[str, Any]:
    image = _some(route, "RouteKey", "AuthorizationType", "AuthorizerId", "AuthorizationScopes")
    # A route that was made without a word about authorization has none.
    return {**image, "AuthorizationType": image.get("AuthorizationType", "NONE")}


def _some(found: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """These members as JSON. What is empty is left out: AWS says nothing and empty by turns."""
    return {
        name: json.loads(json.dumps(found[name], default=str))
        for name in names
        if found.get(name) not in (None, "", [], {})
    }


def _iso(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _unescaped(text: str) -> str:
    """A resource policy as it was saved: GetRestApi answers the inside of a JSON string."""
    with suppress(ValueError):
        json.loads(text)
        return text
    inner = json.loads(f'"{text}"')
    if not isinstance(inner, str):
        raise TypeError("the resource policy is no text")
    return inner
