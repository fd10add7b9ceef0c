"""Every AWS operation that the product uses, beside the IAM actions it needs.

`template.yaml` is held to this table by a test. API Gateway's control plane is authorised by HTTP
verb on a resource path, not by operation name. Source: Service Authorization Reference, "Actions,
resources, and condition keys for Amazon API Gateway Management".
"""

from __future__ import annotations

from types import MappingProxyType

READS = MappingProxyType(
    {
        "apigateway:GetRestApis": ("apigateway:GET", "/restapis"),
        "apigateway:GetRestApi": ("apigateway:GET", "/restapis/*"),
        "apigateway:GetStages": ("apigateway:GET", "/restapis/*/stages"),
        "apigateway:GetExport": ("apigateway:GET", "/restapis/*/stages/*/exports/*"),
        "apigateway:GetDeployment": ("apigateway:GET", "/restapis/*/deployments/*"),
        "apigateway:GetResources": ("apigateway:GET", "/restapis/*/resources"),
        "apigateway:GetAuthorizers": ("apigateway:GET", "/restapis/*/authorizers"),
    }
)
"""Operation -> (IAM action, path of the resource ARN `arn:aws:apigateway:REGION::PATH`)."""
