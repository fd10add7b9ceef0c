"""The only module that changes the configuration of what Gatewatch judges, and the IAM permissions
each write needs. `template.yaml` is held to the table by a test, and so is every action.

API Gateway's control plane is authorised by HTTP verb on a resource path; a resource policy and a
web ACL need actions of their own besides. Source: Service Authorization Reference, "Actions,
resources, and condition keys for Amazon API Gateway Management" (and V2), "... for AWS WAF V2",
"... for Amazon Cognito User Pools", "... for Amazon EC2"; WAF developer guide, "AssociateWebACL".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from monitor.aws.operations import Permission
from remediators.plan import Call
from remediators.ports import NotWritten

_APIGATEWAY = "arn:${AWS::Partition}:apigateway:${AWS::Region}::"
_OF_ACCOUNT = "${AWS::Region}:${AWS::AccountId}:"


def _on(verb: str, path: str) -> Permission:
    return Permission(f"apigateway:{verb}", _APIGATEWAY + path)


def _of(action: str, resource: str) -> Permission:
    service = action.partition(":")[0]
    return Permission(action, f"arn:${{AWS::Partition}}:{service}:{_OF_ACCOUNT}{resource}")


_REST_STAGE = _APIGATEWAY + "/restapis/*/stages/*"

WRITES: Mapping[str, tuple[Permission, ...]] = MappingProxyType(
    {
        "apigateway:UpdateStage": (_on("PATCH", "/restapis/*/stages/*"),),
        "apigateway:UpdateRestApi": (
            _on("PATCH", "/restapis/*"),
            _on("UpdateRestApiPolicy", "/restapis/*"),
        ),
        "apigateway:UpdateMethod": (_on("PATCH", "/restapis/*/resources/*/methods/*"),),
        "apigateway:CreateDeployment": (_on("POST", "/restapis/*/deployments"),),
        "apigateway:DeleteDeployment": (_on("DELETE", "/restapis/*/deployments/*"),),
        "apigateway:FlushStageAuthorizersCache": (
            _on("DELETE", "/restapis/*/stages/*/cache/authorizers"),
        ),
        "apigateway:UpdateApiKey": (_on("PATCH", "/apikeys/*"),),
        "apigateway:UpdateUsagePlan": (_on("PATCH", "/usageplans/*"),),
        "apigateway:UpdateDomainName": (_on("PATCH", "/domainnames/*"),),
        "apigatewayv2:UpdateApi": (_on("PATCH", "/apis/*"),),
        "apigatewayv2:UpdateStage": (_on("PATCH", "/apis/*/stages/*"),),
        "apigatewayv2:UpdateRoute": (_on("PATCH", "/apis/*/routes/*"),),
        "apigatewayv2:ResetAuthorizersCache": (
            _on("DELETE", "/apis/*/stages/*/cache/authorizers"),
        ),
        "cognito-idp:UpdateUserPool": (_of("cognito-idp:UpdateUserPool", "userpool/*"),),
        "ec2:ModifyVpcEndpoint": (_of("ec2:ModifyVpcEndpoint", "vpc-endpoint/*"),),
        "wafv2:CreateIPSet": (_of("wafv2:CreateIPSet", "regional/ipset/gatewatch-*"),),
        "wafv2:DeleteIPSet": (_of("wafv2:DeleteIPSet", "regional/ipset/gatewatch-*"),),
        "wafv2:CreateWebACL": (
            _of("wafv2:CreateWebACL", "regional/webacl/gatewatch-*"),
            _of("wafv2:CreateWebACL", "regional/ipset/gatewatch-*"),
        ),
        "wafv2:DeleteWebACL": (_of("wafv2:DeleteWebACL", "regional/webacl/gatewatch-*"),),
        "wafv2:AssociateWebACL": (
            _of("wafv2:AssociateWebACL", "regional/webacl/gatewatch-*"),
            Permission("wafv2:AssociateWebACL", _REST_STAGE),
            Permission("apigateway:SetWebACL", _REST_STAGE),
        ),
        "wafv2:DisassociateWebACL": (
            Permission("wafv2:DisassociateWebACL", _REST_STAGE),
            Permission("apigateway:SetWebACL", _REST_STAGE),
        ),
    }
)

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "stages": (
            "apigateway:UpdateStage",
            "apigateway:FlushStageAuthorizersCache",
            "apigatewayv2:UpdateStage",
            "apigatewayv2:ResetAuthorizersCache",
        ),
        "apis": (
            "apigateway:UpdateRestApi",
            "apigateway:UpdateMethod",
            "apigateway:CreateDeployment",
            "apigateway:DeleteDeployment",
            "apigatewayv2:UpdateApi",
            "apigatewayv2:UpdateRoute",
        ),
        "keys": ("apigateway:UpdateApiKey", "apigateway:UpdateUsagePlan"),
        "domains": ("apigateway:UpdateDomainName",),
        "user-pools": ("cognito-idp:UpdateUserPool",),
        "vpc-endpoints": ("ec2:ModifyVpcEndpoint",),
        "waf": (
            "wafv2:CreateIPSet",
            "wafv2:DeleteIPSet",
            "wafv2:CreateWebACL",
            "wafv2:DeleteWebACL",
            "wafv2:AssociateWebACL",
            "wafv2:DisassociateWebACL",
        ),
    }
)
"""What a deployment grants together or not at all."""


def granted(writes: tuple[str, ...], groups: frozenset[str]) -> bool:
    """Whether a deployment that grants these groups can make each of the writes."""
    held = {operation for group in groups for operation in GROUPS.get(group, ())}
    return held.issuperset(writes)


_MAY_PASS = frozenset(
    {
        "TooManyRequestsException",
        "ThrottlingException",
        "Throttling",
        "RequestLimitExceeded",
        "ServiceUnavailableException",
        "InternalServerError",
        "InternalServerErrorException",
        "InternalFailure",
        "InternalError",
        "InternalErrorException",
        "ConflictException",
        "ConcurrentModificationException",
        "WAFUnavailableEntityException",
        "WAFInternalErrorException",
        "WAFOptimisticLockException",
    }
)
_SERVER_FAULT = 500
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Clients(Protocol):
    """Clients with the rights of a plan's session."""

    def client(self, service: str, plan_id: str) -> Any: ...


class AwsWriter:
    """The port `Writer` over boto3."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def write(self, call: Call, plan_id: str) -> None:
        """Raises NotWritten, and KeyError for a call that is in no table."""
        if call.operation not in WRITES:
            raise KeyError(f"{call.operation} is no write of a remedy")
        service, _, operation = call.operation.partition(":")
        try:
            client = self._clients.client(service, plan_id)
            getattr(client, method_name(operation))(**call.arguments)
        except ClientError as error:
            raise NotWritten(_said(error), may_pass=_may_pass(error)) from error
        except BotoCoreError as error:
            # No answer came: it may have been done all the same, and the object will tell.
            raise NotWritten(f"{type(error).__name__}: {error}", may_pass=True) from error


def method_name(operation: str) -> str:
    """boto3's name of an operation."""
    return _WORDS.sub("_", operation).lower()


def _said(error: ClientError) -> str:
    told = error.response.get("Error", {})
    return (
        f"{error.operation_name} answered {told.get('Code', 'nothing')}: {told.get('Message', '')}"
    )


def _may_pass(error: ClientError) -> bool:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return error.response.get("Error", {}).get("Code") in _MAY_PASS or status >= _SERVER_FAULT
