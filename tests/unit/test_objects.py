"""The two sides of the index: what an event changed, and what an API rests on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import ACCOUNT, configuration, rest_api, route
from tests.unit.test_cloudtrail import JUNK, record
from tests.unit.test_react import FUNCTION, POOL, guarded

from monitor.events.cloudtrail import parse_change
from monitor.events.objects import MAX_NAMED, MAX_OBJECTS, objects_behind
from monitor.events.routing import OTHER_EVENTS
from monitor.model.api import (
    Authorizer,
    Configuration,
    CustomDomain,
    EndpointType,
    Stage,
    VpcEndpoint,
)
from monitor.model.behind import ApiKey, UsagePlan
from monitor.model.change import Ignored, LookAt, TakesEffect
from monitor.model.objects import EVERY_API, ObjectKind, ObjectRef, covers

ENDPOINT = "vpce-0a1b2c3d4e5f60718"
WEB_ACL = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/webacl/fence/1a2b-3c4d"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/aaaa-bbbb"


def changed(
    source: str, name: str, request: Any, response: Any = None
) -> list[tuple[ObjectKind, str]]:
    event = record(
        name,
        eventSource=f"{source}.amazonaws.com",
        requestParameters=request,
        responseElements=response,
    )
    change = parse_change(event)
    assert change.ignored is None, change
    assert change.takes_effect is TakesEffect.AT_ONCE
    return [(ref.kind, ref.id) for ref in change.objects]


CASES: list[tuple[str, str, Any, list[tuple[str, str]]]] = [
    # EC2 wraps the call, and writes a list of one as an object.
    (
        "ec2",
        "ModifyVpcEndpoint",
        {"ModifyVpcEndpointRequest": {"VpcEndpointId": ENDPOINT, "ResetPolicy": True}},
        [("vpc-endpoint", ENDPOINT)],
    ),
    ("ec2", "ModifyVpcEndpoint", {"vpcEndpointId": ENDPOINT}, [("vpc-endpoint", ENDPOINT)]),
    (
        "ec2",
        "DeleteVpcEndpoints",
        {"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"tag": 1, "content": ENDPOINT}}},
        [("vpc-endpoint", ENDPOINT)],
    ),
    (
        "ec2",
        "DeleteVpcEndpoints",
        {"DeleteVpcEndpointsRequest": {"VpcEndpointId": [{"tag": 1, "content": ENDPOINT}] * 2}},
        [("vpc-endpoint", ENDPOINT)],
    ),
    ("ec2", "DeleteVpcEndpoints", {"DeleteVpcEndpointsRequest": ""}, [("vpc-endpoint", "")]),
    (
        "ec2",
        "DeleteVpcEndpoints",
        {"vpcEndpointIds": [f"vpce-0000000{n:02}" for n in range(MAX_NAMED + 1)]},
        [("vpc-endpoint", "")],
    ),
    (
        "ec2",
        "CreateVpcEndpoint",
        {"CreateVpcEndpointRequest": {"ServiceName": "com.amazonaws.us-east-1.execute-api"}},
        [("vpc-endpoint", "")],
    ),
    (
        "cognito-idp",
        "UpdateUserPoolClient",
        {"userPoolId": "us-east-1_Ab1", "clientId": "c"},
        [("user-pool", "us-east-1_Ab1")],
    ),
    ("wafv2", "UpdateWebACL", {"name": "fence", "id": "1a2b"}, [("web-acl", "1a2b")]),
    ("wafv2", "UpdateIPSet", {"name": "offices", "id": "9z"}, [("web-acl", "")]),
    ("waf-regional", "UpdateWebACL", {"webACLId": "1a2b"}, [("web-acl", "1a2b")]),
    ("waf-regional", "UpdateRule", {"ruleId": "r"}, [("web-acl", "")]),
    (
        "lambda",
        "AddPermission20150331v2",
        {"functionName": "guard", "principal": "*"},
        [("function", "guard")],
    ),
    ("lambda", "UpdateAlias20150331", {"functionName": FUNCTION}, [("function", "guard")]),
    (
        "lambda",
        "DeleteFunction20150331",
        {"functionName": f"{ACCOUNT}:function:guard:7"},
        [("function", "guard")],
    ),
    ("iam", "PutRolePolicy", {"roleName": "r"}, [("identities", "")]),
    (
        "acm",
        "ImportCertificate",
        {"certificateArn": CERTIFICATE},
        [("certificate", "aaaa-bbbb")],
    ),
    (
        "ram",
        "CreateResourceShare",
        {"resourceArns": [f"arn:aws:apigateway:us-east-1:{ACCOUNT}:/domainnames/in.example+id1"]},
        [("domain", "in.example")],
    ),
    ("ram", "DisassociateResourceShare", {"resourceShareArn": "arn:aws:ram:x"}, [("domain", "")]),
    (
        "apigateway",
        "DeleteDomainNameAccessAssociation",
        {
            "domainNameAccessAssociationArn": f"arn:aws:apigateway:us-east-1:{ACCOUNT}:"
            "/domainnameaccessassociations/domainname/in.example/vpcesource/vpce-1"
        },
        [("domain", "in.example")],
    ),
    (
        "apigateway",
        "TagResource",
        {"resourceArn": "arn:aws:apigateway:eu-west-1::/usageplans/plan1"},
        [("usage-plan", "plan1")],
    ),
]


@pytest.mark.parametrize(("source", "name", "request_", "expected"), CASES)
def test_what_an_event_of_any_service_changed(
    source: str, name: str, request_: Any, expected: list[tuple[str, str]]
) -> None:
    assert changed(source, name, request_) == expected


def test_a_web_acl_put_on_a_stage_names_its_api() -> None:
    arn = "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/prod"
    event = record(
        "AssociateWebACL",
        eventSource="wafv2.amazonaws.com",
        requestParameters={"webACLArn": WEB_ACL, "resourceArn": arn},
    )

    change = parse_change(event)

    assert (change.look_at, change.api_ids) == (LookAt.API, ("a1b2c3d4e5",))


@pytest.mark.parametrize(
    ("source", "name", "request_"),
    [
        (
            "ec2",
            "CreateVpcEndpoint",
            {"CreateVpcEndpointRequest": {"ServiceName": "com.amazonaws.us-east-1.s3"}},
        ),
        (
            "wafv2",
            "AssociateWebACL",
            {"resourceArn": "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/x/1"},
        ),
        ("wafv2", "UpdateIPSet", {"id": "9z", "scope": "CLOUDFRONT"}),
        ("ram", "CreateResourceShare", {"resourceArns": ["arn:aws:ec2:us-east-1:1:subnet/s"]}),
        ("lambda", "PublishVersion20150331", {"functionName": "guard"}),
        ("cognito-idp", "AdminCreateUser", {"userPoolId": "us-east-1_Ab1"}),
        ("apigateway", "CreateDocumentationPart", {"restApiId": "a1b2c3d4e5"}),
    ],
)
def test_what_has_nothing_to_do_with_an_api_asks_for_nothing(
    source: str, name: str, request_: Any
) -> None:
    event = record(name, eventSource=f"{source}.amazonaws.com", requestParameters=request_)

    assert parse_change(event).ignored is Ignored.UNRELATED


def test_what_an_api_rests_on() -> None:
    domain = CustomDomain(
        domain_name="api.example.com",
        endpoint_type=EndpointType.REGIONAL,
        certificate_arns=(CERTIFICATE,),
    )
    endpoint = VpcEndpoint(vpc_endpoint_id=ENDPOINT, vpc_id="vpc-1", policy=None)
    plan = UsagePlan(plan_id="plan1", keys=(ApiKey(key_id="key1"),))
    jwt = Authorizer(
        authorizer_id="j", issuer="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Zz9"
    )
    snapshot = rest_api(
        guarded(function=FUNCTION),
        Configuration(routes=(route(),), authorizers={"j": jwt, **guarded(pool=POOL).authorizers}),
        custom_domains=(domain,),
        endpoint_types=(EndpointType.PRIVATE,),
        vpc_endpoints=(endpoint,),
        usage_plans=(plan,),
        stages=(
            Stage(
                name="prod", deployment_id="d1", web_acl_arn=WEB_ACL, client_certificate_id="cc1"
            ),
        ),
        invokers=(),
    )

    assert {(ref.kind.value, ref.id) for ref in objects_behind(snapshot)} == {
        ("region", ""),
        ("domain", "api.example.com"),
        ("certificate", "aaaa-bbbb"),
        ("vpc-endpoint", ENDPOINT),
        ("vpc-endpoint", "-"),
        ("usage-plan", "plan1"),
        ("usage-plan", "-"),
        ("api-key", "key1"),
        ("user-pool", "us-east-1_Ab1"),
        ("user-pool", "us-east-1_Zz9"),
        ("function", "guard"),
        ("web-acl", "1a2b-3c4d"),
        ("client-certificate", "cc1"),
        ("identities", ""),
    }


def test_a_plain_api_rests_on_its_region_alone() -> None:
    plain = rest_api(stages=(Stage(name="prod", deployment_id="d1"),))

    assert objects_behind(plain) == {EVERY_API}


def test_what_an_event_says_of_an_object_finds_what_rests_on_it() -> None:
    rests = objects_behind(rest_api(guarded(function=FUNCTION)))
    event = record(
        "UpdateFunctionConfiguration20150331v2",
        eventSource="lambda.amazonaws.com",
        requestParameters={"functionName": "guard"},
    )

    (asked,) = parse_change(event).objects
    assert any(covers(asked, held) for held in rests)
    assert not any(covers(asked, held) for held in objects_behind(rest_api()))


@given(st.integers(0, 200), st.integers(0, 200))
def test_however_much_an_api_rests_on_it_fits_and_is_found(keys: int, domains: int) -> None:
    plan = UsagePlan(plan_id="p", keys=tuple(ApiKey(key_id=f"k{n}") for n in range(keys)))
    named = tuple(
        CustomDomain(domain_name=f"d{n}.example", endpoint_type=EndpointType.REGIONAL)
        for n in range(domains)
    )
    rests = objects_behind(rest_api(usage_plans=(plan,), custom_domains=named))

    assert len(rests) <= MAX_OBJECTS
    for kind, count, form in (
        (ObjectKind.API_KEY, keys, "k{}"),
        (ObjectKind.DOMAIN, domains, "d{}.example"),
    ):
        for number in range(count):
            asked = ObjectRef(kind=kind, id=form.format(number))
            assert any(covers(asked, held) for held in rests)


@given(
    st.sampled_from([(source, name) for source, names in OTHER_EVENTS.items() for name in names]),
    st.dictionaries(st.text(max_size=12) | st.just("VpcEndpointId"), JUNK, max_size=4),
)
def test_no_request_to_another_service_however_broken_raises(
    event: tuple[str, str], request: dict[str, Any]
) -> None:
    source, name = event

    change = parse_change(record(name, eventSource=source, requestParameters=request))

    assert change.ignored is not None or change.look_at is not LookAt.NOTHING
    assert all(len(ref.id) <= 256 for ref in change.objects)


def test_one_configuration_is_enough_to_rest_on_a_guard() -> None:
    drafted = rest_api(configuration(), guarded(pool=POOL))

    assert ObjectRef(kind=ObjectKind.USER_POOL, id="us-east-1_Ab1") in objects_behind(drafted)
