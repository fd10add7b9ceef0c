"""CloudTrail records -> changes: both record shapes, every envelope, and what bad input gets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.events.cloudtrail import parse_change, parse_changes
from monitor.events.routing import API_GATEWAY_EVENTS
from monitor.model.change import ApiFamily, Change, Ignored, LookAt, TakesEffect


def record(name: str = "UpdateRestApi", **fields: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "eventSource": "apigateway.amazonaws.com",
        "eventName": name,
        "eventID": "3c5d0e8e-0000-4000-8000-000000000001",
        "eventTime": "2026-11-22T11:59:30Z",
        "awsRegion": "eu-west-1",
        "recipientAccountId": "123456789012",
        "readOnly": False,
        "userIdentity": {
            "type": "AssumedRole",
            "accountId": "123456789012",
            "arn": "arn:aws:sts::123456789012:assumed-role/Developer/jane@example.com",
            "sessionContext": {"sessionIssuer": {"userName": "Developer"}},
        },
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9",
        "requestParameters": {"restApiId": "a1b2c3d4e5"},
        "responseElements": None,
        **fields,
    }


WRAPPED = {
    "restApiId": "a1b2c3d4e5",
    "template": False,
    "updateRestApiInput": {"patchOperations": [{"op": "replace", "path": "/policy"}]},
}
FLAT = {"restApiId": "a1b2c3d4e5", "patchOperations": [{"op": "replace", "path": "/policy"}]}


@pytest.mark.parametrize("parameters", [WRAPPED, FLAT], ids=["wrapped", "flat"])
def test_both_shapes_of_a_rest_record_name_the_api(parameters: dict[str, Any]) -> None:
    change = parse_change(record(requestParameters=parameters))

    assert change == Change(
        event_id="3c5d0e8e-0000-4000-8000-000000000001",
        event_name="UpdateRestApi",
        event_time=datetime(2026, 11, 22, 11, 59, 30, tzinfo=UTC),
        account_id="123456789012",
        region="eu-west-1",
        actor=change.actor,
        api_type=ApiFamily.REST,
        api_ids=("a1b2c3d4e5",),
        look_at=LookAt.API,
        takes_effect=TakesEffect.NEXT_DEPLOYMENT,
        said="/policy changed",
    )
    assert change.actor.name == "jane@example.com (role Developer)"
    assert change.actor.via == "Terraform"
    assert change.actor.source_ip == "198.51.100.7"


def test_the_same_record_in_every_envelope_is_the_same_change() -> None:
    bare = record()
    envelope = {"detail-type": "AWS API Call via CloudTrail", "id": "x", "detail": bare}

    expected = parse_change(bare)

    assert parse_change(envelope) == expected
    assert list(parse_changes({"Records": [bare, envelope]})) == [expected, expected]
    assert list(parse_changes([envelope, {"Records": [bare]}])) == [expected, expected]


def test_what_the_record_leaves_out_the_envelope_may_say() -> None:
    bare = {k: v for k, v in record().items() if k not in ("awsRegion", "recipientAccountId")}

    change = parse_change({"account": "210987654321", "region": "eu-north-1", "detail": bare})

    assert (change.account_id, change.region) == ("210987654321", "eu-north-1")


CASES: list[tuple[str, dict[str, Any], dict[str, Any] | None, tuple[Any, ...]]] = [
    # event, request, response -> family, ids, look at, object, acts
    (
        "CreateRestApi",
        {"createRestApiInput": {"name": "orders"}, "template": False},
        {"id": "newnewnew1", "name": "orders"},
        ("REST", ("newnewnew1",), "api", None, "next-deployment"),
    ),
    (
        "CreateApi",
        {"name": "orders", "protocolType": "HTTP"},
        {"apiId": "v2v2v2v2v2"},
        ("V2", ("v2v2v2v2v2",), "api", None, "unknown"),
    ),
    (
        "CreateStage",
        {"restApiId": "r", "template": False, "createStageInput": {"stageName": "prod"}},
        None,
        ("REST", ("r",), "api", None, "at-once"),
    ),
    (
        "CreateStage",
        {"apiId": "v", "stageName": "$default", "autoDeploy": True},
        None,
        ("V2", ("v",), "api", None, "at-once"),
    ),
    (
        "UpdateAuthorizer",
        {"apiId": "v", "authorizerId": "x"},
        None,
        ("V2", ("v",), "api", None, "unknown"),
    ),
    (
        "UpdateAuthorizer",
        {"restApiId": "r", "updateAuthorizerInput": {}},
        None,
        ("REST", ("r",), "api", None, "next-deployment"),
    ),
    (
        "UpdateRestApi",
        {
            "restApiId": "r",
            "updateRestApiInput": {
                "patchOperations": [{"path": "/endpointConfiguration/ipAddressType"}]
            },
        },
        None,
        ("REST", ("r",), "api", None, "at-once"),
    ),
    (
        "UpdateDomainName",
        {"domainName": "api.example.com", "updateDomainNameInput": {}},
        None,
        ("REST", (), "behind", "api.example.com", "at-once"),
    ),
    (
        "UpdateDomainName",
        {"domainName": "api.example.com", "domainNameConfigurations": []},
        None,
        ("V2", (), "behind", "api.example.com", "at-once"),
    ),
    (
        "CreateBasePathMapping",
        {"domainName": "api.example.com", "createBasePathMappingInput": {"restApiId": "r"}},
        None,
        ("REST", ("r",), "api", None, "at-once"),
    ),
    (
        "UpdateUsagePlan",
        {
            "usagePlanId": "plan1",
            "updateUsagePlanInput": {
                "patchOperations": [{"op": "add", "path": "/apiStages", "value": "r:prod"}]
            },
        },
        None,
        ("REST", ("r",), "behind", "plan1", "at-once"),
    ),
    (
        "CreateUsagePlan",
        {"createUsagePlanInput": {"apiStages": [{"apiId": "r", "stage": "prod"}]}},
        {"id": "plan1"},
        ("REST", ("r",), "api", None, "at-once"),
    ),
    (
        "TagResource",
        {"resourceArn": "arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2Fr%2Fstages%2Fp"},
        None,
        ("REST", ("r",), "api", None, "at-once"),
    ),
    (
        "UntagResource",
        {"resourceArn": "arn:aws:apigateway:eu-west-1::/usageplans/plan1"},
        None,
        (None, (), "behind", "arn:aws:apigateway:eu-west-1::/usageplans/plan1", "at-once"),
    ),
    ("UpdateAccount", {}, None, ("REST", (), "account", None, "at-once")),
    # CloudTrail drops parameters over 100 KB, and hostile ids name nothing.
    (
        "PutRestApi",
        {"requestParameters too large": True},
        None,
        ("REST", (), "account", None, "next-deployment"),
    ),
    (
        "UpdateRestApi",
        {"restApiId": "../../secrets"},
        None,
        ("REST", (), "account", None, "next-deployment"),
    ),
]


@pytest.mark.parametrize(("name", "request_", "response", "expected"), CASES)
def test_what_an_event_makes_gatewatch_look_at(
    name: str, request_: dict[str, Any], response: dict[str, Any] | None, expected: tuple[Any, ...]
) -> None:
    change = parse_change(record(name, requestParameters=request_, responseElements=response))

    assert (
        change.api_type,
        change.api_ids,
        change.look_at,
        change.object,
        change.takes_effect,
    ) == expected
    assert change.ignored is None
    assert change.is_known_name


def test_an_unknown_name_means_look_at_that_api() -> None:
    change = parse_change(record("OpenTheGates", requestParameters={"apiId": "v2"}))

    assert (change.look_at, change.api_ids, change.is_known_name) == (LookAt.API, ("v2",), False)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"errorCode": "AccessDenied"}, Ignored.FAILED),
        ({"readOnly": True}, Ignored.READ_ONLY),
        ({"readOnly": "true"}, Ignored.READ_ONLY),
        ({"eventName": "GetRestApi", "readOnly": None}, Ignored.READ_ONLY),
        ({"eventSource": "s3.amazonaws.com"}, Ignored.UNRELATED),
        ({"eventName": 7}, Ignored.MALFORMED),
        ({"eventName": ""}, Ignored.MALFORMED),
        ({"eventSource": None}, Ignored.MALFORMED),
    ],
)
def test_what_asks_for_nothing_says_why(fields: dict[str, Any], reason: Ignored) -> None:
    change = parse_change(record(**fields))

    assert (change.look_at, change.ignored) == (LookAt.NOTHING, reason)


def test_an_empty_error_code_is_no_failure() -> None:
    assert parse_change(record(errorCode="")).ignored is None


def test_what_can_blind_the_monitor_is_told_apart() -> None:
    change = parse_change(
        record(
            "StopLogging",
            eventSource="cloudtrail.amazonaws.com",
            requestParameters={"name": "main-trail"},
        )
    )

    assert (change.look_at, change.object) == (LookAt.MONITOR, "main-trail")


@pytest.mark.parametrize("document", [None, 3, "x", [], {}, {"detail": []}, {"detail": None}])
def test_what_is_no_record_is_a_malformed_change(document: object) -> None:
    change = parse_change(document)

    assert change.ignored is Ignored.MALFORMED
    assert change.problem


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"type": "IAMUser", "userName": "ci", "arn": "arn:aws:iam::1:user/ci"}, "ci"),
        ({"type": "Root", "accountId": "123456789012"}, "root of 123456789012"),
        (
            {"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"},
            "cloudformation.amazonaws.com",
        ),
        ({"type": "AssumedRole", "principalId": "AROAX:jane"}, "jane"),
        ({}, "unknown"),
        (None, "unknown"),
        ([], "unknown"),
    ],
)
def test_the_human_behind_the_call(identity: object, name: str) -> None:
    assert parse_change(record(userIdentity=identity)).actor.name == name


def test_every_known_name_says_for_some_control_plane_when_it_acts() -> None:
    assert all(effect.rest or effect.v2 for effect in API_GATEWAY_EVENTS.values())


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(record())), JUNK), st.sampled_from(["", "detail"]))
def test_no_record_however_broken_raises(broken: dict[str, Any], envelope: str) -> None:
    document = {**record(), **broken}

    change = parse_change({envelope: document} if envelope else document)

    assert change.ignored is not None or change.look_at is not LookAt.NOTHING
