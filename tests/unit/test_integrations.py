"""Where requests go: read from methods, exports and routes, and nothing kept of an address."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.aws_answers import body
from tests.unit import test_collect_v2 as v2
from tests.unit.test_collect import read

from monitor.aws.integrations import integration, origins_reflected
from monitor.model.api import Route, Stage
from monitor.model.behind import Integration, IntegrationKind, MethodSettings

HTTP = IntegrationKind.HTTP
LISTENER = "arn:aws:elasticloadbalancing:us-east-1:1:listener/app/a/b/c"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "MOCK"}, Integration(kind=IntegrationKind.MOCK)),
        (
            {"type": "AWS_PROXY", "uri": "arn:aws:apigateway:x"},
            Integration(kind=IntegrationKind.AWS),
        ),
        ({"type": "http_proxy", "uri": "https://a.b"}, Integration(kind=HTTP, encrypted=True)),
        ({"type": "HTTP", "uri": "HTTP://a.b"}, Integration(kind=HTTP, encrypted=False)),
        (
            {"type": "HTTP", "uri": "http://${stageVariables.host}/"},
            Integration(kind=HTTP, encrypted=False),
        ),
        ({"type": "HTTP", "uri": "${stageVariables.url}"}, Integration(kind=HTTP)),
        (
            {"type": "HTTP_PROXY", "uri": "http://nlb", "connectionType": "VPC_LINK"},
            Integration(kind=HTTP, private=True, encrypted=False),
        ),
        (
            {"type": "http_proxy", "uri": LISTENER, "connectionType": "VPC_LINK"},
            Integration(kind=HTTP, private=True, encrypted=False),
        ),
        (
            {
                "type": "http_proxy",
                "uri": LISTENER,
                "connectionType": "VPC_LINK",
                "tlsConfig": {"serverNameToVerify": "orders.example.com"},
            },
            Integration(kind=HTTP, private=True, encrypted=True),
        ),
        (
            {"type": "HTTP", "uri": "https://a", "tlsConfig": {"insecureSkipVerification": True}},
            Integration(kind=HTTP, encrypted=True, unverified=True),
        ),
        ({"type": "QUANTUM"}, Integration()),
        ({}, Integration()),
        (None, None),
        ("AWS", None),
    ],
)
def test_an_integration(given: object, expected: Integration | None) -> None:
    assert integration(given) == expected


def test_a_drafted_and_a_deployed_method_tell_where_requests_go() -> None:
    address = "https://user-secret.example.com/orders"
    method = {"methodIntegration": {"type": "HTTP", "uri": address}, "authorizationType": "NONE"}
    operation = {"x-amazon-apigateway-integration": {"type": "http", "uri": address}}
    export = {"openapi": "3.0.1", "paths": {"/orders": {"get": operation}}}

    snapshot = read(
        GetResources={"items": [{"path": "/orders", "resourceMethods": {"GET": method}}]},
        GetExport=lambda _params: body(json.dumps(export).encode()),
    )

    for served in (snapshot.draft, snapshot.deployments["d1"]):
        assert served is not None
        assert served.routes is not None
        assert served.routes[0].integration == Integration(kind=HTTP, encrypted=True)
    assert "user-secret" not in repr(snapshot)


def test_a_route_of_an_http_api_names_its_integration() -> None:
    routes = {"Items": [{"RouteKey": "GET /orders", "Target": "integrations/i1"}]}

    snapshot = v2.read(GetRoutes=routes)

    assert snapshot.draft is not None
    assert snapshot.draft.routes is not None
    assert snapshot.draft.routes[0].integration == Integration(integration_id="i1")


def response(origin: str, credentials: str | None = "'true'") -> dict[str, Any]:
    parameters = {"gatewayresponse.header.Access-Control-Allow-Origin": origin}
    if credentials:
        parameters["gatewayresponse.header.Access-Control-Allow-Credentials"] = credentials
    return {"statusCode": 401, "responseParameters": parameters}


@pytest.mark.parametrize(
    ("given", "reflected"),
    [
        (response("method.request.header.Origin"), True),
        (response("method.request.multivalueheader.origin"), True),
        (response("method.request.header.Origin", None), False),
        (response("method.request.header.Origin", "'false'"), False),
        (response("'*'"), False),  # browsers refuse it
        (response("'https://app.example.com'"), False),
        ({}, False),
        ("text", False),
        ({"responseParameters": ["a"]}, False),
    ],
)
def test_which_errors_any_page_may_read(given: object, reflected: bool) -> None:
    assert list(origins_reflected({"DEFAULT_4XX": given})) == (["DEFAULT_4XX"] if reflected else [])


def test_gateway_responses_are_read_from_the_export() -> None:
    export = {
        "openapi": "3.0.1",
        "paths": {"/orders": {"get": {}}},
        "x-amazon-apigateway-gateway-responses": {
            "UNAUTHORIZED": response("method.request.header.Origin")
        },
    }

    snapshot = read(GetExport=lambda _params: body(json.dumps(export).encode()))

    assert snapshot.deployments["d1"].reflects_origin == ("UNAUTHORIZED",)


OWN, ALL = MethodSettings(logging_level="INFO"), MethodSettings(logging_level="OFF")


@pytest.mark.parametrize(
    ("key", "settings", "expected"),
    [
        ("GET /pets/{id}", {"~1pets~1{id}/GET": OWN, "*/*": ALL}, OWN),
        ("GET /pets", {"pets/GET": OWN, "*/*": ALL}, OWN),
        ("GET /", {"~1/GET": OWN, "*/*": ALL}, OWN),
        ("POST /pets", {"~1pets/GET": OWN, "*/*": ALL}, ALL),
        ("$connect", {"$connect": OWN, "$default": ALL}, OWN),
        ("GET /pets", {"GET /pets": OWN, "$default": ALL}, OWN),
        ("sendMessage", {"$connect": OWN, "$default": ALL}, ALL),
        ("GET /pets", {}, MethodSettings()),
    ],
)
def test_what_a_route_sets_for_itself_wins(
    key: str, settings: dict[str, MethodSettings], expected: MethodSettings
) -> None:
    stage = Stage(name="prod", deployment_id="d1", settings=settings)

    assert stage.settings_of(Route(key=key, authorization=None)) == expected
