"""HTTP and WebSocket APIs: what is read, at which cost, and that only what is served counts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.aws_answers import AwsAnswers, AwsError, body
from tests.builders import ACCOUNT, API
from tests.fakes import FakeClock

from monitor.aws.apigateway import RestApiReads
from monitor.aws.apigatewayv2 import V2ApiReads
from monitor.aws.collect import SnapshotReader
from monitor.aws.collect_v2 import AUTO_DEPLOYED
from monitor.model.api import (
    ApiSnapshot,
    ApiType,
    AuthorizationType,
    AuthorizerKind,
    Cors,
    EndpointType,
    IpAddressType,
    Route,
)
from monitor.model.behind import MethodSettings, Throttle
from monitor.model.change import ApiFamily
from monitor.model.gaps import Unknown

DENIED = AwsError("AccessDeniedException", 403)
GONE = AwsError("NotFoundException", 404)

HTTP_API = {
    "ApiId": API.api_id,
    "Name": "shop",
    "ProtocolType": "HTTP",
    "ApiEndpoint": "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
    "IpAddressType": "dualstack",
    "DisableExecuteApiEndpoint": False,
    "Tags": {"exposure": "internal"},
    "CorsConfiguration": {"AllowOrigins": ["*"], "AllowMethods": ["GET"], "MaxAge": 60},
}
AUTO = {
    "StageName": "$default",
    "AutoDeploy": True,
    "DeploymentId": "d1",
    "LastDeploymentStatusMessage": "Successfully deployed stage with deployment ID 'd1'",
}
PINNED = {"StageName": "prod", "AutoDeploy": False, "DeploymentId": "d0"}
ROUTES = {
    "Items": [
        {
            "RouteKey": "GET /orders",
            "AuthorizationType": "JWT",
            "AuthorizerId": "au1",
            "AuthorizationScopes": ["orders/read"],
        },
        {"RouteKey": "$default", "AuthorizationType": "NONE"},
    ]
}
AUTHORIZERS = {
    "Items": [
        {
            "AuthorizerId": "au1",
            "Name": "tokens",
            "AuthorizerType": "JWT",
            "IdentitySource": ["$request.header.Authorization"],
            "JwtConfiguration": {"Issuer": "https://id.example.com", "Audience": ["shop"]},
        }
    ]
}
EXPORT = {
    "openapi": "3.0.1",
    "paths": {
        "/orders": {"get": {"security": [{"tokens": ["orders/read"]}]}},
        "/$default": {"x-amazon-apigateway-any-method": {"isDefaultRoute": True}},
    },
    "components": {
        "securitySchemes": {
            "tokens": {
                "type": "oauth2",
                "x-amazon-apigateway-authorizer": {
                    "type": "jwt",
                    "identitySource": "$request.header.Authorization",
                    "jwtConfiguration": {"issuer": "https://old.example.com", "audience": ["x"]},
                },
            }
        }
    },
}


def answers(**changed: Any) -> AwsAnswers:
    return AwsAnswers(
        **{
            "GetRestApis": {"items": []},
            "GetRestApi": GONE,
            "apigatewayv2:GetApis": {"Items": [HTTP_API]},
            "apigatewayv2:GetApi": HTTP_API,
            "apigatewayv2:GetRoutes": ROUTES,
            "apigatewayv2:GetStages": {"Items": [AUTO]},
            "apigatewayv2:GetAuthorizers": AUTHORIZERS,
            "apigatewayv2:ExportApi": lambda _params: body(json.dumps(EXPORT).encode()),
            **{f"apigatewayv2:{name}": answer for name, answer in changed.items()},
        }
    )


def reader(given: AwsAnswers) -> SnapshotReader:
    return SnapshotReader(
        RestApiReads(given.client()),
        V2ApiReads(given.client("apigatewayv2")),
        FakeClock(),
        account_id=ACCOUNT,
        region="us-east-1",
    )


def read(given: AwsAnswers | None = None, **changed: Any) -> ApiSnapshot:
    snapshot = reader(given or answers(**changed)).read(replace(API, family=ApiFamily.V2))
    assert snapshot is not None
    return snapshot


def test_an_http_api_is_read_whole() -> None:
    snapshot = read()

    assert snapshot.api_type is ApiType.HTTP
    assert snapshot.name == "shop"
    assert snapshot.endpoint_types == (EndpointType.REGIONAL,)
    assert snapshot.ip_address_type is IpAddressType.DUALSTACK
    assert snapshot.tags == {"exposure": "internal"}
    assert snapshot.cors == Cors(allow_origins=("*",), allow_methods=("GET",), max_age_seconds=60)
    assert snapshot.draft is not None
    assert snapshot.draft.routes == (
        Route(
            key="GET /orders",
            authorization=AuthorizationType.JWT,
            authorizer_id="au1",
            scopes=("orders/read",),
        ),
        Route(key="$default", authorization=AuthorizationType.NONE),
    )
    authorizer = snapshot.draft.authorizers["au1"]
    assert authorizer.kind is AuthorizerKind.JWT
    assert (authorizer.issuer, authorizer.audiences) == ("https://id.example.com", ("shop",))
    assert snapshot.deployments == {"d1": snapshot.draft}
    assert snapshot.gaps == ()


def test_a_listed_api_costs_three_calls_and_two_without_an_authorizer() -> None:
    given = answers()
    source = reader(given)
    (listed,) = source.list_apis().apis
    given.calls.clear()

    source.read(listed)

    assert given.calls == {
        "apigatewayv2:GetRoutes": 1,
        "apigatewayv2:GetStages": 1,
        "apigatewayv2:GetAuthorizers": 1,
    }

    plain = answers(GetRoutes={"Items": [{"RouteKey": "$default", "AuthorizationType": "NONE"}]})
    source = reader(plain)
    source.list_apis()
    plain.calls.clear()
    source.read(listed)

    assert sum(plain.calls.values()) == 2


def test_one_event_costs_four_calls() -> None:
    given = answers()

    read(given)

    assert sum(given.calls.values()) == 4


def test_both_families_are_listed_and_one_failure_spoils_only_its_own() -> None:
    given = answers()
    given.answers["GetRestApis"] = {"items": [{"id": "rest1"}]}
    assert [api.api_id for api in reader(given).list_apis().apis] == ["rest1", API.api_id]

    given.answers["GetRestApis"] = DENIED
    listing = reader(given).list_apis()
    assert [api.api_id for api in listing.apis] == [API.api_id]
    assert [(gap.operation, gap.unknown) for gap in listing.gaps] == [
        ("GetRestApis", Unknown.LISTING)
    ]


def test_the_family_of_an_id_is_found_out_once() -> None:
    given = answers()
    source = reader(given)

    assert source.read(API) is not None
    assert given.calls["GetRestApi"] == 1
    assert source.read(API) is not None
    assert given.calls["GetRestApi"] == 1


def test_where_rest_is_denied_the_api_may_still_be_of_the_other_family() -> None:
    given = answers()
    given.answers["GetRestApi"] = DENIED

    snapshot = reader(given).read(API)

    assert snapshot is not None
    assert snapshot.api_type is ApiType.HTTP
    assert snapshot.gaps == ()


def test_denied_in_one_family_and_unknown_in_the_other_is_not_gone() -> None:
    given = answers(GetApi=GONE)
    given.answers["GetRestApi"] = DENIED

    snapshot = reader(given).read(API)

    assert snapshot is not None
    assert [gap.unknown for gap in snapshot.gaps] == [Unknown.API]


def test_an_api_in_neither_family_is_gone() -> None:
    assert reader(answers(GetApi=GONE)).read(API) is None


def test_an_api_deleted_after_it_was_listed_is_gone() -> None:
    given = answers(GetApi=GONE, GetRoutes=GONE, GetStages=GONE)
    source = reader(given)
    source.list_apis()

    assert source.read(API) is None


def test_a_stage_without_auto_deploy_serves_its_export() -> None:
    snapshot = read(GetStages={"Items": [PINNED]})

    live = snapshot.deployments["d0"]
    assert [(route.key, route.authorization) for route in live.routes or ()] == [
        ("GET /orders", AuthorizationType.JWT),
        ("$default", AuthorizationType.NONE),
    ]
    assert live.authorizers["tokens"].issuer == "https://old.example.com"
    assert snapshot.draft is not None
    assert snapshot.draft.authorizers["au1"].issuer == "https://id.example.com"


def test_stages_on_one_deployment_share_one_export() -> None:
    stages = [PINNED, {**PINNED, "StageName": "test"}, {**PINNED, "DeploymentId": "d2"}]
    given = answers(GetStages={"Items": stages})

    read(given)

    assert given.calls["apigatewayv2:ExportApi"] == 2


def test_without_its_export_a_pinned_stage_is_unknown() -> None:
    snapshot = read(GetStages={"Items": [PINNED]}, ExportApi=DENIED)

    assert snapshot.deployments == {}
    assert [(gap.operation, gap.unknown) for gap in snapshot.gaps] == [
        ("ExportApi", Unknown.LIVE_ROUTES)
    ]


def test_a_stage_whose_automatic_deployment_failed_serves_its_export() -> None:
    failed = {**AUTO, "LastDeploymentStatusMessage": "Deployment attempt failed: no integration"}
    given = answers(GetStages={"Items": [failed]})

    snapshot = read(given)

    assert given.calls["apigatewayv2:ExportApi"] == 1
    assert snapshot.deployments["d1"].authorizers.keys() == {"tokens"}


def test_a_stage_that_follows_the_draft_serves_it_before_its_first_deployment_is_told() -> None:
    snapshot = read(GetStages={"Items": [{"StageName": "$default", "AutoDeploy": True}]})

    assert snapshot.stages[0].deployment_id == AUTO_DEPLOYED
    assert snapshot.deployments == {AUTO_DEPLOYED: snapshot.draft}


def test_what_hides_the_draft_hides_what_a_stage_serves_that_follows_it() -> None:
    routes = read(GetRoutes=DENIED)
    authorizers = read(GetAuthorizers=DENIED)

    assert routes.deployments == {}
    assert [gap.unknown for gap in routes.gaps] == [Unknown.LIVE_ROUTES]
    assert [gap.unknown for gap in authorizers.gaps] == [Unknown.LIVE_GUARDS]


WEBSOCKET = {**HTTP_API, "ProtocolType": "WEBSOCKET", "CorsConfiguration": {}}
CONNECT = {
    "Items": [{"RouteKey": "$connect", "AuthorizationType": "AWS_IAM", "ApiKeyRequired": True}]
}


def test_a_websocket_stage_that_follows_the_draft_serves_it() -> None:
    snapshot = read(GetApi=WEBSOCKET, GetRoutes=CONNECT)

    assert snapshot.api_type is ApiType.WEBSOCKET
    assert snapshot.cors is None
    assert snapshot.deployments["d1"].routes == (
        Route(key="$connect", authorization=AuthorizationType.AWS_IAM, api_key_required=True),
    )
    assert snapshot.gaps == ()


def test_the_authorizers_answer_may_bring_the_key() -> None:
    by_authorizer = {"ApiKeySelectionExpression": "$context.authorizer.usageIdentifierKey"}

    assert read(GetApi={**WEBSOCKET, **by_authorizer}).api_key_source == "AUTHORIZER"
    assert read(GetApi=WEBSOCKET).api_key_source == "HEADER"


@pytest.mark.parametrize("operation", ["GetRestApis", "apigatewayv2:GetApis"])
def test_a_listing_that_is_not_found_is_no_empty_account(operation: str) -> None:
    given = answers()
    given.answers[operation] = GONE

    assert [gap.unknown for gap in reader(given).list_apis().gaps] == [Unknown.LISTING]


def test_nobody_can_read_what_a_pinned_websocket_stage_serves() -> None:
    given = answers(GetApi=WEBSOCKET, GetRoutes=CONNECT, GetStages={"Items": [PINNED, AUTO]})

    snapshot = read(given)

    assert set(snapshot.deployments) == {"d1"}
    assert [(gap.error_code, gap.unknown, gap.subject) for gap in snapshot.gaps] == [
        ("NoDeployedRoutes", Unknown.LIVE_ROUTES, f"v2/apis/{API.api_id}/stages/prod")
    ]
    assert given.calls["apigatewayv2:ExportApi"] == 0


@pytest.mark.parametrize(
    ("changed", "operation"),
    [
        (
            {"GetRoutes": {"Items": [{"RouteKey": "$default", "AuthorizationType": "TELEPATHY"}]}},
            "GetRoutes",
        ),
        (
            {"GetAuthorizers": {"Items": [{"AuthorizerId": "au1", "AuthorizerType": "ORACLE"}]}},
            "GetAuthorizers",
        ),
        ({"GetApi": {**HTTP_API, "ProtocolType": "MQTT"}}, "GetApi"),
    ],
)
def test_a_word_nobody_knows_is_a_gap(changed: dict[str, Any], operation: str) -> None:
    snapshot = read(**changed)

    assert [(gap.operation, gap.error_code) for gap in snapshot.gaps] == [
        (operation, "UnknownValue")
    ]


@pytest.mark.parametrize("operation", ["GetRoutes", "GetStages", "GetAuthorizers"])
@pytest.mark.parametrize("answer", [{"Items": [{}]}, {"Items": [None]}, {"Items": [{"x": []}]}])
def test_a_misshapen_answer_is_a_gap(operation: str, answer: dict[str, Any]) -> None:
    gaps = read(**{operation: answer}).gaps

    assert [(gap.operation, gap.error_code) for gap in gaps] == [(operation, "MalformedAnswer")]


def test_a_page_loop_is_a_gap() -> None:
    gaps = read(GetRoutes={"Items": [], "NextToken": "again"}).gaps

    assert [(gap.operation, gap.error_code) for gap in gaps] == [("GetRoutes", "PaginationError")]


def test_stage_settings_are_kept_and_stage_variables_are_not() -> None:
    stage = {
        **AUTO,
        "StageVariables": {"password": "hunter2"},
        "AccessLogSettings": {"DestinationArn": "arn:aws:logs:us-east-1:1:log-group:x"},
        "DefaultRouteSettings": {"ThrottlingRateLimit": 10.0, "ThrottlingBurstLimit": 5},
        "RouteSettings": {"GET /orders": {"ThrottlingRateLimit": 1.0}},
    }

    snapshot = read(GetStages={"Items": [stage]})

    assert snapshot.stages[0].access_log_arn == "arn:aws:logs:us-east-1:1:log-group:x"
    assert snapshot.stages[0].settings == {
        "$default": MethodSettings(throttle=Throttle(rate=10.0, burst=5)),
        "GET /orders": MethodSettings(throttle=Throttle(rate=1.0)),
    }
    assert "hunter2" not in repr(snapshot)
