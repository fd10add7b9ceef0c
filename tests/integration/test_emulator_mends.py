"""The mends of API Gateway: what each changes, and that the emulator as it comes still needs it.

The assertions on `raw` are not wishes. When one fails after an upgrade, the mend may go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.emulator import probes
from tests.emulator.probes import allow, deny, mock_api, replace, resource_policy
from tests.emulator.world import World, installed

pytestmark = pytest.mark.skipif(not installed(), reason="no .venv-emulator: run `make emulator`")

OFFICE, ELSEWHERE = "203.0.113.7", "198.51.100.7"
FENCE = resource_policy(allow(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.start(tmp_path_factory.mktemp("mended"), event_delay=0.1) as world:
        yield world


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.start(tmp_path_factory.mktemp("raw"), mends=()) as world:
        yield world


# --- deployed snapshot ------------------------------------------------------------------------


def _fenced_step_by_step(world: World) -> list[int]:
    """Status of a call from elsewhere: open, fence saved, fence deployed, stage moved back."""
    apigateway = world.client("apigateway")
    api, _ = mock_api(apigateway, policy=resource_policy(allow()))
    first = apigateway.create_deployment(restApiId=api, stageName="prod")["id"]
    seen = probes.statuses(world, api, [ELSEWHERE])
    apigateway.update_rest_api(restApiId=api, patchOperations=replace("/policy", FENCE))
    seen += probes.statuses(world, api, [ELSEWHERE])
    apigateway.create_deployment(restApiId=api, stageName="prod")
    seen += probes.statuses(world, api, [ELSEWHERE])
    apigateway.update_stage(
        restApiId=api, stageName="prod", patchOperations=replace("/deploymentId", first)
    )
    return seen + probes.statuses(world, api, [ELSEWHERE])


def test_a_policy_acts_when_it_is_deployed(mended: World, raw: World) -> None:
    assert _fenced_step_by_step(mended) == [200, 200, 403, 200]
    assert _fenced_step_by_step(raw) == [200, 403, 403, 403]


def _opened_method(world: World) -> list[int]:
    """Status of an unsigned call: AWS_IAM deployed, NONE saved, NONE deployed."""
    apigateway = world.client("apigateway")
    api, root = mock_api(apigateway, authorizationType="AWS_IAM")
    apigateway.create_deployment(restApiId=api, stageName="prod")
    seen = probes.statuses(world, api, [None])
    apigateway.update_method(
        restApiId=api,
        resourceId=root,
        httpMethod="GET",
        patchOperations=replace("/authorizationType", "NONE"),
    )
    seen += probes.statuses(world, api, [None])
    apigateway.create_deployment(restApiId=api, stageName="prod")
    return seen + probes.statuses(world, api, [None])


def test_a_method_opens_when_it_is_deployed(mended: World, raw: World) -> None:
    assert _opened_method(mended) == [403, 403, 200]
    assert _opened_method(raw) == [403, 200, 200]


def _export(world: World, api: str) -> dict[str, Any]:
    answer = world.client("apigateway").get_export(
        restApiId=api,
        stageName="prod",
        exportType="oas30",
        accepts="application/json",
        parameters={"extensions": "apigateway,authorizers"},
    )
    exported: dict[str, Any] = json.loads(answer["body"].read())
    return exported


def _exported_after_an_edit(world: World) -> dict[str, Any]:
    apigateway = world.client("apigateway")
    api, root = mock_api(
        apigateway, "ANY", authorizationType="AWS_IAM", policy=resource_policy(allow())
    )
    apigateway.create_deployment(restApiId=api, stageName="prod")
    apigateway.delete_method(restApiId=api, resourceId=root, httpMethod="ANY")
    apigateway.update_rest_api(restApiId=api, patchOperations=replace("/policy", FENCE))
    return {**_export(world, api), "api": api}


def test_an_export_shows_the_deployed_api(mended: World, raw: World) -> None:
    exported = _exported_after_an_edit(mended)
    operation = exported["paths"]["/"]["x-amazon-apigateway-any-method"]
    assert operation["security"] == [{"sigv4": []}]
    scheme = exported["components"]["securitySchemes"]["sigv4"]
    assert scheme["x-amazon-apigateway-authtype"] == "awsSigv4"
    deployed = exported["x-amazon-apigateway-policy"]["Statement"][0]
    assert "Condition" not in deployed
    arn = f"arn:aws:execute-api:us-east-1:123456789012:{exported['api']}/*"
    assert deployed["Resource"] == arn

    draft = _exported_after_an_edit(raw)
    assert draft["paths"] == {}
    assert "x-amazon-apigateway-policy" not in draft


def test_an_export_names_authorizers_scopes_and_keys(mended: World) -> None:
    apigateway = mended.client("apigateway")
    api, root = mock_api(apigateway, apiKeyRequired=True)
    pool = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abc"
    authorizer = apigateway.create_authorizer(
        restApiId=api,
        name="pool",
        type="COGNITO_USER_POOLS",
        providerARNs=[pool],
        identitySource="method.request.header.Authorization",
    )["id"]
    probes.put_mock_method(
        apigateway,
        api,
        root,
        "POST",
        authorizationType="COGNITO_USER_POOLS",
        authorizerId=authorizer,
        authorizationScopes=["pets/read"],
    )
    apigateway.create_deployment(restApiId=api, stageName="prod")

    exported = _export(mended, api)
    assert exported["paths"]["/"]["get"]["security"] == [{"api_key": []}]
    assert exported["paths"]["/"]["post"]["security"] == [{"pool": ["pets/read"]}]
    schemes = exported["components"]["securitySchemes"]
    assert schemes["api_key"] == {"type": "apiKey", "name": "x-api-key", "in": "header"}
    assert schemes["pool"]["x-amazon-apigateway-authtype"] == "cognito_user_pools"
    assert schemes["pool"]["x-amazon-apigateway-authorizer"]["providerARNs"] == [pool]


def _summaries(world: World) -> tuple[Any, Any]:
    """apiSummary of a deployment when it is asked for, and when it is not."""
    apigateway = world.client("apigateway")
    api, _ = mock_api(apigateway, authorizationType="AWS_IAM")
    of = {"restApiId": api, "deploymentId": apigateway.create_deployment(restApiId=api)["id"]}
    asked = apigateway.get_deployment(**of, embed=["apisummary"])
    return asked["apiSummary"], apigateway.get_deployment(**of).get("apiSummary")


def test_a_deployment_summarises_authorization_when_asked(mended: World, raw: World) -> None:
    summary = {"/": {"GET": {"authorizationType": "AWS_IAM", "apiKeyRequired": False}}}
    assert _summaries(mended) == (summary, None)
    asked, unasked = _summaries(raw)
    assert "authorizationType" not in asked["/"]["GET"]
    assert unasked is not None


def test_methods_are_embedded_when_asked(mended: World, raw: World) -> None:
    for world, unasked in ((mended, {"GET": {}}), (raw, None)):
        apigateway = world.client("apigateway")
        api, root = mock_api(apigateway)
        (asked,) = apigateway.get_resources(restApiId=api, embed=["methods"])["items"]
        assert asked["resourceMethods"]["GET"]["authorizationType"] == "NONE"
        (plain,) = apigateway.get_resources(restApiId=api)["items"]
        one = apigateway.get_resource(restApiId=api, resourceId=root)
        assert plain["resourceMethods"] == one["resourceMethods"]
        assert plain["resourceMethods"] == (unasked or asked["resourceMethods"])


def test_a_deployment_in_use_stays(mended: World, raw: World) -> None:
    for world, refused in ((mended, True), (raw, False)):
        apigateway = world.client("apigateway")
        api, _ = mock_api(apigateway)
        deployment = apigateway.create_deployment(restApiId=api, stageName="prod")["id"]
        try:
            apigateway.delete_deployment(restApiId=api, deploymentId=deployment)
        except apigateway.exceptions.BadRequestException:
            assert refused
        else:
            assert not refused


# --- saved policy, patched values, default endpoint -------------------------------------------


def test_a_saved_policy_comes_back_expanded_and_escaped(mended: World, raw: World) -> None:
    for world, resource in (
        (mended, "arn:aws:execute-api:us-east-1:123456789012"),
        (raw, "execute-api:/*"),
    ):
        apigateway = world.client("apigateway")
        api = apigateway.create_rest_api(name="orders", policy=FENCE)["id"]
        text = apigateway.get_rest_api(restApiId=api)["policy"]
        assert text.startswith('{\\"Version\\"')
        assert ("203.0.113.0\\/24" in text) is (world is mended)
        statement = json.loads(json.loads(f'"{text}"'))["Statement"][0]
        assert statement["Resource"].startswith(resource)


def test_text_that_is_no_policy_is_refused(mended: World, raw: World) -> None:
    with pytest.raises(ClientError, match="BadRequestException"):
        mended.client("apigateway").create_rest_api(name="orders", policy="{not json")
    assert raw.client("apigateway").create_rest_api(name="orders", policy="{not json")["id"]


def _after_patches(world: World) -> tuple[list[str], int]:
    apigateway = world.client("apigateway")
    api, root = mock_api(apigateway, apiKeyRequired=True, endpointConfiguration={"types": ["EDGE"]})
    method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    apigateway.update_method(**method, patchOperations=replace("/apiKeyRequired", "false"))
    types = replace("/endpointConfiguration/types/EDGE", "REGIONAL")
    apigateway.update_rest_api(restApiId=api, patchOperations=types)
    apigateway.create_deployment(restApiId=api, stageName="prod")
    return (
        apigateway.get_rest_api(restApiId=api)["endpointConfiguration"]["types"],
        probes.statuses(world, api, [None])[0],
    )


def test_patches_leave_typed_values(mended: World, raw: World) -> None:
    assert _after_patches(mended) == (["REGIONAL"], 200)
    assert _after_patches(raw) == (["EDGE"], 403)


def test_a_disabled_default_endpoint_is_shut(mended: World, raw: World) -> None:
    for world, status in ((mended, 403), (raw, 200)):
        apigateway = world.client("apigateway")
        api, _ = mock_api(apigateway, disableExecuteApiEndpoint=True)
        apigateway.create_deployment(restApiId=api, stageName="prod")
        assert probes.statuses(world, api, [None]) == [status]


# --- caller's address -------------------------------------------------------------------------


def test_the_data_plane_sees_the_address_a_caller_claims(mended: World, raw: World) -> None:
    for world, seen in ((mended, [200, 403]), (raw, [403, 403])):
        apigateway = world.client("apigateway")
        api, _ = mock_api(apigateway, policy=FENCE)
        apigateway.create_deployment(restApiId=api, stageName="prod")
        assert probes.statuses(world, api, [OFFICE, ELSEWHERE]) == seen


def test_a_deny_fences_by_address_too(mended: World) -> None:
    apigateway = mended.client("apigateway")
    outside = {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}
    policy = resource_policy(allow(), deny(Condition=outside))
    api, _ = mock_api(apigateway, policy=policy)
    apigateway.create_deployment(restApiId=api, stageName="prod")
    seen = probes.statuses(mended, api, [OFFICE, ELSEWHERE, "2001:db8::7", "2001:db9::7"])
    assert seen == [200, 403, 200, 403]


# --- late writes ------------------------------------------------------------------------------


def _late_writes(world: World) -> list[object]:
    """TLS policy after an update, status of a flush, the web ACL a stage names, a policy, links."""
    apigateway, wafv2, ec2 = (world.client(name) for name in ("apigateway", "wafv2", "ec2"))
    api, _ = mock_api(apigateway)
    apigateway.create_deployment(restApiId=api, stageName="prod")
    domain = f"{api}.example.com"
    apigateway.create_domain_name(domainName=domain, securityPolicy="TLS_1_0")
    found: list[object] = []
    for write in (
        lambda: apigateway.update_domain_name(
            domainName=domain, patchOperations=replace("/securityPolicy", "TLS_1_2")
        ),
        lambda: apigateway.flush_stage_authorizers_cache(restApiId=api, stageName="prod"),
    ):
        try:
            write()
            found.append("taken")
        except ClientError as error:
            found.append(error.response["Error"]["Code"])
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
    acl = wafv2.create_web_acl(
        Name=api, Scope="REGIONAL", DefaultAction={"Block": {}}, VisibilityConfig=seen, Rules=[]
    )["Summary"]["ARN"]
    stage = f"arn:aws:apigateway:us-east-1::/restapis/{api}/stages/prod"
    wafv2.associate_web_acl(WebACLArn=acl, ResourceArn=stage)
    told = apigateway.get_stage(restApiId=api, stageName="prod").get("webAclArn")
    found.append(told == acl)
    made = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.us-east-1.execute-api",
        VpcId="vpc-1",
        PolicyDocument=FENCE,
    )["VpcEndpoint"]["VpcEndpointId"]
    (endpoint,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
    found.append(endpoint.get("PolicyDocument") == FENCE)
    try:
        found.append(world.client("apigatewayv2").get_vpc_links()["Items"])
    except ClientError as error:
        found.append(error.response["Error"]["Code"])
    return found


def test_late_writes_are_taken_and_told(mended: World, raw: World) -> None:
    assert _late_writes(mended) == ["taken", "taken", True, True, []]
    missing = "NotFoundException"
    assert _late_writes(raw) == [missing, missing, False, False, missing]


# --- rules in policies ------------------------------------------------------------------------


def _reads_its_rule(world: World) -> list[bool]:
    """Whether a caller who may read one rule by its ARN can, by either name of the parameter."""
    events, calls = world.client("events"), []
    arn = events.put_rule(Name="ours", ScheduleExpression="rate(1 day)")["RuleArn"]
    actions = ["events:DescribeRule", "events:ListTargetsByRule"]
    reader = world.assume("reader", "reader", statements=[allow_actions(actions, arn)])
    theirs = world.client("events", reader)
    for call in (lambda: theirs.describe_rule(Name="ours"),
                 lambda: theirs.list_targets_by_rule(Rule="ours")):  # fmt: skip
        try:
            call()
        except ClientError:
            calls.append(False)
        else:
            calls.append(True)
    return calls


def allow_actions(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def test_a_policy_names_a_rule_by_its_arn(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with World.start(tmp_path_factory.mktemp("mended-arns"), auth=True) as world:
        assert _reads_its_rule(world) == [True, True]
    with World.start(tmp_path_factory.mktemp("raw-arns"), auth=True, mends=()) as world:
        assert _reads_its_rule(world) == [False, False]


# --- batches of messages ----------------------------------------------------------------------


def _sends_ten(world: World, name: str) -> str:
    """The error code of somebody who may send messages and sends them as a batch."""
    url = world.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    granted = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    sender = world.assume("Sender", "ci", statements=[granted])
    entries = [{"Id": str(n), "MessageBody": "x"} for n in range(10)]
    try:
        world.client("sqs", sender).send_message_batch(QueueUrl=url, Entries=entries)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_who_may_send_a_message_may_send_ten(mended: World, raw: World) -> None:
    assert _sends_ten(mended, "mended") == ""
    assert _sends_ten(raw, "raw") == "AccessDenied"
