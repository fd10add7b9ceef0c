"""Every kind of API read over HTTP from the emulator, by a role that may do what the table says and
no more.

What the emulator lacks is read from given answers in the unit tests: ExportApi, routing rules,
private custom domains and their associations, policies of VPC endpoints, the web ACL that a stage
names, canaries.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.emulator import probes
from tests.emulator.probes import allow, mock_api, resource_policy
from tests.emulator.world import ACCOUNT, REGION, Credentials, World, installed
from tests.fakes import FakeClock

from monitor.aws.apigateway import RestApiReads
from monitor.aws.apigatewayv2 import V2ApiReads
from monitor.aws.authorizer_functions import FunctionReads
from monitor.aws.collect import SnapshotReader
from monitor.aws.custom_domains import DomainReads
from monitor.aws.distributions import DistributionReads
from monitor.aws.identities import IdentityReads
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
    DomainMapping,
    IpSetRule,
    WebAcl,
)
from monitor.model.behind import LambdaFunction
from monitor.model.gaps import Gap, Unknown

pytestmark = pytest.mark.skipif(not installed(), reason="no .venv-emulator: run `make emulator`")

SUBSTITUTES = {
    "${AWS::Partition}": "aws",
    "${AWS::Region}": REGION,
    "${AWS::AccountId}": ACCOUNT,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.start(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def fresh(world: World) -> World:
    world.reset()
    return world


def concrete(resource: str) -> str:
    for placeholder, value in SUBSTITUTES.items():
        resource = resource.replace(placeholder, value)
    return resource


def table() -> list[dict[str, Any]]:
    return [
        {"Effect": "Allow", "Action": one.action, "Resource": concrete(one.resource)}
        for permissions in (*READS.values(), *READS_OF_IDENTITIES.values())
        for one in permissions
    ]


def reader(world: World, *, without: str = "") -> SnapshotReader:
    """`without`: a path whose resources the role may not read."""
    statements = [one for one in table() if not without or without not in one["Resource"]]
    return reader_of(world, world.assume("reader", "gatewatch", statements=statements))


def reader_of(world: World, who: Credentials) -> SnapshotReader:
    def client(service: str) -> Any:
        return world.client(service, who)

    clock = FakeClock()
    rest = RestApiReads(client("apigateway"))
    readers = Readers(
        account=rest,
        v2=V2ApiReads(client("apigatewayv2")),
        domains=DomainReads(client("apigateway"), client("apigatewayv2")),
        plans=UsagePlanReads(client("apigateway")),
        distributions=lambda: DistributionReads(client("cloudfront")),
        vpc_endpoints=lambda: VpcEndpointReads(client("ec2")),
        web_acls=lambda: WebAclReads(client("wafv2")),
        user_pools=lambda: UserPoolReads(client("cognito-idp")),
        functions=lambda: FunctionReads(client("lambda")),
        identities=lambda: IdentityReads(client("iam")),
    )
    return SnapshotReader(
        rest,
        V2ApiReads(client("apigatewayv2")),
        clock,
        account_id=ACCOUNT,
        region=REGION,
        surroundings=Surroundings(readers, clock, serves=None),
    )


def read_only(source: SnapshotReader) -> ApiSnapshot:
    (api,) = source.list_apis().apis
    snapshot = source.read(api)
    assert snapshot is not None
    return snapshot


def test_a_rest_api_is_read_with_its_doors_and_its_keys(fresh: World) -> None:
    apigateway = fresh.client("apigateway")
    policy = resource_policy(allow())
    api_id, resource_id = mock_api(apigateway, policy=policy)
    apigateway.update_method(
        restApiId=api_id,
        resourceId=resource_id,
        httpMethod="GET",
        patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "true"}],
    )
    apigateway.create_deployment(restApiId=api_id, stageName="prod")
    apigateway.create_domain_name(
        domainName="api.example.com", endpointConfiguration={"types": ["EDGE"]}
    )
    apigateway.create_base_path_mapping(
        domainName="api.example.com", basePath="v1", restApiId=api_id, stage="prod"
    )
    plan = apigateway.create_usage_plan(
        name="gold", apiStages=[{"apiId": api_id, "stage": "prod"}]
    )["id"]
    key = apigateway.create_api_key(name="partner", enabled=True, value="a-value-nobody-keeps")
    apigateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")

    snapshot = read_only(reader(fresh))

    assert snapshot.gaps == ()
    assert [stage.has_usage_plan for stage in snapshot.stages] == [True]
    (domain,) = snapshot.custom_domains or ()
    assert domain.mappings == (DomainMapping(base_path="v1", stage="prod"),)
    (found,) = snapshot.usage_plans or ()
    assert [(one.key_id, one.enabled) for one in found.keys or ()] == [(key["id"], True)]
    assert "a-value-nobody-keeps" not in repr(snapshot)


def test_an_http_api_behind_a_regional_domain(fresh: World) -> None:
    v2 = fresh.client("apigatewayv2")
    api_id = v2.create_api(
        Name="shop", ProtocolType="HTTP", CorsConfiguration={"AllowOrigins": ["*"]}
    )["ApiId"]
    authorizer = v2.create_authorizer(
        ApiId=api_id,
        Name="tokens",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": "https://id.example.com", "Audience": ["shop"]},
    )["AuthorizerId"]
    v2.create_route(
        ApiId=api_id,
        RouteKey="GET /orders",
        AuthorizationType="JWT",
        AuthorizerId=authorizer,
        AuthorizationScopes=["orders/read"],
    )
    v2.create_route(ApiId=api_id, RouteKey="$default", AuthorizationType="NONE")
    v2.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)

    snapshot = read_only(reader(fresh))

    assert (snapshot.api_type, snapshot.gaps) == (ApiType.HTTP, ())
    assert snapshot.cors is not None
    assert snapshot.cors.allow_origins == ("*",)
    (live,) = snapshot.deployments.values()
    assert live == snapshot.draft
    assert {route.key: route.authorization for route in live.routes or ()} == {
        "GET /orders": AuthorizationType.JWT,
        "$default": AuthorizationType.NONE,
    }
    assert live.authorizers[authorizer].audiences == ("shop",)


def test_what_the_emulator_cannot_export_is_unknown(fresh: World) -> None:
    v2 = fresh.client("apigatewayv2")
    api_id = v2.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    v2.create_route(ApiId=api_id, RouteKey="$default", AuthorizationType="NONE")
    deployment = v2.create_deployment(ApiId=api_id)["DeploymentId"]
    v2.create_stage(ApiId=api_id, StageName="prod", DeploymentId=deployment)

    snapshot = read_only(reader(fresh))

    # It answers 404, as if the stage vanished each time it is asked for.
    assert snapshot.deployments == {}
    assert [(gap.unknown, "exports/OAS30" in gap.subject) for gap in snapshot.gaps] == [
        (Unknown.API, True)
    ]


def test_a_websocket_api(fresh: World) -> None:
    v2 = fresh.client("apigatewayv2")
    api_id = v2.create_api(
        Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    v2.create_route(ApiId=api_id, RouteKey="$connect", AuthorizationType="AWS_IAM")
    v2.create_stage(ApiId=api_id, StageName="live", AutoDeploy=True)
    deployment = v2.create_deployment(ApiId=api_id)["DeploymentId"]
    v2.create_stage(ApiId=api_id, StageName="pinned", DeploymentId=deployment)

    snapshot = read_only(reader(fresh))

    assert snapshot.api_type is ApiType.WEBSOCKET
    live = next(stage for stage in snapshot.stages if stage.name == "live")
    assert snapshot.deployments[live.deployment_id or ""] == snapshot.draft
    assert [gap.error_code for gap in snapshot.gaps] == ["NoDeployedRoutes"]


def test_a_user_pool_and_a_function_behind_authorizers(fresh: World, tmp_path: Path) -> None:
    pool = fresh.client("cognito-idp").create_user_pool(
        PoolName="customers", AdminCreateUserConfig={"AllowAdminCreateUserOnly": True}
    )["UserPool"]
    fresh.client("cognito-idp").create_user_pool_client(UserPoolId=pool["Id"], ClientName="web")
    probes.function(fresh, "tokens", "def handler(event, context):\n    pass\n", tmp_path / "log")
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:tokens"
    apigateway = fresh.client("apigateway")
    api_id, resource_id = mock_api(apigateway)
    authorizers = [
        apigateway.create_authorizer(
            restApiId=api_id,
            name="pool",
            type="COGNITO_USER_POOLS",
            providerARNs=[pool["Arn"]],
            identitySource="method.request.header.Authorization",
        )["id"],
        apigateway.create_authorizer(
            restApiId=api_id,
            name="tokens",
            type="TOKEN",
            authorizerUri=(
                f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
            ),
            identitySource="method.request.header.Authorization",
        )["id"],
    ]
    operations = [
        {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
        {"op": "replace", "path": "/authorizerId", "value": authorizers[1]},
    ]
    apigateway.update_method(
        restApiId=api_id, resourceId=resource_id, httpMethod="GET", patchOperations=operations
    )

    snapshot = read_only(reader(fresh))

    assert snapshot.gaps == ()
    found = snapshot.user_pools[pool["Arn"]]
    assert (found.exists, found.name, found.self_sign_up) == (True, "customers", False)
    assert [client.name for client in found.clients or ()] == ["web"]
    assert snapshot.functions[function].exists is True


def test_identities_that_may_invoke(fresh: World) -> None:
    v2 = fresh.client("apigatewayv2")
    api_id = v2.create_api(Name="internal", ProtocolType="HTTP")["ApiId"]
    v2.create_route(ApiId=api_id, RouteKey="GET /", AuthorizationType="AWS_IAM")
    arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*"
    invoke = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}
    fresh.assume("caller", "jane", statements=[invoke])
    elsewhere = {**invoke, "Resource": arn.replace(api_id, "otherapi00")}
    fresh.assume("stranger", "jim", statements=[elsewhere])

    snapshot = read_only(reader(fresh))

    assert [one.arn for one in snapshot.invokers or ()] == [f"arn:aws:iam::{ACCOUNT}:role/caller"]


@pytest.mark.parametrize(
    ("without", "unread"),
    [
        ("::/domainnames", {("GetDomainNames", Unknown.DOORS)}),
        ("::/account", {("GetAccount", Unknown.OTHER)}),
        ("::/apis/", {("GetStages", Unknown.STAGES), ("GetRoutes", Unknown.DRAFT_ROUTES)}),
    ],
)
def test_what_the_role_may_not_read_is_a_gap(
    fresh: World, without: str, unread: set[tuple[str, Unknown]]
) -> None:
    v2 = fresh.client("apigatewayv2")
    api_id = v2.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    v2.create_route(ApiId=api_id, RouteKey="$default", AuthorizationType="NONE")

    snapshot = read_only(reader(fresh, without=without))

    assert {(gap.operation, gap.unknown) for gap in snapshot.gaps} == unread


def test_an_api_that_is_deleted_is_gone(fresh: World) -> None:
    v2, apigateway = fresh.client("apigatewayv2"), fresh.client("apigateway")
    http = v2.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    rest, _ = mock_api(apigateway)
    source = reader(fresh)
    apis = source.list_apis().apis
    assert {api.api_id for api in apis} == {http, rest}
    v2.delete_api(ApiId=http)
    apigateway.delete_rest_api(restApiId=rest)

    assert [source.read(api) for api in apis] == [None, None]
    assert reader(fresh).list_apis().apis == ()


@pytest.mark.parametrize("exists", [True, False])
def test_a_function_without_a_policy_is_told_from_a_missing_one(
    fresh: World, tmp_path: Path, exists: bool
) -> None:
    if exists:
        source = "def handler(event, context):\n    pass\n"
        probes.function(fresh, "bare", source, tmp_path / "log")
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:bare"
    who = fresh.assume("reader", "gatewatch", statements=table())

    found = FunctionReads(fresh.client("lambda", who)).function(arn)

    # The emulator answers an empty policy where AWS answers that there is none.
    assert isinstance(found, LambdaFunction)
    assert found.exists is exists


def test_a_web_acl_of_address_rules(fresh: World) -> None:
    wafv2 = fresh.client("wafv2")
    office = wafv2.create_ip_set(
        Name="office",
        Scope="REGIONAL",
        IPAddressVersion="IPV4",
        Addresses=["192.0.2.0/24"],
    )["Summary"]["ARN"]
    visible = {
        "SampledRequestsEnabled": False,
        "CloudWatchMetricsEnabled": False,
        "MetricName": "m",
    }
    rule = {
        "Name": "office",
        "Priority": 0,
        "Action": {"Allow": {}},
        "Statement": {"IPSetReferenceStatement": {"ARN": office}},
        "VisibilityConfig": visible,
    }
    acl = wafv2.create_web_acl(
        Name="fence",
        Scope="REGIONAL",
        DefaultAction={"Block": {}},
        Rules=[rule],
        VisibilityConfig=visible,
    )["Summary"]["ARN"]
    # The emulator takes an IP set for a web ACL when it asks which resource is read.
    as_web_acl = {
        "Effect": "Allow",
        "Action": "wafv2:GetIPSet",
        "Resource": f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/*",
    }
    who = fresh.assume("reader", "gatewatch", statements=[*table(), as_web_acl])

    found = WebAclReads(fresh.client("wafv2", who)).web_acl(acl)

    assert found == WebAcl(
        default_action="BLOCK",
        rules=(IpSetRule(priority=0, action="ALLOW", cidrs=("192.0.2.0/24",)),),
    )


def test_execute_api_endpoints_and_no_others(fresh: World) -> None:
    ec2 = fresh.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ids = [
        ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName=f"com.amazonaws.{REGION}.{service}",
            VpcEndpointType="Interface",
        )["VpcEndpoint"]["VpcEndpointId"]
        for service in ("execute-api", "sqs")
    ]
    who = fresh.assume("reader", "gatewatch", statements=table())

    found = VpcEndpointReads(fresh.client("ec2", who)).endpoints()

    assert not isinstance(found, Gap)
    assert [(one.vpc_endpoint_id, one.vpc_id) for one in found] == [(ids[0], vpc)]
    # Whoever gives none gets the default one, full access.
    (policy,) = [one.policy for one in found]
    assert policy is not None
    assert '"Action": "*"' in (policy.text or "")
