"""Doors and what stands behind: read once for many APIs, only where needed, never a silent gap."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.aws_answers import AwsAnswers, AwsError, body
from tests.builders import ACCOUNT, API, NOW, configuration, rest_api, route
from tests.fakes import FakeClock

from monitor.aws.apigateway import RestApiReads
from monitor.aws.apigatewayv2 import V2ApiReads
from monitor.aws.authorizer_functions import FunctionReads
from monitor.aws.collect import SnapshotReader
from monitor.aws.custom_domains import DomainReads
from monitor.aws.distributions import DistributionReads
from monitor.aws.identities import IdentityReads, may_begin
from monitor.aws.operations import READS, READS_OF_IDENTITIES
from monitor.aws.surroundings import Readers, Surroundings
from monitor.aws.usage_plans import UsagePlanReads
from monitor.aws.user_pools import UserPoolReads
from monitor.aws.vpc_endpoints import VpcEndpointReads
from monitor.aws.web_acls import WebAclReads
from monitor.model.api import (
    ApiSnapshot,
    ApiType,
    AuthorizationType,
    Authorizer,
    AuthorizerKind,
    Configuration,
    EndpointType,
    PolicySource,
    ResourcePolicy,
    Stage,
    VpcEndpoint,
    WebAcl,
)
from monitor.model.behind import (
    AccountSettings,
    ApiKey,
    Integration,
    IntegrationKind,
    LambdaFunction,
    PoolClient,
    Quota,
    Throttle,
    UserPool,
)
from monitor.model.change import ApiFamily
from monitor.model.gaps import Unknown

DENIED = AwsError("AccessDeniedException", 403)
GONE = AwsError("NotFoundException", 404)
MISSING = AwsError("ResourceNotFoundException", 404)

POOL = f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/us-east-1_AbCdEfGhI"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:tokens"
URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"
WEB_ACL = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/webacl/fence/1"
IP_SET = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/ipset/office/1"
CREATED = datetime(2026, 1, 2, tzinfo=UTC)

PLANS = {
    "items": [
        {
            "id": "plan1",
            "name": "gold",
            "apiStages": [{"apiId": API.api_id, "stage": "prod", "throttle": {}}],
            "throttle": {"rateLimit": 5.0, "burstLimit": 9},
            "quota": {"limit": 100, "period": "DAY"},
        },
        {"id": "plan2", "name": "other", "apiStages": [{"apiId": "other", "stage": "prod"}]},
    ]
}
KEYS = {
    "items": [
        {"id": "k1", "name": "partner", "enabled": True, "createdDate": CREATED, "value": "s3cr3t"},
        {"id": "k2", "name": "stranger", "enabled": False},
    ]
}
IDENTITIES = {
    "UserDetailList": [],
    "GroupDetailList": [],
    "RoleDetailList": [
        {
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/caller",
            "RolePolicyList": [
                {
                    "PolicyName": "call",
                    "PolicyDocument": json.dumps(
                        {
                            "Statement": {
                                "Effect": "Allow",
                                "Action": "execute-api:Invoke",
                                "Resource": API.execute_arn("prod", "GET", "/orders"),
                            }
                        }
                    ),
                }
            ],
        }
    ],
    "Policies": [],
}


def distribution(id_: str, host: str, **changed: Any) -> dict[str, Any]:
    return {
        "Id": id_,
        "DomainName": f"{id_.lower()}.cloudfront.net",
        "Enabled": True,
        "WebACLId": "arn:aws:wafv2:us-east-1:1:global/webacl/edge/1",
        "Origins": {"Items": [{"Id": "o", "DomainName": host}]},
        **changed,
    }


def answers(**changed: Any) -> AwsAnswers:
    """`changed` with `__` for the colon that names cannot hold."""
    return AwsAnswers(
        **{
            "GetAccount": {
                "cloudwatchRoleArn": "arn:aws:iam::1:role/logs",
                "throttleSettings": {"rateLimit": 10000.0, "burstLimit": 5000},
            },
            "GetDomainNames": {"items": []},
            "GetUsagePlans": PLANS,
            "GetApiKeys": KEYS,
            "GetUsagePlanKeys": {"items": [{"id": "k1", "name": "partner", "value": "s3cr3t"}]},
            "GetUsage": {"items": {"k1": [[0, 100], [7, 93], [0, 100]]}},
            "cloudfront:ListDistributions": {
                "DistributionList": {
                    "Items": [
                        distribution("E1", f"{API.api_id}.execute-api.us-east-1.amazonaws.com"),
                        distribution("E2", "other.execute-api.us-east-1.amazonaws.com"),
                        distribution("E3", f"{API.api_id}.execute-api.x", Enabled=False),
                        distribution("E4", "API.example.com", WebACLId=""),
                    ]
                }
            },
            "ec2:DescribeVpcEndpoints": {
                "VpcEndpoints": [
                    {
                        "VpcEndpointId": "vpce-1",
                        "VpcId": "vpc-1",
                        "ServiceName": "com.amazonaws.us-east-1.execute-api",
                        "PolicyDocument": "{}",
                        "State": "available",
                        "PrivateDnsEnabled": True,
                    }
                ]
            },
            "wafv2:GetWebACL": {"WebACL": {"DefaultAction": {"Allow": {}}, "Rules": []}},
            "cognito-idp:DescribeUserPool": {
                "UserPool": {
                    "Name": "customers",
                    "MfaConfiguration": "OFF",
                    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False},
                }
            },
            "cognito-idp:ListUserPoolClients": {
                "UserPoolClients": [{"ClientId": "c1", "ClientName": "web", "UserPoolId": "x"}]
            },
            "lambda:GetPolicy": {"Policy": '{"Statement":[]}'},
            "lambda:ListTags": {},
            "iam:GetAccountAuthorizationDetails": IDENTITIES,
            **{name.replace("__", ":"): answer for name, answer in changed.items()},
        }
    )


def readers(given: AwsAnswers, *, identities: bool = False) -> Readers:
    return Readers(
        account=RestApiReads(given.client()),
        v2=V2ApiReads(given.client("apigatewayv2")),
        domains=DomainReads(given.client(), given.client("apigatewayv2")),
        plans=UsagePlanReads(given.client()),
        distributions=lambda: DistributionReads(given.client("cloudfront")),
        vpc_endpoints=lambda: VpcEndpointReads(given.client("ec2")),
        web_acls=lambda: WebAclReads(given.client("wafv2")),
        user_pools=lambda: UserPoolReads(given.client("cognito-idp")),
        functions=lambda: FunctionReads(given.client("lambda")),
        identities=(lambda: IdentityReads(given.client("iam"))) if identities else None,
    )


def surroundings(
    given: AwsAnswers, *, identities: bool = False, serves: timedelta | None = None
) -> Surroundings:
    return Surroundings(readers(given, identities=identities), FakeClock(), serves=serves)


def added(snapshot: ApiSnapshot, *, identities: bool = False, **changed: Any) -> ApiSnapshot:
    return surroundings(answers(**changed), identities=identities).added(snapshot)


def unread(snapshot: ApiSnapshot) -> ApiSnapshot:
    return replace(snapshot, custom_domains=None)


def guarded(*authorizers: Authorizer, kind: AuthorizationType = AuthorizationType.CUSTOM) -> Any:
    routes = tuple(
        route(f"GET /{one.authorizer_id}", kind, authorizer_id=one.authorizer_id)
        for one in authorizers
    )
    return Configuration(routes=routes, authorizers={one.authorizer_id: one for one in authorizers})


BARE = (Stage(name="prod", deployment_id="d1"),)
KEYED = unread(rest_api(configuration(route(api_key_required=True)), stages=BARE))
OPEN = unread(rest_api(stages=BARE))


def test_an_open_api_needs_its_doors_and_the_account_and_no_more() -> None:
    given = answers()

    snapshot = surroundings(given).added(OPEN)

    assert snapshot.custom_domains == ()
    assert snapshot.vpc_endpoints is None
    assert snapshot.usage_plans is None
    assert snapshot.invokers is None
    assert snapshot.account == AccountSettings(
        log_role="arn:aws:iam::1:role/logs", throttle=Throttle(rate=10000.0, burst=5000)
    )
    assert snapshot.gaps == ()
    assert given.calls == {
        "GetDomainNames": 1,
        "GetAccount": 1,
        "cloudfront:ListDistributions": 1,
    }


def test_what_many_apis_share_is_read_once() -> None:
    given = answers()
    around = surroundings(given)
    apis = [replace(KEYED, api=replace(API, api_id=f"api{number}")) for number in range(5)]

    for snapshot in (*apis, KEYED, KEYED):
        around.added(snapshot)

    assert given.calls == {
        "GetDomainNames": 1,
        "GetAccount": 1,
        "cloudfront:ListDistributions": 1,
        "GetUsagePlans": 1,
        "GetUsagePlanKeys": 2,  # of the API's plan, and of the other for keys in no plan
        "GetApiKeys": 1,
        "GetUsage": 1,
    }


def test_what_has_served_its_time_or_is_known_to_have_changed_is_read_again() -> None:
    given = answers()
    around = surroundings(given, serves=timedelta(seconds=100))  # a look at the clock takes one

    around.added(OPEN)
    around.added(OPEN)
    assert given.calls["GetDomainNames"] == 1

    around.forget()
    around.added(OPEN)
    assert given.calls["GetDomainNames"] == 2

    for _ in range(60):
        around.added(OPEN)
    assert given.calls["GetDomainNames"] == 3


def test_a_failure_is_not_repeated_for_each_api_and_may_pass_soon() -> None:
    given = answers(GetDomainNames=DENIED)
    around = surroundings(given, serves=timedelta(hours=1))

    around.added(OPEN)
    around.added(OPEN)
    assert given.calls["GetDomainNames"] == 1

    for _ in range(40):
        around.added(OPEN)
    assert 2 <= given.calls["GetDomainNames"] <= 5


def test_a_key_requirement_asks_for_plans_and_keys_without_their_values() -> None:
    snapshot = added(KEYED)

    assert [stage.has_usage_plan for stage in snapshot.stages] == [True]
    assert snapshot.usage_plans is not None
    (plan,) = snapshot.usage_plans
    assert (plan.plan_id, plan.throttle, plan.quota) == (
        "plan1",
        Throttle(rate=5.0, burst=9),
        Quota(limit=100, period="DAY"),
    )
    assert plan.keys == (ApiKey(key_id="k1", name="partner", enabled=True, created_at=CREATED),)
    assert plan.used_on == {"k1": NOW.date() - timedelta(days=88)}
    assert "s3cr3t" not in repr(snapshot)


def test_the_use_of_keys_is_asked_for_ninety_days_and_only_if_one_of_them_opens_anything() -> None:
    seen = []

    def usage(params: Any) -> Any:
        seen.append((params["query_string"]["startDate"], params["query_string"]["endDate"]))
        return {"items": {}}

    snapshot = added(KEYED, GetUsage=usage)
    off = added(KEYED, GetUsage=usage, GetApiKeys={"items": [{"id": "k1", "enabled": False}]})

    assert seen == [("2026-08-25", "2026-11-22")]
    assert snapshot.usage_plans is not None
    assert snapshot.usage_plans[0].used_on == {}
    assert off.usage_plans is not None
    assert off.usage_plans[0].used_on is None


def test_the_use_of_a_key_on_two_pages_is_the_later_one() -> None:
    pages = iter(
        [
            {"items": {"k1": [[3, 0], [0, 0]]}, "position": "more"},
            {"items": {"k1": [[0, 0], [2, 0]]}},
        ]
    )

    snapshot = added(KEYED, GetUsage=lambda _params: next(pages))

    assert snapshot.usage_plans is not None
    assert snapshot.usage_plans[0].used_on == {"k1": NOW.date() - timedelta(days=88)}


@pytest.mark.parametrize(
    "strange",
    [{"k1": [["many", 0]]}, {"k1": [[]]}, {"k1": "every day"}, [["k1", 1]]],
)
def test_use_in_another_shape_than_documented_is_a_gap(strange: Any) -> None:
    snapshot = added(KEYED, GetUsage={"items": strange})

    assert snapshot.usage_plans is not None
    assert snapshot.usage_plans[0].used_on is None
    assert [gap.unknown for gap in snapshot.gaps] == [Unknown.USAGE]


def test_keys_in_no_plan_are_told_at_one_api_of_the_account() -> None:
    first = added(KEYED)
    other = added(replace(KEYED, api=replace(API, api_id="zzz")))

    assert first.stray_keys is not None
    assert [key.key_id for key in first.stray_keys] == ["k2"]
    assert other.stray_keys is None


def test_keys_are_in_no_plan_only_if_every_plan_was_read() -> None:
    def keys_of(params: Any) -> Any:
        if "plan2" in params["url_path"]:
            return DENIED
        return {"items": [{"id": "k1"}]}

    snapshot = added(KEYED, GetUsagePlanKeys=keys_of)

    assert snapshot.stray_keys is None
    assert [(gap.operation, gap.unknown) for gap in snapshot.gaps] == [
        ("GetUsagePlanKeys", Unknown.KEYS)
    ]


def v2(kind: ApiType, **fields: Any) -> ApiSnapshot:
    served = configuration(route("$default", integration=Integration(integration_id="i1")))
    return replace(OPEN, api_type=kind, draft=served, deployments={"d1": served}, **fields)


PRIVATE = {
    "IntegrationId": "i1",
    "IntegrationType": "HTTP_PROXY",
    "ConnectionType": "VPC_LINK",
    "IntegrationUri": "arn:aws:elasticloadbalancing:us-east-1:1:listener/app/a/b/c",
}


@pytest.mark.parametrize(("tls", "encrypted"), [({}, False), ({"ServerNameToVerify": "a.b"}, True)])
def test_where_there_are_vpc_links_the_integrations_of_an_http_api_are_read(
    tls: dict[str, str], encrypted: bool
) -> None:
    snapshot = added(
        v2(ApiType.HTTP),
        apigatewayv2__GetVpcLinks={"Items": [{"VpcLinkId": "l1"}]},
        apigatewayv2__GetIntegrations={"Items": [{**PRIVATE, "TlsConfig": tls}]},
    )

    for served in (snapshot.draft, snapshot.deployments["d1"]):
        assert served is not None
        assert served.routes is not None
        assert served.routes[0].integration == Integration(
            kind=IntegrationKind.HTTP, private=True, encrypted=encrypted
        )


def test_without_vpc_links_no_integration_is_read() -> None:
    given = answers(apigatewayv2__GetVpcLinks={"Items": []}, GetVpcLinks={"items": []})
    around = surroundings(given)

    for _ in range(3):
        around.added(v2(ApiType.HTTP))
        around.added(v2(ApiType.WEBSOCKET))

    assert given.calls["apigatewayv2:GetIntegrations"] == 0
    assert (given.calls["apigatewayv2:GetVpcLinks"], given.calls["GetVpcLinks"]) == (1, 1)


@pytest.mark.parametrize("operation", ["GetVpcLinks", "GetIntegrations"])
def test_unread_integrations_are_a_gap(operation: str) -> None:
    links = {"Items": [{"VpcLinkId": "l1"}]}
    changed = {"apigatewayv2__GetVpcLinks": links} | {f"apigatewayv2__{operation}": DENIED}

    snapshot = added(v2(ApiType.HTTP), **changed)

    assert [gap.unknown for gap in snapshot.gaps] == [Unknown.INTEGRATIONS]


def test_an_api_deleted_before_its_integrations_are_read_is_no_gap() -> None:
    snapshot = added(
        v2(ApiType.HTTP),
        apigatewayv2__GetVpcLinks={"Items": [{"VpcLinkId": "l1"}]},
        apigatewayv2__GetIntegrations=GONE,
    )

    assert snapshot.gaps == ()


def test_the_distributions_before_an_api_are_told() -> None:
    domain = {"domainName": "api.example.com", "endpointConfiguration": {"types": ["REGIONAL"]}}

    snapshot = added(
        OPEN,
        GetDomainNames={"items": [domain]},
        apigatewayv2__GetApiMappings={"Items": [{"ApiId": API.api_id, "Stage": "prod"}]},
    )

    assert snapshot.distributions is not None
    assert [(one.distribution_id, one.has_web_acl) for one in snapshot.distributions] == [
        ("E1", True),
        ("E4", False),
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (DENIED, "AccessDeniedException"),
        ({}, "MalformedAnswer"),
        ({"DistributionList": {"Items": [{"Id": "E1"}]}}, "MalformedAnswer"),
    ],
)
def test_unread_distributions_are_a_gap(answer: Any, code: str) -> None:
    snapshot = added(OPEN, cloudfront__ListDistributions=answer)

    assert snapshot.distributions is None
    assert [(gap.error_code, gap.unknown) for gap in snapshot.gaps] == [
        (code, Unknown.DISTRIBUTIONS)
    ]


def test_where_there_is_no_cloudfront_none_is_asked_for() -> None:
    given = answers()
    around = surroundings(given)

    private = around.added(replace(OPEN, endpoint_types=(EndpointType.PRIVATE,)))
    government = around.added(replace(OPEN, api=replace(API, partition="aws-us-gov")))

    assert (private.distributions, government.distributions) == (None, ())
    assert given.calls["cloudfront:ListDistributions"] == 0


def test_values_of_keys_are_not_asked_for() -> None:
    seen = []

    def keys(params: Any) -> Any:
        seen.append(params["query_string"])
        return KEYS

    added(KEYED, GetApiKeys=keys)

    assert [str(query["includeValues"]).lower() for query in seen] == ["false"]


def test_a_stage_outside_every_plan_is_told() -> None:
    stages = (Stage(name="prod", deployment_id="d1"), Stage(name="test", deployment_id="d1"))

    snapshot = added(replace(KEYED, stages=stages))

    assert [stage.has_usage_plan for stage in snapshot.stages] == [True, False]


@pytest.mark.parametrize(
    ("operation", "unknown"),
    [
        ("GetUsagePlans", Unknown.PLANS),
        ("GetUsagePlanKeys", Unknown.KEYS),
        ("GetApiKeys", Unknown.KEYS),
        ("GetUsage", Unknown.USAGE),
        ("GetDomainNames", Unknown.DOORS),
        ("GetAccount", Unknown.OTHER),
    ],
)
@pytest.mark.parametrize("error", [DENIED, GONE, AwsError("TooManyRequestsException", 429)])
def test_a_refused_read_of_the_account_is_one_gap(
    operation: str, unknown: Unknown, error: AwsError
) -> None:
    if operation in ("GetUsagePlanKeys", "GetUsage") and error is GONE:
        return  # the plan was deleted since it was listed: it has no keys, and no use
    snapshot = added(KEYED, **{operation: error})

    assert {(gap.operation, gap.unknown, gap.account_wide) for gap in snapshot.gaps} == {
        (operation, unknown, True)
    }


def test_without_the_plans_it_is_not_known_whether_a_key_can_be_had() -> None:
    snapshot = added(KEYED, GetUsagePlans=DENIED)

    assert snapshot.usage_plans is None
    assert [stage.has_usage_plan for stage in snapshot.stages] == [None]


DOMAIN = {"domainName": "a.example.com", "endpointConfiguration": {"types": ["REGIONAL"]}}


def test_a_domain_whose_mappings_are_unread_may_lead_to_any_api() -> None:
    snapshot = added(OPEN, GetDomainNames={"items": [DOMAIN]}, apigatewayv2__GetApiMappings=DENIED)

    assert snapshot.custom_domains is None
    assert [gap.unknown for gap in snapshot.gaps] == [Unknown.MAPPINGS]


def test_unread_associations_concern_only_apis_behind_a_private_domain() -> None:
    private = {
        "domainName": "p.example.com",
        "domainNameId": "x",
        "endpointConfiguration": {"types": ["PRIVATE"]},
    }
    around = surroundings(
        answers(
            GetDomainNames={"items": [private]},
            GetBasePathMappings={"items": [{"restApiId": API.api_id, "stage": "prod"}]},
            GetDomainNameAccessAssociations=DENIED,
        )
    )
    behind = around.added(replace(OPEN, endpoint_types=(EndpointType.PRIVATE,)))
    beside = around.added(replace(OPEN, api=replace(API, api_id="another")))

    assert behind.custom_domains is not None
    assert behind.custom_domains[0].access_associations is None
    assert [gap.unknown for gap in behind.gaps] == [Unknown.ASSOCIATIONS]
    assert (beside.custom_domains, beside.gaps) == ((), ())


def test_a_private_api_asks_for_vpc_endpoints() -> None:
    snapshot = added(replace(OPEN, endpoint_types=(EndpointType.PRIVATE,)))

    assert snapshot.vpc_endpoints == (
        VpcEndpoint(
            vpc_endpoint_id="vpce-1",
            vpc_id="vpc-1",
            policy=ResourcePolicy(text="{}", source=PolicySource.VPC_ENDPOINT),
            state="available",
            private_dns=True,
        ),
    )


def test_unread_vpc_endpoints_are_a_gap() -> None:
    private = replace(OPEN, endpoint_types=(EndpointType.PRIVATE,))

    snapshot = added(private, ec2__DescribeVpcEndpoints=AwsError("UnauthorizedOperation", 403))

    assert snapshot.vpc_endpoints is None
    assert [(gap.service, gap.unknown) for gap in snapshot.gaps] == [("ec2", Unknown.VPC_ENDPOINTS)]


def fenced() -> ApiSnapshot:
    stage = Stage(name="prod", deployment_id="d1", web_acl_arn=WEB_ACL)
    return replace(OPEN, stages=(stage, replace(stage, name="test")))


def test_stages_share_the_read_of_their_web_acl() -> None:
    given = answers()

    snapshot = surroundings(given).added(fenced())

    assert [stage.web_acl for stage in snapshot.stages] == [
        WebAcl(default_action="ALLOW", rules=())
    ] * 2
    assert given.calls["wafv2:GetWebACL"] == 1


@pytest.mark.parametrize("error", ["AccessDeniedException", "WAFNonexistentItemException"])
def test_an_unread_web_acl_is_one_gap(error: str) -> None:
    snapshot = added(fenced(), wafv2__GetWebACL=AwsError(error))

    assert [stage.web_acl for stage in snapshot.stages] == [None, None]
    assert [(gap.error_code, gap.unknown) for gap in snapshot.gaps] == [(error, Unknown.WEB_ACL)]


def pooled(arn: str = POOL) -> ApiSnapshot:
    authorizer = Authorizer(
        authorizer_id="au", kind=AuthorizerKind.COGNITO_USER_POOLS, user_pool_arns=(arn,)
    )
    return unread(rest_api(guarded(authorizer, kind=AuthorizationType.COGNITO_USER_POOLS)))


def test_a_user_pool_that_an_authorizer_names_is_read() -> None:
    assert added(pooled()).user_pools == {
        POOL: UserPool(
            arn=POOL,
            exists=True,
            name="customers",
            self_sign_up=True,
            mfa="OFF",
            clients=(PoolClient(client_id="c1", name="web"),),
        )
    }


def test_a_deleted_user_pool_is_known_to_be_deleted() -> None:
    snapshot = added(pooled(), **{"cognito-idp__DescribeUserPool": MISSING})

    assert snapshot.user_pools == {POOL: UserPool(arn=POOL, exists=False)}
    assert snapshot.gaps == ()


def test_a_user_pool_of_another_account_is_not_asked_for() -> None:
    foreign = POOL.replace(ACCOUNT, "999999999999")
    given = answers()

    snapshot = surroundings(given).added(pooled(foreign))

    assert snapshot.user_pools == {foreign: UserPool(arn=foreign)}
    assert given.calls["cognito-idp:DescribeUserPool"] == 0


@pytest.mark.parametrize("operation", ["DescribeUserPool", "ListUserPoolClients"])
def test_an_unread_user_pool_is_a_gap(operation: str) -> None:
    snapshot = added(pooled(), **{f"cognito-idp__{operation}": DENIED})

    assert snapshot.user_pools == {POOL: UserPool(arn=POOL)}
    assert [(gap.operation, gap.unknown) for gap in snapshot.gaps] == [
        (operation, Unknown.USER_POOL)
    ]


def issued() -> ApiSnapshot:
    authorizer = Authorizer(
        authorizer_id="au",
        kind=AuthorizerKind.JWT,
        issuer="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
    )
    return unread(rest_api(guarded(authorizer, kind=AuthorizationType.JWT)))


def test_a_user_pool_may_be_named_as_the_issuer() -> None:
    assert added(issued()).user_pools[POOL].exists is True


def test_an_issuer_that_is_not_ours_is_not_called_deleted() -> None:
    snapshot = added(issued(), **{"cognito-idp__DescribeUserPool": MISSING})

    assert snapshot.user_pools == {POOL: UserPool(arn=POOL)}


def authorized(arn: str = FUNCTION) -> ApiSnapshot:
    authorizer = Authorizer(
        authorizer_id="au", kind=AuthorizerKind.TOKEN, function_uri=URI.format(arn)
    )
    return unread(rest_api(guarded(authorizer)))


def test_the_function_of_an_authorizer_is_read_with_its_policy() -> None:
    given = answers()

    snapshot = surroundings(given).added(authorized())

    assert snapshot.functions == {
        FUNCTION: LambdaFunction(arn=FUNCTION, exists=True, policy='{"Statement":[]}')
    }
    assert given.calls["lambda:ListTags"] == 0


def test_the_policy_of_an_alias_is_the_aliass_own() -> None:
    seen = []

    def policy(params: Any) -> Any:
        seen.append((params["url_path"], params["query_string"]))
        return {"Policy": "{}"}

    added(authorized(f"{FUNCTION}:live"), lambda__GetPolicy=policy)

    ((path, query),) = seen
    assert query == {"Qualifier": "live"}
    assert path.endswith("function%3Atokens/policy")


def test_a_function_without_a_policy_is_told_from_a_missing_one() -> None:
    bare = added(authorized(), lambda__GetPolicy=MISSING)
    missing = added(authorized(), lambda__GetPolicy=MISSING, lambda__ListTags=MISSING)

    assert bare.functions == {FUNCTION: LambdaFunction(arn=FUNCTION, exists=True)}
    assert missing.functions == {FUNCTION: LambdaFunction(arn=FUNCTION, exists=False)}
    assert (bare.gaps, missing.gaps) == ((), ())


@pytest.mark.parametrize(
    "arn",
    [
        FUNCTION.replace(ACCOUNT, "999999999999"),
        FUNCTION.replace("us-east-1", "eu-west-1"),
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:${{stageVariables.authorizer}}",
    ],
)
def test_a_function_that_cannot_be_read_from_here_is_not_asked_for(arn: str) -> None:
    given = answers()

    snapshot = surroundings(given).added(authorized(arn))

    assert snapshot.functions == {arn: LambdaFunction(arn=arn)}
    assert not any(name.startswith("lambda:") for name in given.calls)


def test_the_account_of_a_function_is_read_off_its_arn() -> None:
    assert LambdaFunction(arn=FUNCTION).account_id == ACCOUNT
    assert LambdaFunction(arn="tokens").account_id == ""


@pytest.mark.parametrize("uri", [None, "", "https://example.com", "arn:aws:apigateway:x"])
def test_a_uri_without_a_function_names_none(uri: str | None) -> None:
    assert Authorizer(authorizer_id="au", function_uri=uri).function_arn is None


def test_an_unread_function_is_a_gap() -> None:
    snapshot = added(authorized(), lambda__GetPolicy=DENIED)

    assert snapshot.functions == {FUNCTION: LambdaFunction(arn=FUNCTION)}
    assert [(gap.operation, gap.unknown) for gap in snapshot.gaps] == [
        ("GetPolicy", Unknown.FUNCTION)
    ]


SIGNED = unread(rest_api(configuration(route(authorization=AuthorizationType.AWS_IAM))))


def test_identities_are_read_only_where_asked_for_and_a_route_is_signed() -> None:
    given = answers()
    around = surroundings(given, identities=True)

    assert around.added(OPEN).invokers is None
    assert given.calls["iam:GetAccountAuthorizationDetails"] == 0
    assert added(SIGNED).invokers is None

    found = around.added(SIGNED).invokers
    assert [one.arn for one in found or ()] == [f"arn:aws:iam::{ACCOUNT}:role/caller"]
    other = around.added(replace(SIGNED, api=replace(API, api_id="another")))
    assert other.invokers == ()


def test_unread_identities_are_a_gap() -> None:
    snapshot = added(SIGNED, identities=True, iam__GetAccountAuthorizationDetails=DENIED)

    assert snapshot.invokers is None
    assert [gap.unknown for gap in snapshot.gaps] == [Unknown.IDENTITIES]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("*", True),
        ("arn:aws:execute-api:*", True),
        ("arn:aws:execute-api:us-east-1:1:api/prod/GET/x", True),
        ("arn:aws:execute-api:us-east-1:1:api/*", True),
        ("arn:aws:execute-api:*:*:a?i/*", True),
        ("arn:aws:execute-api:us-east-1:1:${aws:PrincipalTag/api}/*", True),
        ("arn:aws:execute-api:us-east-1:1:other/*", False),
        ("arn:aws:execute-api:us-east-1:1:api", False),
        ("arn:aws:s3:::*", False),
        ("", False),
    ],
)
def test_which_resources_may_mean_the_api(resource: str, expected: bool) -> None:
    assert may_begin(resource, "arn:aws:execute-api:us-east-1:1:api/") is expected


def test_nothing_is_read_around_an_api_of_which_nothing_is_known() -> None:
    given = AwsAnswers(GetRestApi=DENIED, GetStages=DENIED, GetResources=DENIED)
    source = SnapshotReader(
        RestApiReads(given.client()),
        V2ApiReads(given.client("apigatewayv2")),
        FakeClock(),
        account_id=ACCOUNT,
        region="us-east-1",
        surroundings=surroundings(given),
    )

    snapshot = source.read(replace(API, family=ApiFamily.REST))

    assert snapshot is not None
    assert [gap.operation for gap in snapshot.gaps] == ["GetRestApi"]


def test_every_operation_stands_in_the_table_and_no_other() -> None:
    """An account that has one of everything, read whole."""
    given = whole_account()
    source = SnapshotReader(
        RestApiReads(given.client()),
        V2ApiReads(given.client("apigatewayv2")),
        FakeClock(),
        account_id=ACCOUNT,
        region="us-east-1",
        surroundings=surroundings(given, identities=True),
    )
    for api in source.list_apis().apis:
        source.read(api)
        source.read(api)

    used = {name if ":" in name else f"apigateway:{name}" for name in given.calls}
    assert used == {*READS, *READS_OF_IDENTITIES}


def whole_account() -> AwsAnswers:
    stage = {"stageName": "prod", "deploymentId": "d1", "webAclArn": WEB_ACL}
    export = {"paths": {"/orders": {"get": {}}}}
    exported: list[Any] = [DENIED, None]

    def exports(_params: Any) -> Any:
        return exported.pop(0) or body(json.dumps(export).encode())

    method = {"authorizationType": "CUSTOM", "authorizerId": "au1", "apiKeyRequired": True}
    private = {
        "domainName": "p.example.com",
        "domainNameId": "x",
        "endpointConfiguration": {"types": ["PRIVATE"]},
        "routingMode": "ROUTING_RULE_THEN_BASE_PATH_MAPPING",
    }
    set_rule = {
        "Priority": 0,
        "Action": {"Block": {}},
        "Statement": {"IPSetReferenceStatement": {"ARN": IP_SET}},
    }
    rest = {"id": API.api_id, "endpointConfiguration": {"types": ["PRIVATE"]}}
    http = {"ApiId": "http1", "ProtocolType": "HTTP"}
    socket = {"ApiId": "socket1", "ProtocolType": "WEBSOCKET"}
    return answers(
        GetRestApis={"items": [rest]},
        GetRestApi=rest,
        GetStages={"item": [stage]},
        GetExport=exports,
        GetDeployment={"apiSummary": {}},
        GetResources={"items": [{"path": "/orders", "resourceMethods": {"GET": method}}]},
        GetAuthorizers={
            "items": [
                {
                    "id": "au1",
                    "type": "TOKEN",
                    "authorizerUri": URI.format(FUNCTION),
                    "providerARNs": [POOL],
                }
            ]
        },
        GetDomainNames={"items": [DOMAIN, private]},
        GetBasePathMappings={"items": []},
        GetDomainNameAccessAssociations={"items": []},
        apigatewayv2__GetApis={"Items": [http, socket]},
        apigatewayv2__GetApi=http,
        apigatewayv2__GetStages={"Items": [{"StageName": "prod", "DeploymentId": "d2"}]},
        apigatewayv2__GetRoutes={
            "Items": [
                {
                    "RouteKey": "$default",
                    "AuthorizationType": "AWS_IAM",
                    "AuthorizerId": "au2",
                    "Target": "integrations/i1",
                }
            ]
        },
        apigatewayv2__GetAuthorizers={"Items": []},
        apigatewayv2__GetIntegrations={"Items": []},
        apigatewayv2__GetVpcLinks={"Items": [{"VpcLinkId": "l1", "Name": "shop"}]},
        GetVpcLinks={"items": []},
        apigatewayv2__ExportApi=lambda _params: body(json.dumps(export).encode()),
        apigatewayv2__GetApiMappings={"Items": []},
        apigatewayv2__ListRoutingRules={"RoutingRules": []},
        wafv2__GetWebACL={"WebACL": {"DefaultAction": {"Allow": {}}, "Rules": [set_rule]}},
        wafv2__GetIPSet={"IPSet": {"Addresses": ["192.0.2.0/24"]}},
        lambda__GetPolicy=MISSING,
    )


def test_a_domain_leads_to_the_apis_of_its_mappings() -> None:
    mapping = {"ApiId": API.api_id, "ApiMappingId": "m", "Stage": "prod"}
    around = surroundings(
        answers(
            GetDomainNames={"items": [DOMAIN]},
            apigatewayv2__GetApiMappings={"Items": [mapping]},
        )
    )

    assert around.led_to_by(DOMAIN["domainName"]) == (API.api_id,)
    assert around.led_to_by("other.example.com") == ()
    assert surroundings(answers(GetDomainNames=DENIED)).led_to_by(DOMAIN["domainName"]) == ()
