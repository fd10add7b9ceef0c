"""Every AWS operation that reads what is judged, beside the IAM permission it needs.

`template.yaml` is held to this table by a test, and so is every reader. API Gateway's control plane
is authorised by HTTP verb on a resource path, not by operation name; routing rules are the
exception. Resources are written as in the template; the regions are those that are watched, by a
condition there. Source: Service Authorization Reference,
"Actions, resources, and condition keys" of each service.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Permission(NamedTuple):
    action: str
    resource: str


_APIGATEWAY = "arn:${AWS::Partition}:apigateway:*::"
_OF_ACCOUNT = "*:${AWS::AccountId}:"


def _get(*paths: str) -> tuple[Permission, ...]:
    return tuple(Permission("apigateway:GET", _APIGATEWAY + path) for path in paths)


def _private_domain(action: str, path: str) -> Permission:
    """The ARN of a private custom domain names the account, that of any other does not."""
    return Permission(action, f"arn:${{AWS::Partition}}:apigateway:{_OF_ACCOUNT}{path}")


def _of_account(action: str, resource: str) -> tuple[Permission, ...]:
    service = action.partition(":")[0]
    return (Permission(action, f"arn:${{AWS::Partition}}:{service}:{_OF_ACCOUNT}{resource}"),)


READS: Mapping[str, tuple[Permission, ...]] = MappingProxyType(
    {
        "apigateway:GetRestApis": _get("/restapis"),
        "apigateway:GetRestApi": _get("/restapis/*"),
        "apigateway:GetStages": _get("/restapis/*/stages"),
        "apigateway:GetExport": _get("/restapis/*/stages/*/exports/*"),
        "apigateway:GetDeployment": _get("/restapis/*/deployments/*"),
        "apigateway:GetResources": _get("/restapis/*/resources"),
        "apigateway:GetAuthorizers": _get("/restapis/*/authorizers"),
        "apigateway:GetDomainNames": _get("/domainnames"),
        "apigateway:GetBasePathMappings": (
            *_get("/domainnames/*/basepathmappings"),
            _private_domain("apigateway:GET", "/domainnames/*/basepathmappings"),
        ),
        "apigateway:GetDomainNameAccessAssociations": _get("/domainnameaccessassociations"),
        "apigateway:GetUsagePlans": _get("/usageplans"),
        "apigateway:GetUsagePlanKeys": _get("/usageplans/*/keys"),
        "apigateway:GetUsage": _get("/usageplans/*/usage"),
        "apigateway:GetApiKeys": _get("/apikeys"),
        "apigateway:GetVpcLinks": _get("/vpclinks"),
        "apigateway:GetAccount": _get("/account"),
        "apigatewayv2:GetApis": _get("/apis"),
        "apigatewayv2:GetApi": _get("/apis/*"),
        "apigatewayv2:GetStages": _get("/apis/*/stages"),
        "apigatewayv2:GetRoutes": _get("/apis/*/routes"),
        "apigatewayv2:GetAuthorizers": _get("/apis/*/authorizers"),
        "apigatewayv2:GetIntegrations": _get("/apis/*/integrations"),
        "apigatewayv2:GetVpcLinks": _get("/vpclinks"),
        "apigatewayv2:ExportApi": _get("/apis/*/exports/*"),
        "apigatewayv2:GetApiMappings": _get("/domainnames/*/apimappings"),
        "apigatewayv2:ListRoutingRules": (
            Permission("apigateway:ListRoutingRules", f"{_APIGATEWAY}/domainnames/*/routingrules"),
            _private_domain("apigateway:ListRoutingRules", "/domainnames/*/routingrules"),
        ),
        "cloudfront:ListDistributions": (Permission("cloudfront:ListDistributions", "*"),),
        "ec2:DescribeVpcEndpoints": (Permission("ec2:DescribeVpcEndpoints", "*"),),
        "wafv2:GetWebACL": _of_account("wafv2:GetWebACL", "regional/webacl/*"),
        "wafv2:GetIPSet": _of_account("wafv2:GetIPSet", "regional/ipset/*"),
        "cognito-idp:DescribeUserPool": _of_account("cognito-idp:DescribeUserPool", "userpool/*"),
        "cognito-idp:ListUserPoolClients": _of_account(
            "cognito-idp:ListUserPoolClients", "userpool/*"
        ),
        "lambda:GetPolicy": _of_account("lambda:GetPolicy", "function:*"),
        "lambda:ListTags": _of_account("lambda:ListTags", "function:*"),
    }
)

READS_OF_IDENTITIES: Mapping[str, tuple[Permission, ...]] = MappingProxyType(
    {
        "iam:GetAccountAuthorizationDetails": (
            Permission("iam:GetAccountAuthorizationDetails", "*"),
        ),
    }
)
"""Needed only where the identity side is asked for; the template grants it to no function."""

READS_OF_REGIONS: Mapping[str, tuple[Permission, ...]] = MappingProxyType(
    {"ec2:DescribeRegions": (Permission("ec2:DescribeRegions", "*"),)}
)
"""Needed only by a scan of all regions, which no function of the template makes."""
