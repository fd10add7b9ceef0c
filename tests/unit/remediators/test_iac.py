"""APIs that a tool manages get a patch for its source."""

from __future__ import annotations

import pytest
from tests.builders import rest_api
from tests.remedies.plans import some_plan

from remediators.changes import step
from remediators.iac import managed_by, suggestion
from remediators.plan import Kind, ref

METHOD = step(
    ref(Kind.REST_METHOD, "a1", "r1", "GET"),
    {"route": "GET /orders", "authorizationType": "NONE", "apiKeyRequired": False},
    {"route": "GET /orders", "authorizationType": "AWS_IAM", "apiKeyRequired": False},
    key="route0", title="t", undo="u",
)  # fmt: skip


@pytest.mark.parametrize(
    ("tags", "tool"),
    [
        ({"aws:cloudformation:stack-name": "shop"}, "CloudFormation"),
        ({"ManagedBy": "Terraform"}, "Terraform"),
        ({"managed-by": "opentofu"}, "Terraform"),
        ({"terraform": "true"}, "Terraform"),
        ({"team": "shop"}, None),
    ],
)
def test_the_tool_is_known_by_its_tags(tags: dict[str, str], tool: str | None) -> None:
    found = managed_by(rest_api(tags=tags))

    assert (found.tool if found else None) == tool


def test_the_patch_speaks_the_tools_language() -> None:
    stack = managed_by(rest_api(tags={"aws:cloudformation:stack-name": "shop"}))
    terraform = managed_by(rest_api(tags={"managed-by": "terraform"}))
    assert stack is not None
    assert terraform is not None

    assert 'AuthorizationType: "AWS_IAM"' in suggestion(stack, [METHOD]).patch
    assert "AWS::ApiGateway::Method" in suggestion(stack, [METHOD]).patch
    assert 'authorization = "AWS_IAM"' in suggestion(terraform, [METHOD]).patch
    assert 'resource "aws_api_gateway_method"' in suggestion(terraform, [METHOD]).patch


def test_what_no_source_says_is_said_so() -> None:
    stack = managed_by(rest_api(tags={"aws:cloudformation:stack-name": "shop"}))
    assert stack is not None

    assert "revert that change" in suggestion(stack, some_plan().steps).patch
    assert "next run undoes" in stack.warnings[0]
