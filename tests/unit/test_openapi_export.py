"""GetExport's document -> what the stage serves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.aws.asking import MalformedAnswer
from monitor.aws.openapi_export import parse_export
from monitor.model.api import (
    AuthorizationType,
    Authorizer,
    AuthorizerKind,
    PolicySource,
    ResourcePolicy,
    Route,
)

NO_POLICY = ResourcePolicy(text=None, source=PolicySource.SAVED)
SAVED = ResourcePolicy(text='{"Statement":[]}', source=PolicySource.SAVED)
URI = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:x/invocations"

SCHEMES = {
    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
    "sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "tokens": {
        "type": "apiKey",
        "name": "X-Token",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
            "type": "token",
            "authorizerUri": URI,
            "authorizerResultTtlInSeconds": 60,
        },
    },
    "pool": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {
            "type": "cognito_user_pools",
            "providerARNs": ["arn:aws:cognito-idp:eu-west-1:123456789012:userpool/p"],
        },
    },
    "mystery": {"type": "http", "scheme": "basic"},
}


def export(**operations: dict[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.0.1",
        "paths": {"/orders": operations},
        "components": {"securitySchemes": SCHEMES},
    }


def parse(document: object, saved: ResourcePolicy = NO_POLICY) -> Any:
    return parse_export(json.dumps(document).encode(), saved)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({}, Route(key="GET /orders", authorization=AuthorizationType.NONE)),
        (
            {"security": [{"sigv4": []}]},
            Route(key="GET /orders", authorization=AuthorizationType.AWS_IAM),
        ),
        (
            {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}},
            Route(key="GET /orders", authorization=AuthorizationType.AWS_IAM),
        ),
        (
            {"security": [{"sigv4": []}], "x-amazon-apigateway-auth": {"type": "AWS_IAM"}},
            Route(key="GET /orders", authorization=AuthorizationType.AWS_IAM),
        ),
        (
            {"security": [{"api_key": []}]},
            Route(key="GET /orders", authorization=AuthorizationType.NONE, api_key_required=True),
        ),
        (
            {"security": [{"api_key": []}, {"tokens": []}]},
            Route(
                key="GET /orders",
                authorization=AuthorizationType.CUSTOM,
                authorizer_id="tokens",
                api_key_required=True,
            ),
        ),
        (
            {"security": [{"pool": ["orders/read"]}]},
            Route(
                key="GET /orders",
                authorization=AuthorizationType.COGNITO_USER_POOLS,
                authorizer_id="pool",
                scopes=("orders/read",),
            ),
        ),
        # What nobody documented is unknown: not open, not closed.
        ({"security": [{"mystery": []}]}, Route(key="GET /orders", authorization=None)),
        ({"security": [{"absent": []}]}, Route(key="GET /orders", authorization=None)),
        (
            {"security": [{"sigv4": []}, {"tokens": []}]},
            Route(key="GET /orders", authorization=None),
        ),
    ],
)
def test_how_a_method_is_guarded(operation: dict[str, Any], expected: Route) -> None:
    assert parse(export(get=operation)).routes == (expected,)


def test_the_any_method_and_what_is_no_method() -> None:
    document = export(**{"x-amazon-apigateway-any-method": {}, "parameters": {}, "options": {}})

    assert [route.key for route in parse(document).routes] == ["ANY /orders", "OPTIONS /orders"]


def test_authorizers_come_with_what_they_demand() -> None:
    authorizers = parse(export(get={})).authorizers

    assert authorizers["tokens"] == Authorizer(
        authorizer_id="tokens",
        name="tokens",
        kind=AuthorizerKind.TOKEN,
        identity_sources=("method.request.header.X-Token",),
        cache_ttl_seconds=60,
        function_uri=URI,
    )
    assert authorizers["pool"].user_pool_arns == (
        "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/p",
    )


def test_the_exported_policy_is_the_deployed_one() -> None:
    policy = {"Version": "2012-10-17", "Statement": []}

    found = parse({**export(get={}), "x-amazon-apigateway-policy": policy}, SAVED).policies

    assert [json.loads(item.text or "") for item in found] == [policy]
    assert found[0].source is PolicySource.EXPORT


def test_a_missing_policy_is_none_only_if_the_api_has_none() -> None:
    none = ResourcePolicy(text=None, source=PolicySource.EXPORT)

    assert parse(export(get={})).policies == (none,)
    assert parse(export(get={}), SAVED).policies == (none, SAVED)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"paths": []}',
        b"{}",
        b'{"paths": {"/": {"get": {"security": "x"}}}}',
        b'{"paths": {"/": {"get": []}}}',
        b'{"paths": {}, "x-amazon-apigateway-policy": {"Statement": 1, "Statement": 2}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_malformed_export_is_no_empty_api(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        parse_export(body, NO_POLICY)
