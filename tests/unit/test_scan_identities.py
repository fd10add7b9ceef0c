"""`gatewatch scan --identities`: the identity side is read only where it is asked for."""

from __future__ import annotations

import json

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

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
