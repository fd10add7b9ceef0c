"""Who of the account holds `execute-api:Invoke`: users, their groups, roles, and boundaries."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from tests.aws_answers import AwsAnswers

from monitor.aws.identities import IdentityReads
from monitor.model.behind import IdentityKind, Invoker, InvokeStatement
from monitor.model.gaps import Gap

ARN = "arn:aws:iam::123456789012:"
API = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/*"
MANAGED = f"{ARN}policy/call"


def document(**statement: Any) -> str:
    """As IAM sends it: URL-encoded."""
    given = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": API, **statement}
    return quote(json.dumps({"Version": "2012-10-17", "Statement": [given]}))


def inline(text: str, name: str = "inline") -> dict[str, str]:
    return {"PolicyName": name, "PolicyDocument": text}


def user(**fields: Any) -> dict[str, Any]:
    return {"UserName": "jane", "Arn": f"{ARN}user/jane", **fields}


def role(**fields: Any) -> dict[str, Any]:
    return {"RoleName": "app", "Arn": f"{ARN}role/app", **fields}


def managed(text: str, arn: str = MANAGED) -> dict[str, Any]:
    versions = [
        {"VersionId": "v1", "IsDefaultVersion": False, "Document": document(Effect="Deny")},
        {"VersionId": "v2", "IsDefaultVersion": True, "Document": text},
    ]
    return {"Arn": arn, "PolicyVersionList": versions}


def invokers(**details: Any) -> tuple[Invoker, ...]:
    page = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    given = AwsAnswers(**{"iam:GetAccountAuthorizationDetails": {**page, **details}})
    answer = IdentityReads(given.client("iam")).invokers()
    assert not isinstance(answer, Gap), answer
    return answer


def statement(**fields: Any) -> InvokeStatement:
    return InvokeStatement(**{"policy": "inline", "allows": True, "resources": (API,), **fields})


def test_a_role_with_a_policy_of_its_own() -> None:
    assert invokers(RoleDetailList=[role(RolePolicyList=[inline(document())])]) == (
        Invoker(arn=f"{ARN}role/app", kind=IdentityKind.ROLE, statements=(statement(),)),
    )


def test_a_user_holds_what_its_groups_hold() -> None:
    group = {"GroupName": "callers", "GroupPolicyList": [inline(document(), "of the group")]}

    (found,) = invokers(UserDetailList=[user(GroupList=["callers"])], GroupDetailList=[group])

    assert found.kind is IdentityKind.USER
    assert found.statements == (statement(policy="of the group", group="callers"),)


def test_a_managed_policy_counts_in_its_default_version() -> None:
    attached = [{"PolicyName": "call", "PolicyArn": MANAGED}]

    (found,) = invokers(
        RoleDetailList=[role(AttachedManagedPolicies=attached)], Policies=[managed(document())]
    )

    assert found.statements == (statement(policy=MANAGED),)


def test_an_attached_policy_that_is_not_told_may_say_anything() -> None:
    attached = [{"PolicyName": "call", "PolicyArn": MANAGED}]

    (found,) = invokers(RoleDetailList=[role(AttachedManagedPolicies=attached)])

    assert found.statements == (
        InvokeStatement(policy=MANAGED, allows=None, resources=(), certain=False),
    )


def test_a_permissions_boundary_is_kept_beside() -> None:
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": MANAGED}
    app = role(RolePolicyList=[inline(document())], PermissionsBoundary=boundary)

    (found,) = invokers(RoleDetailList=[app], Policies=[managed(document(Resource="*"))])

    assert found.boundary == (statement(policy=MANAGED, resources=("*",)),)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Action": "*"}, statement()),
        ({"Action": ["s3:*", "execute-api:in*"]}, statement()),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, statement(conditional=True)),
    ],
)
def test_what_a_statement_says_of_invoking(
    given: dict[str, Any], expected: InvokeStatement
) -> None:
    (found,) = invokers(RoleDetailList=[role(RolePolicyList=[inline(document(**given))])])

    assert found.statements == (expected,)


def test_all_but_some_resources() -> None:
    text = quote(
        json.dumps(
            {"Statement": {"Effect": "Allow", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::*"}}
        )
    )

    (found,) = invokers(RoleDetailList=[role(RolePolicyList=[inline(text)])])

    assert found.statements == (statement(resources=("arn:aws:s3:::*",), negated=True),)


@pytest.mark.parametrize(
    "given", [{"Action": "s3:*"}, {"Action": "execute-api:ManageConnections"}, {"Effect": "Deny"}]
)
def test_who_is_allowed_nothing_is_left_out(given: dict[str, Any]) -> None:
    assert invokers(RoleDetailList=[role(RolePolicyList=[inline(document(**given))])]) == ()


def test_a_deny_is_kept_beside_an_allow() -> None:
    policies = [inline(document()), inline(document(Effect="Deny"), "fence")]

    (found,) = invokers(RoleDetailList=[role(RolePolicyList=policies)])

    assert found.statements == (statement(), statement(policy="fence", allows=False))


def test_every_page_waits_for_its_turn_and_groups_may_come_later_than_their_users() -> None:
    pages = iter(
        [
            {"UserDetailList": [user(GroupList=["callers"])], "IsTruncated": True, "Marker": "2"},
            {
                "GroupDetailList": [
                    {"GroupName": "callers", "GroupPolicyList": [inline(document())]}
                ],
                "IsTruncated": False,
            },
        ]
    )
    given = AwsAnswers(**{"iam:GetAccountAuthorizationDetails": lambda _params: next(pages)})
    turns: list[int] = []

    answer = IdentityReads(given.client("iam"), lambda: turns.append(1)).invokers()

    assert not isinstance(answer, Gap)
    assert [one.arn for one in answer] == [f"{ARN}user/jane"]
    assert len(turns) >= 2
