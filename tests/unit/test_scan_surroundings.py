"""What a scan says of what the APIs of an account share, and of its identities."""

from __future__ import annotations

import json

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from monitor.model.gaps import Gap, Unknown
from remediators.cli import main


@pytest.mark.parametrize("asked", [True, False])
def test_identities_are_read_if_asked_for(asked: bool) -> None:
    with mock_aws():
        v2 = boto3.client("apigatewayv2", region_name="us-east-1")
        api = v2.create_api(Name="internal", ProtocolType="HTTP")["ApiId"]
        v2.create_route(ApiId=api, RouteKey="GET /", AuthorizationType="AWS_IAM")
        v2.create_stage(ApiId=api, StageName="prod", AutoDeploy=True)
        options = ["--identities"] if asked else []

        command = ["scan", "--region", "us-east-1", "--format", "json", *options]
        result = CliRunner().invoke(main, command, catch_exceptions=False)

    scan = json.loads(result.stdout)
    (judged,) = scan["apis"]
    assert (judged["status"], judged["scope"]) == ("judged", "own-account")
    assert ("iam:GetAccountAuthorizationDetails" in scan["calls"]) is asked


def test_what_the_apis_share_and_nobody_could_read_is_one_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_reads: object) -> Gap:
        return Gap(
            service="apigateway",
            operation="GetDomainNames",
            error_code="AccessDeniedException",
            unknown=Unknown.DOORS,
            subject="domainnames",
            account_wide=True,
        )

    monkeypatch.setattr("monitor.aws.custom_domains.DomainReads.doors", refused)
    with mock_aws():
        v2 = boto3.client("apigatewayv2", region_name="us-east-1")
        for name in ("one", "two"):
            api = v2.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
            v2.create_route(ApiId=api, RouteKey="$default", AuthorizationType="NONE")
            v2.create_stage(ApiId=api, StageName="prod", AutoDeploy=True)
        command = ["scan", "--region", "us-east-1", "--format", "json"]
        result = CliRunner().invoke(main, command, catch_exceptions=False)

    scan = json.loads(result.stdout)
    assert [gap["operation"] for gap in scan["gaps"]] == ["GetDomainNames"]
    assert [(api["status"], api["gaps"]) for api in scan["apis"]] == [("gaps", [])] * 2
    # What is proven open through another door stays open.
    assert [api["scope"] for api in scan["apis"]] == ["internet"] * 2
    assert scan["complete"] is False
    assert result.exit_code == 1
