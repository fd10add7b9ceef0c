"""The remedies against the template, their pages and their files."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from tests.meta.test_permissions import covers, granted, listed, statements
from tests.template import resource, resources, template

from monitor.aws.operations import Permission
from monitor.evaluation.catalogue import RULES
from remediators.aws_objects import READS as READS_OF_REMEDIES
from remediators.aws_writes import GROUPS, WRITES
from remediators.catalogue import ACTIONS, BY_ID, SAFE_UNASKED

ROOT = Path(__file__).resolve().parent.parent.parent
POLICIES = {group: f"Write{_name}" for group, _name in (
    ("stages", "Stages"), ("apis", "Apis"), ("keys", "Keys"), ("domains", "Domains"),
    ("waf", "Waf"), ("vpc-endpoints", "VpcEndpoints"), ("user-pools", "UserPools"),
)}  # fmt: skip


def grants(policy: str) -> list[Permission]:
    properties = resource(policy)["Properties"]
    assert properties["Roles"] == [{"Ref": "RemediateWriterRole"}]
    return [
        Permission(action, one if isinstance(one, str) else one["Sub"])
        for statement in properties["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for one in listed(statement["Resource"])
    ]


def test_every_group_of_writes_has_a_policy_of_its_own() -> None:
    assert set(POLICIES) == set(GROUPS)


@pytest.mark.parametrize("group", list(GROUPS))
def test_the_writer_may_do_exactly_what_the_group_does(group: str) -> None:
    needed = {one for operation in GROUPS[group] for one in WRITES[operation]}
    held = grants(POLICIES[group])

    for permission in needed:
        assert any(covers(grant, permission) for grant in held), permission
    for grant in held:
        assert any(covers(grant, permission) for permission in needed), grant
        assert "*" not in grant.action
        assert grant.resource != "*"


@pytest.mark.parametrize(("group", "policy"), list(POLICIES.items()))
def test_without_approval_mode_or_consent_no_write_is_granted(group: str, policy: str) -> None:
    name = policy.removeprefix("Write")
    conditions = template()["Conditions"]

    assert resource(policy)["Condition"] == f"Writes{name}"
    mode, consent = conditions[f"Writes{name}"]["And"]
    assert mode == {"Condition": "RemediationWrites"}
    assert consent == {"Equals": [{"Ref": f"Remediate{name}"}, "yes"]}
    modes = [one["Equals"][1] for one in conditions["RemediationWrites"]["Or"]]
    assert modes == ["approve", "auto"]
    assert template()["Parameters"]["RemediationMode"]["Default"] in ("off", "offer")
    assert group in str(resource("RemediateFunction")["Properties"]["Environment"])


def test_only_the_writers_role_writes_and_only_the_remediator_becomes_it() -> None:
    for name, policy in resources("AWS::IAM::Policy").items():
        expected = "RemediateRole" if name == "AssumeWriter" else "RemediateWriterRole"
        assert policy["Properties"]["Roles"] == [{"Ref": expected}], name
    role = resource("RemediateWriterRole")["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"GetAtt": "RemediateRole.Arn"}}
    assert trust["Condition"] == {"StringLike": {"sts:RoleSessionName": "gatewatch-gwp-*"}}
    assert "Policies" not in role
    for name in ("RemediateRole", "RemediateWriterRole"):
        assert resource(name)["Properties"]["PermissionsBoundary"]["If"][0] == "HasBoundary"


def test_the_remediator_may_read_all_that_it_reads() -> None:
    held = granted("RemediateRole")

    for name, permissions in READS_OF_REMEDIES.items():
        for permission in permissions:
            read = permission.resource.replace("${AWS::Region}", "*")
            assert any(
                covers(grant, permission) or covers(grant, Permission(permission.action, read))
                for grant in held
            ), f"{name}: {permission}"


def test_nobody_else_writes_the_journal() -> None:
    writing = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    for role in set(resources("AWS::IAM::Role")) - {"RemediateWriterRole"}:
        for statement in statements(role):
            reached = str(statement["Resource"])
            if writing & set(listed(statement["Action"])) and "RemediationsTable" in reached:
                assert role == "RemediateRole"


def test_a_message_is_hidden_longer_than_any_try_takes() -> None:
    timeout = resource("RemediateFunction")["Properties"]["Timeout"]

    assert resource("RemediationQueue")["Properties"]["VisibilityTimeout"] >= 6 * timeout


def test_every_remedy_has_its_file_and_its_page() -> None:
    files = (ROOT / "src/remediators/actions").glob("[a-z]*.py")
    pages = {page.stem for page in (ROOT / "docs/remediations").glob("*.md")}

    assert set(BY_ID) == {one.stem.replace("_", "-") for one in files} == pages
    assert len(BY_ID) == len(ACTIONS)
    assert all(action in ACTIONS for action in SAFE_UNASKED)


def test_the_rules_offer_remedies_that_there_are() -> None:
    offered = {one for rule in RULES for one in rule.remediations}

    assert offered <= set(BY_ID)


def test_own_web_acls_are_the_only_ones_that_may_be_changed() -> None:
    for grant in grants("WriteWaf"):
        if ":wafv2:" in grant.resource:
            assert re.search(r"regional/(webacl|ipset)/gatewatch-\*", grant.resource)
            assert not fnmatchcase("x/regional/webacl/theirs/1", grant.resource)


def test_alarms_name_their_page() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text("utf-8").lower()
    alarms: dict[str, Any] = resources("AWS::CloudWatch::Alarm")
    for name in ("RemediationDlqAlarm", "RemediationStuckAlarm", "RemediationBreakerAlarm"):
        said = alarms[name]["Properties"]["AlarmDescription"]
        found = re.search(r'Runbook, "([^"]+)"', said)
        assert found is not None
        assert f"## {found[1]}" in runbook, name
