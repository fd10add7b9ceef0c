"""APIs that a tool manages: its next run undoes a fix made beside it, so the plan also says what to
change in the tool's source. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.model.api import ApiSnapshot
from remediators.plan import Kind, Step, Suggestion, changed_paths, value_at

CLOUDFORMATION, TERRAFORM = "CloudFormation", "Terraform"
_STACK = "aws:cloudformation:stack-name"
_LOGICAL_ID = "aws:cloudformation:logical-id"
_MANAGERS = frozenset({"managed-by", "managedby", "managed_by", "provisioner", "created-by", "iac"})
_TERRAFORM = ("terraform", "opentofu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """`source`: the stack, or the tag that names the tool."""

    tool: str
    source: str
    logical_id: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        return (
            f"{self.tool} ({self.source}) manages this API: its next run undoes the fix unless the "
            "source is changed as suggested",
        )


def managed_by(snapshot: ApiSnapshot) -> Managed | None:
    """CloudFormation (SAM and CDK among it) marks what it makes; Terraform leaves that to its
    users, whose usual tags are looked for."""
    tags = snapshot.tags
    if stack := tags.get(_STACK):
        return Managed(
            tool=CLOUDFORMATION, source=f"stack {stack}", logical_id=tags.get(_LOGICAL_ID, "")
        )
    for name, value in tags.items():
        told = value.lower() if name.lower() in _MANAGERS else name.lower()
        if any(one in told for one in _TERRAFORM):
            return Managed(tool=TERRAFORM, source=f"tag {name}={value}")
    return None


def suggestion(managed: Managed, steps: Iterable[Step]) -> Suggestion:
    """What to change in the source, ready for a pull request."""
    lines = [line for step in steps for line in _lines(managed, step)]
    if not lines:
        lines = [
            "# The source still says what opened the hole: revert that change before the next run."
        ]
    return Suggestion(tool=managed.tool, source=managed.source, patch="\n".join(lines) + "\n")


@dataclass(frozen=True, slots=True)
class _Named:
    """Type of a resource in each tool, and member of an image -> property and attribute."""

    cloudformation: str
    terraform: str
    members: Mapping[str, tuple[str, str]]


_SETTINGS = {
    "methodSettings": ("MethodSettings", "settings"),
    "tracingEnabled": ("TracingEnabled", "xray_tracing_enabled"),
    "accessLogSettings": ("AccessLogSetting", "access_log_settings"),
}
_GUARD = ("AuthorizationType", "authorization_type"), ("AuthorizerId", "authorizer_id")
_NAMES: Mapping[Kind, _Named] = {
    Kind.REST_API: _Named(
        "AWS::ApiGateway::RestApi",
        "aws_api_gateway_rest_api",
        {
            "policy": ("Policy", "policy"),
            "disableExecuteApiEndpoint": (
                "DisableExecuteApiEndpoint",
                "disable_execute_api_endpoint",
            ),
        },
    ),
    Kind.REST_METHOD: _Named(
        "AWS::ApiGateway::Method",
        "aws_api_gateway_method",
        {
            "authorizationType": ("AuthorizationType", "authorization"),
            "authorizerId": _GUARD[1],
            "apiKeyRequired": ("ApiKeyRequired", "api_key_required"),
            "authorizationScopes": ("AuthorizationScopes", "authorization_scopes"),
        },
    ),
    Kind.REST_STAGE: _Named("AWS::ApiGateway::Stage", "aws_api_gateway_stage", _SETTINGS),
    Kind.V2_ROUTE: _Named(
        "AWS::ApiGatewayV2::Route",
        "aws_apigatewayv2_route",
        {
            "AuthorizationType": _GUARD[0],
            "AuthorizerId": _GUARD[1],
            "AuthorizationScopes": ("AuthorizationScopes", "authorization_scopes"),
        },
    ),
    Kind.V2_API: _Named(
        "AWS::ApiGatewayV2::Api",
        "aws_apigatewayv2_api",
        {
            "DisableExecuteApiEndpoint": (
                "DisableExecuteApiEndpoint",
                "disable_execute_api_endpoint",
            )
        },
    ),
    Kind.V2_STAGE: _Named(
        "AWS::ApiGatewayV2::Stage",
        "aws_apigatewayv2_stage",
        {
            "DefaultRouteSettings": ("DefaultRouteSettings", "default_route_settings"),
            "RouteSettings": ("RouteSettings", "route_settings"),
            "AccessLogSettings": ("AccessLogSettings", "access_log_settings"),
        },
    ),
    Kind.USAGE_PLAN: _Named(
        "AWS::ApiGateway::UsagePlan",
        "aws_api_gateway_usage_plan",
        {"throttle": ("Throttle", "throttle_settings")},
    ),
    Kind.API_KEY: _Named(
        "AWS::ApiGateway::ApiKey", "aws_api_gateway_api_key", {"enabled": ("Enabled", "enabled")}
    ),
    Kind.DOMAIN_NAME: _Named(
        "AWS::ApiGateway::DomainName",
        "aws_api_gateway_domain_name",
        {"securityPolicy": ("SecurityPolicy", "security_policy")},
    ),
    Kind.VPC_ENDPOINT: _Named(
        "AWS::EC2::VPCEndpoint",
        "aws_vpc_endpoint",
        {"PolicyDocument": ("PolicyDocument", "policy")},
    ),
    Kind.USER_POOL: _Named(
        "AWS::Cognito::UserPool",
        "aws_cognito_user_pool",
        {"AdminCreateUserConfig": ("AdminCreateUserConfig", "admin_create_user_config")},
    ),
}


def _lines(managed: Managed, step: Step) -> Iterator[str]:
    named = _NAMES.get(step.object.kind)
    if named is None or step.after is None:
        return
    members = dict.fromkeys(path[0] for path in changed_paths(step.before, step.after))
    wanted = [(name, value_at(step.after, (name,))) for name in members if name in named.members]
    if not wanted:
        return
    what = "/".join(step.object.ids)
    if managed.tool == CLOUDFORMATION:
        yield f"# {what}, of type {named.cloudformation}"
        yield "    Properties:"
        for name, value in wanted:
            yield f"      {named.members[name][0]}: {json.dumps(_parsed(value))}"
        return
    yield f'resource "{named.terraform}" "..." {{ # {what}'
    for name, value in wanted:
        yield f"  {named.members[name][1]} = {_hcl(value)}"
    yield "}"


def _parsed(value: Any) -> Any:
    """A policy in a string reads better as what it says."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _hcl(value: Any) -> str:
    parsed = _parsed(value)
    if isinstance(parsed, Mapping) and isinstance(value, str):
        return f"jsonencode({json.dumps(parsed)})"
    return json.dumps(parsed)
