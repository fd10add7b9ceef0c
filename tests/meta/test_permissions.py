"""Least privilege: each role may do what its function does, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from tests.template import resource, resources, template

from monitor.aws.operations import READS, READS_OF_IDENTITIES, READS_OF_REGIONS, Permission
from monitor.aws.own_operations import OF_ROLES

ROLES = sorted(set(resources("AWS::IAM::Role")) - {"RemediateWriterRole"})
"""Of the writer's role, which holds the writes of remedies, test_remediation.py speaks."""
WITHOUT_RESOURCES = {
    permission.action
    for permissions in (*OF_ROLES.values(), *READS.values())
    for permission in permissions
    if permission.resource == "*"
}
"""Actions for which AWS knows no narrower resource; each is a row of the tables, with its reason in
the template."""
READS_FOR_REMEDIES = {"wafv2:GetWebACLForResource", "wafv2:ListIPSets", "wafv2:ListWebACLs"}
WRITERS = {"HeartbeatRole"}
"""Roles that may change something of API Gateway: its own canary's tag."""


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def plain(value: Any) -> Any:
    """A value of the template as text: every condition true, references as `${...}`."""
    if not isinstance(value, dict):
        return value
    if "If" in value:
        return plain(value["If"][1])
    if "Sub" in value:
        return value["Sub"][0] if isinstance(value["Sub"], list) else value["Sub"]
    if "Ref" in value or "GetAtt" in value:
        return f"${{{value.get('Ref') or value['GetAtt']}}}"
    return value


def statements(role: str) -> Iterator[dict[str, Any]]:
    yield from own_statements(role)
    for attached in resource(role)["Properties"]["ManagedPolicyArns"]:
        name = plain(attached).strip("${}")
        yield from of_document(resource(name)["Properties"]["PolicyDocument"])


def own_statements(role: str) -> Iterator[dict[str, Any]]:
    for policy in resource(role)["Properties"]["Policies"]:
        yield from of_document(policy["PolicyDocument"])


def of_document(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for statement in document["Statement"]:
        yield statement["If"][1] if "If" in statement else statement


def granted(role: str) -> set[Permission]:
    return {
        Permission(action, plain(where))
        for statement in statements(role)
        for action in listed(statement["Action"])
        for where in listed(statement["Resource"])
    }


def covers(grant: Permission, needed: Permission) -> bool:
    return grant == needed or (
        grant.action == needed.action
        and fnmatchcase(needed.resource.replace("*", "x"), grant.resource)
    )


def test_every_role_has_its_row() -> None:
    assert set(ROLES) == set(OF_ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_exactly_what_its_function_does(role: str) -> None:
    needed, grants = OF_ROLES[role], granted(role)

    missing = [one for one in needed if not any(covers(grant, one) for grant in grants)]
    needless = [grant for grant in grants if not any(covers(grant, one) for one in needed)]

    assert (missing, needless) == ([], [])


@pytest.mark.parametrize("role", ROLES)
def test_no_action_is_a_wildcard_and_no_resource_is_where_aws_knows_a_narrower_one(
    role: str,
) -> None:
    for grant in granted(role):
        assert "*" not in grant.action
        assert grant.resource != "*" or grant.action in WITHOUT_RESOURCES, grant


@pytest.mark.parametrize("role", ROLES)
def test_no_role_of_the_monitor_changes_what_is_judged(role: str) -> None:
    judged = {action.partition(":")[0] for action in ("apigateway:", "wafv2:", "cognito-idp:")}
    reads = {one.action for permissions in READS.values() for one in permissions}

    for grant in granted(role):
        if grant.action.partition(":")[0] in judged and role not in WRITERS:
            may = reads | (READS_FOR_REMEDIES if role == "RemediateRole" else set())
            assert grant.action in may, f"{role} may {grant.action}"


def test_the_heartbeat_may_write_one_tag_on_one_object_of_its_own() -> None:
    (write,) = [g for g in granted("HeartbeatRole") if g.action.startswith("apigateway:")]

    assert write.action == "apigateway:PUT"
    assert write.resource.endswith("%2Fusageplans%2F${HeartbeatCanary}")
    assert "*" not in write.resource


@pytest.mark.parametrize("role", ROLES)
def test_no_function_may_read_what_only_the_command_line_reads(role: str) -> None:
    only = {one.action for permissions in READS_OF_REGIONS.values() for one in permissions}

    assert {grant.action for grant in granted(role)}.isdisjoint(only)


def test_no_function_may_read_identities_unless_it_is_told_to() -> None:
    assert resource("ReadIdentities")["Condition"] == "WatchesIdentities"
    assert template()["Parameters"]["WatchIdentities"]["Default"] == "false"
    only = {one.action for permissions in READS_OF_IDENTITIES.values() for one in permissions}
    for role in ROLES:
        actions = {one for each in own_statements(role) for one in listed(each["Action"])}
        assert actions.isdisjoint(only), role


def test_reads_of_what_is_judged_are_bound_to_the_regions_that_are_watched() -> None:
    for statement in resource("ReadWhatIsJudged")["Properties"]["PolicyDocument"]["Statement"]:
        if statement["Sid"] == "ReadDistributions":
            continue  # CloudFront is of no region
        (regions,) = statement["Condition"]["StringEquals"].values()
        assert regions == {"Split": [",", {"Sub": "${AWS::Region},${OtherRegions}"}]}


@pytest.mark.parametrize("role", ROLES)
def test_every_role_keeps_to_the_boundary_and_is_for_lambda_alone(role: str) -> None:
    properties = resource(role)["Properties"]
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]

    assert properties["PermissionsBoundary"]["If"][0] == "HasBoundary"
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_schedules_keep_to_the_boundary_too() -> None:
    for function in resources("AWS::Serverless::Function").values():
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "ScheduleV2":
                assert event["Properties"]["PermissionsBoundary"]["If"][0] == "HasBoundary"


def test_services_may_use_our_queues_only_on_behalf_of_our_own_rules() -> None:
    """The confused deputy: a service that acts for another account's rule gets nothing."""
    for policy in resources("AWS::SQS::QueuePolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            assert statement["Action"] == "sqs:SendMessage"
            assert set(statement["Condition"]) == {"ArnEquals"}
            sources = listed(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
            assert all("GetAtt" in source.get("If", (0, source))[1] for source in sources)


def test_what_is_kept_is_encrypted_with_the_house_key_if_there_is_one() -> None:
    kept = {
        "AWS::SQS::Queue": "KmsMasterKeyId",
        "AWS::Logs::LogGroup": "KmsKeyId",
        "AWS::SecretsManager::Secret": "KmsKeyId",
    }
    for kind, name in kept.items():
        for logical, found in resources(kind).items():
            assert found["Properties"][name]["If"][0] == "HasKey", logical
    table = resource("FindingsTable")
    assert table["Properties"]["SSESpecification"]["KMSMasterKeyId"]["If"][0] == "HasKey"
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True
    }
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


def test_concurrency_is_bounded_by_event_sources_and_taken_from_nobody() -> None:
    for name, function in resources("AWS::Serverless::Function").items():
        assert "ReservedConcurrentExecutions" not in function["Properties"], name
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "SQS":
                assert event["Properties"]["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_the_key_is_used_through_our_services_only() -> None:
    (use,) = resource("UseKey")["Properties"]["PolicyDocument"]["Statement"]

    assert set(use["Condition"]) == {"StringEquals"}
    assert set(use["Condition"]["StringEquals"]) == {"kms:ViaService"}


def test_every_parameter_is_described_and_stands_in_a_group() -> None:
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]

    assert sorted(grouped) == sorted(template()["Parameters"])
    for name, parameter in template()["Parameters"].items():
        assert parameter.get("Description"), name
