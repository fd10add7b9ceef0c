"""Images of every kind of object -> the one call between them."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from remediators.aws_writes import GROUPS, WRITES, granted, method_name
from remediators.catalogue import ACTIONS
from remediators.changes import CannotWrite, call, flush, step, touch
from remediators.plan import Image, Kind, ref, resolved

CASES: list[tuple[Kind, tuple[str, ...], Image | None, Image | None]] = [
    (Kind.REST_STAGE, ("a1", "prod"), {"deploymentId": "d2"}, {"deploymentId": "d1"}),
    (Kind.REST_API, ("a1",), {"disableExecuteApiEndpoint": False}, {"policy": "{}"}),
    (
        Kind.REST_METHOD,
        ("a1", "r1", "GET"),
        {"authorizationType": "NONE", "apiKeyRequired": False},
        {
            "authorizationType": "COGNITO_USER_POOLS",
            "authorizerId": "x",
            "authorizationScopes": ["orders/read"],
            "apiKeyRequired": False,
        },
    ),
    (Kind.REST_DEPLOYMENT, ("a1", "gatewatch gwp-1"), None, {"description": "gatewatch gwp-1"}),
    (
        Kind.V2_API,
        ("a1",),
        {"DisableExecuteApiEndpoint": False},
        {"DisableExecuteApiEndpoint": True},
    ),
    (
        Kind.V2_STAGE,
        ("a1", "live"),
        {"DefaultRouteSettings": {"DetailedMetricsEnabled": False}},
        {"DefaultRouteSettings": {"ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 0}},
    ),
    (
        Kind.V2_ROUTE,
        ("a1", "r1"),
        {"RouteKey": "GET /", "AuthorizationType": "NONE"},
        {"RouteKey": "GET /", "AuthorizationType": "JWT", "AuthorizerId": "x"},
    ),
    (Kind.API_KEY, ("k1",), {"enabled": True}, {"enabled": False}),
    (Kind.USAGE_PLAN, ("p1",), {}, {"throttle": {"rateLimit": 5.0, "burstLimit": 10}}),
    (Kind.DOMAIN_NAME, ("api.example.com",), {"securityPolicy": "TLS_1_0"},
     {"securityPolicy": "TLS_1_2"}),
    (
        Kind.USER_POOL,
        ("us-east-1_x",),
        {"PoolName": "p"},
        {"PoolName": "p", "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}},
    ),
    (Kind.VPC_ENDPOINT, ("vpce-1",), {"PolicyDocument": "{}"}, {"PolicyDocument": '{"a":1}'}),
    (
        Kind.IP_SET,
        ("gatewatch-a1-prod-ipv4",),
        None,
        {"IPAddressVersion": "IPV4", "Addresses": ["203.0.113.0/24"], "Description": "made"},
    ),
    (
        Kind.WEB_ACL,
        ("gatewatch-a1-prod",),
        None,
        {
            "DefaultAction": {"Block": {}},
            "Rules": [],
            "VisibilityConfig": {
                "SampledRequestsEnabled": True,
                "CloudWatchMetricsEnabled": True,
                "MetricName": "m",
            },
            "Description": "made",
        },
    ),
    (Kind.WEB_ACL_ASSOCIATION, ("arn:aws:apigateway:us-east-1::/restapis/a1/stages/prod",), None,
     {"WebACLArn": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/x/y"}),
]  # fmt: skip
MADE = {"Id": "11111111-2222", "LockToken": "33333333-4444", "id": "d9"}


@pytest.mark.parametrize(("kind", "ids", "before", "after"), CASES, ids=[c[0] for c in CASES])
def test_both_calls_are_known_writes_that_boto3_takes(
    kind: Kind, ids: tuple[str, ...], before: Image | None, after: Image | None
) -> None:
    made = step(ref(kind, *ids), before, after, key="it", title="there", undo="back")
    assert made.inverse is not None

    for one in (made.call, made.inverse.call):
        assert one.operation in WRITES
        assert _problems(one.operation, resolved(one.arguments, {"it": MADE})) == ""


@pytest.mark.parametrize(
    "made",
    [
        flush(ref(Kind.REST_CACHE, "a1", "prod"), key="f", title="t"),
        flush(ref(Kind.V2_CACHE, "a1", "prod"), key="f", title="t"),
        touch("a1", "prod", "d1", key="t"),
    ],
)
def test_what_has_no_image_is_repeatable(made: Any) -> None:
    assert made.repeatable
    assert _problems(made.call.operation, made.call.arguments) == ""


def _problems(operation: str, arguments: Any) -> str:
    service, _, name = operation.partition(":")
    model = botocore.session.get_session().get_service_model(service).operation_model(name)
    return str(ParamValidator().validate(arguments, model.input_shape).generate_report())


def test_what_can_be_neither_made_nor_deleted_is_refused() -> None:
    with pytest.raises(CannotWrite):
        call(ref(Kind.REST_API, "a1"), None, {"policy": "{}"}, "it")


def test_every_write_is_in_one_group_and_every_action_names_known_writes() -> None:
    grouped = [operation for group in GROUPS.values() for operation in group]

    assert sorted(grouped) == sorted(WRITES)
    assert {one for action in ACTIONS for one in action.writes} == set(WRITES)
    assert granted(("apigateway:UpdateStage",), frozenset({"stages"}))
    assert not granted(
        ("apigateway:UpdateStage", "apigateway:UpdateRestApi"), frozenset({"stages"})
    )


def test_boto3_names_of_operations() -> None:
    session = botocore.session.get_session()
    for operation in WRITES:
        service, _, name = operation.partition(":")
        client = session.create_client(service, region_name="us-east-1")
        assert client.meta.method_to_api_mapping[method_name(name)] == name
