"""Reads -> one snapshot: the calls it costs, and that nothing unread looks read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from tests.aws_answers import AwsAnswers, AwsError, body
from tests.builders import ACCOUNT, API
from tests.demo.company import FENCED
from tests.fakes import FakeClock

from monitor.aws.apigateway import RestApiReads
from monitor.aws.apigatewayv2 import V2ApiReads
from monitor.aws.collect import SnapshotReader
from monitor.model.api import (
    ApiSnapshot,
    AuthorizationType,
    AuthorizerKind,
    EndpointType,
    IpAddressType,
    PolicySource,
    ResourcePolicy,
    Route,
)
from monitor.model.behind import MethodSettings, Throttle
from monitor.model.gaps import Unknown
from monitor.ports import ExportCache
from monitor.stores.memory import MemoryExports

DENIED = AwsError("AccessDeniedException", 403)
THROTTLED = AwsError("TooManyRequestsException", 429)
GONE = AwsError("NotFoundException", 404)

REST_API = {
    "id": API.api_id,
    "name": "orders",
    "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "dualstack"},
    "apiKeySource": "HEADER",
    "disableExecuteApiEndpoint": False,
    "tags": {"exposure": "internal"},
    "policy": r"{\"Version\":\"2012-10-17\",\"Statement\":[]}",
}
EXPORT = {
    "openapi": "3.0.1",
    "paths": {"/orders": {"get": {}}},
    "x-amazon-apigateway-policy": json.loads(FENCED),
}
RESOURCES = {
    "items": [
        {"id": "r1", "path": "/"},
        {
            "id": "r2",
            "path": "/orders",
            "resourceMethods": {
                "GET": {
                    "httpMethod": "GET",
                    "authorizationType": "CUSTOM",
                    "authorizerId": "au1",
                    "apiKeyRequired": True,
                }
            },
        },
    ]
}
AUTHORIZERS = {
    "items": [
        {
            "id": "au1",
            "name": "tokens",
            "type": "REQUEST",
            "identitySource": "method.request.header.A, method.request.querystring.b",
            "authorizerResultTtlInSeconds": 0,
        }
    ]
}


def answers(**changed: Any) -> AwsAnswers:
    return AwsAnswers(
        **{
            "GetRestApis": {"items": [REST_API]},
            "GetRestApi": REST_API,
            "GetStages": {"item": [{"stageName": "prod", "deploymentId": "d1"}]},
            "GetExport": lambda _params: body(json.dumps(EXPORT).encode()),
            "GetDeployment": {
                "id": "d1",
                "apiSummary": {
                    "/orders": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}
                },
            },
            "GetResources": RESOURCES,
            "GetAuthorizers": AUTHORIZERS,
            "GetAccount": {},
            "apigatewayv2:GetApis": {"Items": []},
            "apigatewayv2:GetApi": GONE,
            **changed,
        }
    )


def reader(given: AwsAnswers, exports: ExportCache | None = None) -> SnapshotReader:
    return SnapshotReader(
        RestApiReads(given.client()),
        V2ApiReads(given.client("apigatewayv2")),
        FakeClock(),
        account_id=ACCOUNT,
        region="us-east-1",
        exports=exports,
    )


def read(**changed: Any) -> ApiSnapshot:
    snapshot = reader(answers(**changed)).read(API)
    assert snapshot is not None
    return snapshot


def test_an_api_is_read_whole() -> None:
    snapshot = read()

    assert snapshot.name == "orders"
    assert snapshot.endpoint_types == (EndpointType.REGIONAL,)
    assert snapshot.ip_address_type is IpAddressType.DUALSTACK
    assert snapshot.tags == {"exposure": "internal"}
    assert snapshot.custom_domains is None
    live = snapshot.deployments["d1"]
    assert live.routes == (Route(key="GET /orders", authorization=AuthorizationType.NONE),)
    assert [policy.source for policy in live.policies] == [PolicySource.EXPORT]
    assert snapshot.draft is not None
    assert snapshot.draft.routes == (
        Route(
            key="GET /orders",
            authorization=AuthorizationType.CUSTOM,
            authorizer_id="au1",
            api_key_required=True,
        ),
    )
    assert snapshot.draft.authorizers["au1"].kind is AuthorizerKind.REQUEST
    assert snapshot.draft.authorizers["au1"].identity_sources == (
        "method.request.header.A",
        "method.request.querystring.b",
    )
    assert snapshot.draft.policies == (
        ResourcePolicy(text=REST_API["policy"], source=PolicySource.SAVED),
    )
    assert snapshot.gaps == ()


def test_one_event_costs_five_calls_and_one_for_the_drafts_authorizers() -> None:
    given = answers(
        GetStages={
            "item": [
                {"stageName": "prod", "deploymentId": "d1"},
                {"stageName": "test", "deploymentId": "d2"},
                {"stageName": "dev", "deploymentId": "d2"},
            ]
        }
    )

    reader(given).read(API)

    assert given.calls == {
        "GetRestApi": 1,
        "GetStages": 1,
        "GetResources": 1,
        "GetAuthorizers": 1,
        "GetExport": 2,
    }


def test_a_scan_does_not_ask_again_for_what_the_listing_said() -> None:
    given = answers()
    source = reader(given)

    (listed,) = source.list_apis().apis
    source.read(listed)

    assert given.calls["GetRestApi"] == 0
    assert given.calls["GetRestApis"] == 1


def test_authorizers_are_read_only_where_a_method_names_one() -> None:
    given = answers(GetResources={"items": []})

    reader(given).read(API)

    assert given.calls["GetAuthorizers"] == 0


def test_whether_the_authorizers_were_read_is_told() -> None:
    """Those that guard nothing are seen only where they were asked for."""
    unnamed = {"path": "/", "resourceMethods": {"GET": {"authorizationType": "NONE"}}}
    for changed, known in (
        ({}, True),
        ({"GetAuthorizers": DENIED}, False),
        ({"GetResources": {"items": [unnamed]}}, False),
    ):
        draft = read(**changed).draft
        assert draft is not None
        assert draft.authorizers_read is known
    assert read().deployments["d1"].authorizers_read
    assert not read(GetExport=DENIED).deployments["d1"].authorizers_read


def test_pages_are_followed_to_the_end() -> None:
    def page(params: Any) -> Any:
        position = params["query_string"].get("position")
        number = int(position or 0)
        item = {**REST_API, "id": f"api{number}"}
        return {"items": [item], **({"position": str(number + 1)} if number < 2 else {})}

    listing = reader(answers(GetRestApis=page)).list_apis()

    assert [api.api_id for api in listing.apis] == ["api0", "api1", "api2"]


def test_a_page_loop_is_a_gap_and_no_endless_read() -> None:
    listing = reader(answers(GetRestApis={"items": [REST_API], "position": "again"})).list_apis()

    assert [(gap.operation, gap.error_code) for gap in listing.gaps] == [
        ("GetRestApis", "PaginationError")
    ]


@pytest.mark.parametrize("failure", [DENIED, THROTTLED, EndpointConnectionError(endpoint_url="x")])
def test_a_listing_that_failed_is_no_empty_account(failure: Any) -> None:
    listing = reader(answers(GetRestApis=failure)).list_apis()

    assert listing.apis == ()
    assert [gap.unknown for gap in listing.gaps] == [Unknown.LISTING]


@pytest.mark.parametrize(
    ("operation", "unknown"),
    [
        ("GetRestApi", Unknown.API),
        ("GetStages", Unknown.STAGES),
        ("GetExport", Unknown.LIVE_GUARDS),
        ("GetResources", Unknown.DRAFT_ROUTES),
        ("GetAuthorizers", Unknown.AUTHORIZERS),
    ],
)
def test_a_refused_read_is_a_gap_that_names_itself(operation: str, unknown: Unknown) -> None:
    snapshot = read(**{operation: DENIED})

    assert [(gap.operation, gap.error_code, gap.unknown) for gap in snapshot.gaps] == [
        (operation, "AccessDeniedException", unknown)
    ]
    assert API.api_id in snapshot.gaps[0].subject


def test_a_refused_export_falls_back_to_the_summary_without_guards() -> None:
    live = read(GetExport=DENIED).deployments["d1"]

    assert live.routes == (Route(key="GET /orders", authorization=AuthorizationType.NONE),)
    assert live.policies == ()


def test_neither_export_nor_summary_leaves_the_deployment_out() -> None:
    snapshot = read(GetExport=DENIED, GetDeployment=DENIED)

    assert snapshot.deployments == {}
    assert [gap.unknown for gap in snapshot.gaps] == [Unknown.LIVE_ROUTES, Unknown.LIVE_ROUTES]


@pytest.mark.parametrize("export", [b"", b"{}", b"<html>", b"[" * 100_000])
def test_a_malformed_export_is_a_gap(export: bytes) -> None:
    snapshot = read(GetExport=lambda _params: body(export))

    assert [gap.error_code for gap in snapshot.gaps] == ["MalformedAnswer"]


def test_a_deleted_api_is_gone_and_no_gap() -> None:
    missing = dict.fromkeys(("GetRestApi", "GetStages", "GetResources"), GONE)

    assert reader(answers(**missing)).read(API) is None


def test_an_api_deleted_after_it_was_listed_is_gone_too() -> None:
    missing = dict.fromkeys(("GetRestApi", "GetStages", "GetResources"), GONE)
    source = reader(answers(**missing))
    source.list_apis()

    assert source.read(API) is None


def test_a_stage_deleted_between_two_reads_makes_a_second_try() -> None:
    rounds = iter([{"item": [{"stageName": "old", "deploymentId": "d0"}]}, {"item": []}])

    snapshot = read(GetStages=lambda _params: next(rounds), GetExport=GONE)

    assert snapshot.stages == ()
    assert snapshot.gaps == ()


def test_what_moves_all_the_time_is_a_gap() -> None:
    snapshot = read(GetExport=GONE)

    assert [gap.unknown for gap in snapshot.gaps] == [Unknown.API]


def test_a_canary_is_read_as_far_as_aws_shows_it() -> None:
    canary = {"percentTraffic": 10.0, "deploymentId": "d2"}
    stage = {"stageName": "prod", "deploymentId": "d1", "canarySettings": canary}

    snapshot = read(GetStages={"item": [stage]})

    assert snapshot.stages[0].canary_deployment_id == "d2"
    assert snapshot.deployments["d2"].policies == ()
    assert [gap.error_code for gap in snapshot.gaps] == ["NoExportOfCanary"]


def test_an_endpoint_type_nobody_knows_is_unknown() -> None:
    described = {**REST_API, "endpointConfiguration": {"types": ["ORBITAL"]}}

    snapshot = read(GetRestApi=described)

    assert snapshot.endpoint_types == ()
    assert [gap.unknown for gap in snapshot.gaps] == [Unknown.DOORS]


def test_a_method_of_an_unknown_type_is_neither_open_nor_closed() -> None:
    resources = {
        "items": [
            {
                "path": "/",
                "resourceMethods": {"GET": {"authorizationType": "TELEPATHY"}, "PUT": {}},
            }
        ]
    }
    draft = read(GetResources=resources).draft

    assert draft is not None
    assert [route.authorization for route in draft.routes or ()] == [None, None]


def test_with_kept_exports_a_look_costs_four_calls_and_a_listed_api_three() -> None:
    given = answers()
    source = reader(given, MemoryExports())
    (listed,) = source.list_apis().apis
    first = source.read(listed)
    given.calls.clear()

    source.list_apis()
    again = source.read(listed)

    assert given.calls == {
        "GetRestApis": 1,
        "apigatewayv2:GetApis": 1,
        "GetStages": 1,
        "GetResources": 1,
        "GetAuthorizers": 1,
    }
    assert first is not None
    assert again is not None
    assert again.deployments["d1"].routes == first.deployments["d1"].routes
    given.calls.clear()
    source.read(listed)
    assert sum(given.calls.values()) == 4


def test_what_a_canary_serves_is_known_if_it_was_the_stages_own_before() -> None:
    rounds = [
        {"item": [{"stageName": "prod", "deploymentId": "d2"}]},
        {"item": [{"stageName": "prod", "deploymentId": "d2"}]},
        {
            "item": [
                {
                    "stageName": "prod",
                    "deploymentId": "d1",
                    "canarySettings": {"deploymentId": "d2"},
                }
            ]
        },
    ]
    seen = iter(rounds)
    source = reader(answers(GetStages=lambda _params: next(seen)), MemoryExports())

    source.read(API)
    source.read(API)
    snapshot = source.read(API)

    assert snapshot is not None
    assert snapshot.deployments["d2"].routes == (
        Route(key="GET /orders", authorization=AuthorizationType.NONE),
    )
    assert snapshot.gaps == ()


def test_settings_of_stages_are_kept_and_stage_variables_are_not() -> None:
    stage = {
        "stageName": "prod",
        "deploymentId": "d1",
        "variables": {"password": "hunter2"},
        "methodSettings": {"*/*": {"loggingLevel": "INFO", "throttlingRateLimit": 5.0}},
        "accessLogSettings": {"destinationArn": "arn:aws:logs:us-east-1:1:log-group:x"},
        "clientCertificateId": "cert1",
        "tracingEnabled": True,
    }

    snapshot = read(GetStages={"item": [stage]})

    (found,) = snapshot.stages
    assert found.settings == {
        "*/*": MethodSettings(throttle=Throttle(rate=5.0), logging_level="INFO")
    }
    assert (found.access_log_arn, found.client_certificate_id, found.tracing) == (
        "arn:aws:logs:us-east-1:1:log-group:x",
        "cert1",
        True,
    )
    assert "hunter2" not in repr(snapshot)


@pytest.mark.parametrize(
    "operation", ["GetStages", "GetResources", "GetAuthorizers", "GetRestApis"]
)
@pytest.mark.parametrize("item", [{}, None, {"x": 1}])
def test_a_misshapen_answer_is_a_gap(operation: str, item: Any) -> None:
    key = "item" if operation == "GetStages" else "items"
    source = reader(answers(**{operation: {key: [item]}}))

    listed = source.list_apis()
    snapshot = source.read(API)

    assert snapshot is not None
    assert [(gap.operation, gap.error_code) for gap in (*listed.gaps, *snapshot.gaps)] == [
        (operation, "MalformedAnswer")
    ]
