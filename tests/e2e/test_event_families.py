"""Each family of events, made by a real call of a person where the emulator has the service, and
else as a record in the real queue: the API behind it is looked at again, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.demo.company import WIDE_OPEN
from tests.e2e.conftest import Deployed
from tests.e2e.test_deployed import SOON, send
from tests.unit.test_cloudtrail import record

pytestmark = pytest.mark.e2e

EVERYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


@pytest.fixture(scope="module")
def person(deployed: Deployed) -> Callable[[str], Any]:
    """Clients of somebody who may do anything, with a session of their own."""
    credentials = deployed.world.assume("Platform", "sam@example.com", statements=EVERYTHING)
    return lambda service: deployed.world.client(service, credentials)


def version(deployed: Deployed, api: str) -> int:
    found = deployed.records().get(api)
    return int(found["version"]["N"]) if found else 0


def known(deployed: Deployed, api: str) -> str:
    """Wait until the API was looked at and its burst is over."""
    world = deployed.world
    world.until(lambda: version(deployed, api), SOON, "a first look")
    world.until(lambda: not bursts(deployed), 2 * SOON, "the end of the burst")
    return api


def bursts(deployed: Deployed) -> list[Any]:
    items = deployed.world.client("dynamodb").scan(TableName=deployed.outputs["Table"])["Items"]
    return [item for item in items if item["pk"]["S"].startswith("BURST#")]


def looked_at_again(deployed: Deployed, api: str, change: Callable[[], Any]) -> None:
    before = version(deployed, api)
    change()
    deployed.world.until(lambda: version(deployed, api) > before, SOON, "another look")


def guarded_rest_api(apigateway: Any, name: str, **authorizer: Any) -> str:
    api = str(apigateway.create_rest_api(name=name, tags={"exposure": "public"})["id"])
    guard = apigateway.create_authorizer(restApiId=api, name="guard", **authorizer)["id"]
    root = apigateway.get_resources(restApiId=api)["items"][0]["id"]
    kind = "COGNITO_USER_POOLS" if "providerARNs" in authorizer else "CUSTOM"
    apigateway.put_method(
        restApiId=api,
        resourceId=root,
        httpMethod="GET",
        authorizationType=kind,
        authorizerId=guard,
    )
    apigateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    apigateway.create_deployment(restApiId=api, stageName="prod")
    return api


def test_http_apis(deployed: Deployed, person: Callable[[str], Any]) -> None:
    v2 = person("apigatewayv2")
    api = v2.create_api(Name="web", ProtocolType="HTTP")["ApiId"]
    v2.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    known(deployed, api)

    looked_at_again(deployed, api, lambda: v2.create_route(ApiId=api, RouteKey="GET /open"))
    deployed.world.until(
        lambda: deployed.records()[api]["scope"]["S"] == "internet", SOON, "the open route"
    )


def test_user_pools(deployed: Deployed, person: Callable[[str], Any]) -> None:
    cognito = person("cognito-idp")
    pool = cognito.create_user_pool(PoolName="customers")["UserPool"]
    api = guarded_rest_api(
        person("apigateway"),
        "pooled",
        type="COGNITO_USER_POOLS",
        providerARNs=[pool["Arn"]],
        identitySource="method.request.header.Authorization",
    )
    known(deployed, api)

    looked_at_again(
        deployed,
        api,
        lambda: cognito.update_user_pool(UserPoolId=pool["Id"], MfaConfiguration="OFF"),
    )


def test_authorizer_functions(deployed: Deployed, person: Callable[[str], Any]) -> None:
    function = deployed.outputs["NotifyFunction"]  # some function of the account
    arn = person("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    api = guarded_rest_api(
        person("apigateway"),
        "guarded",
        type="TOKEN",
        identitySource="method.request.header.Authorization",
        authorizerUri=(
            f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        ),
    )
    known(deployed, api)

    looked_at_again(
        deployed,
        api,
        lambda: person("lambda").add_permission(
            FunctionName=function,
            StatementId="gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        ),
    )


def test_vpc_endpoints(deployed: Deployed, person: Callable[[str], Any]) -> None:
    ec2, apigateway = person("ec2"), person("apigateway")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    api = apigateway.create_rest_api(
        name="inside", policy=WIDE_OPEN, endpointConfiguration={"types": ["PRIVATE"]}
    )["id"]
    root = apigateway.get_resources(restApiId=api)["items"][0]["id"]
    apigateway.put_method(
        restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE"
    )
    apigateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    apigateway.create_deployment(restApiId=api, stageName="prod")
    known(deployed, api)

    made: dict[str, Any] = {}

    def create() -> None:
        made.update(
            ec2.create_vpc_endpoint(
                VpcId=vpc,
                ServiceName="com.amazonaws.us-east-1.execute-api",
                VpcEndpointType="Interface",
            )["VpcEndpoint"]
        )

    looked_at_again(deployed, api, create)
    known(deployed, api)
    looked_at_again(
        deployed,
        api,
        lambda: ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], ResetPolicy=True),
    )


def test_web_acls(deployed: Deployed, person: Callable[[str], Any]) -> None:
    api = deployed.company("sam@example.com").open_api("walled")
    known(deployed, api)
    waf = person("wafv2")
    metrics = {
        "SampledRequestsEnabled": False,
        "CloudWatchMetricsEnabled": False,
        "MetricName": "fence",
    }
    acl = waf.create_web_acl(
        Name="fence", Scope="REGIONAL", DefaultAction={"Block": {}}, VisibilityConfig=metrics
    )["Summary"]

    looked_at_again(
        deployed,
        api,
        lambda: waf.associate_web_acl(
            WebACLArn=acl["ARN"],
            ResourceArn=f"arn:aws:apigateway:us-east-1::/restapis/{api}/stages/prod",
        ),
    )


def test_usage_plans(deployed: Deployed, person: Callable[[str], Any]) -> None:
    api = deployed.company("sam@example.com").open_api("planned")
    known(deployed, api)
    stages = [{"apiId": api, "stage": "prod"}]

    looked_at_again(
        deployed,
        api,
        lambda: person("apigateway").create_usage_plan(name="gold", apiStages=stages),
    )


def test_custom_domains(deployed: Deployed, person: Callable[[str], Any]) -> None:
    api = deployed.company("sam@example.com").open_api("named")
    known(deployed, api)
    apigateway = person("apigateway")
    apigateway.create_domain_name(
        domainName="named.example.com",
        regionalCertificateArn="arn:aws:acm:us-east-1:123456789012:certificate/aaaa-bbbb",
        endpointConfiguration={"types": ["REGIONAL"]},
    )
    looked_at_again(
        deployed,
        api,
        lambda: apigateway.create_base_path_mapping(
            domainName="named.example.com", restApiId=api, stage="prod"
        ),
    )
    known(deployed, api)
    # The emulator cannot import certificates, so this one is a record.
    renewed = record(
        "ImportCertificate",
        eventID="acm-1",
        eventSource="acm.amazonaws.com",
        requestParameters={
            "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/aaaa-bbbb"
        },
    )
    looked_at_again(deployed, api, lambda: send(deployed, renewed))


def test_what_feeds_gatewatch(deployed: Deployed, person: Callable[[str], Any]) -> None:
    """Its own rules are watched by their names; reads of keys and IAM have rules that are off."""
    events = person("events")
    names = [rule["Name"] for rule in events.list_rules()["Rules"]]
    assert [name for name in names if "IdentityChangeRule" in name]
    stopped = record(
        "StopLogging",
        eventID="trail-1",
        eventSource="cloudtrail.amazonaws.com",
        requestParameters={"name": "main"},
    )
    keys = record(
        "GetApiKeys",
        eventID="keys-1",
        readOnly=True,
        requestParameters={"includeValues": True},
    )
    send(deployed, stopped)
    send(deployed, keys)

    def warned() -> bool:
        logs = deployed.logs("on-change")
        return "what feeds Gatewatch changed" in logs and "somebody read credentials" in logs

    deployed.world.until(warned, SOON, "the warnings")
    assert '"MonitorBlinded":[1' in deployed.logs("on-change").replace(" ", "")


def test_a_scan_finds_what_no_event_told_of(deployed: Deployed) -> None:
    company = deployed.company("sam@example.com")
    api = company.open_api("silent")
    known(deployed, api)
    rule = next(
        one["Name"]
        for one in deployed.world.client("events").list_rules()["Rules"]
        if "ApiChangeRule" in one["Name"]
    )
    deployed.world.client("events").disable_rule(Name=rule)
    try:
        company.delete(api)
        invoked = deployed.world.client("lambda").invoke(
            FunctionName=deployed.outputs["ScanFanoutFunction"], Payload=b'{"anew": true}'
        )
        answer = json.loads(invoked["Payload"].read())
        assert answer.get("apis", 0) > 0, answer
        deployed.world.until(
            lambda: deployed.records()[api]["scope"]["S"] == "nobody", 2 * SOON, "the end of it"
        )
    finally:
        deployed.world.client("events").enable_rule(Name=rule)
