"""What `make deploy` asks, finds and calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from tests.template import template

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))
import deploy

NOTHING = deploy.Found(account="123456789012", deployed=None, has_trail=True)
LEFT = deploy.Found("123456789012", None, True, "gatewatch-FindingsTable-1", "arn:stream")


def ask(answers: dict[str, str], found: deploy.Found = NOTHING, **kept: str) -> dict[str, str]:
    said: list[str] = []

    def reply(_prompt: str) -> str:
        return next((a for name, a in answers.items() if said[-1].startswith(f"\n{name}")), "")

    return dict(
        deploy.answered(
            template()["Parameters"], kept, found, reply, lambda t: said.append(t) or ""
        )
    )


def test_every_question_is_a_parameter_of_the_template() -> None:
    assert set(deploy.WHY) <= set(template()["Parameters"])


def test_an_empty_answer_keeps_the_default_and_the_last_answer() -> None:
    assert ask({"SlackChannel": "#alerts"})["SlackChannel"] == "#alerts"
    kept = ask({}, SlackChannel="#before", LogRetentionDays="30")
    assert (kept["SlackChannel"], kept["LogRetentionDays"]) == ("#before", "30")
    assert kept["OrgPolicySource"] == "packaged"
    assert "OrgPolicyLocation" not in kept


def test_a_table_left_behind_is_offered_and_may_be_declined() -> None:
    taken = ask({"SlackChannel": "#a"}, LEFT)
    declined = ask({"SlackChannel": "#a", "A table of an earlier stack": "n"}, LEFT)

    assert taken["ExistingTableName"] == "gatewatch-FindingsTable-1"
    assert taken["ExistingTableStreamArn"] == "arn:stream"
    assert "ExistingTableName" not in declined


def test_what_is_deployed_is_offered_and_the_token_is_never_kept() -> None:
    found = deploy.Found("1", {"SlackChannel": "#deployed", "Heartbeat": "off"}, True)

    assert ask({}, found)["SlackChannel"] == "#deployed"
    assert ask({}, found)["Heartbeat"] == "off"
    assert ask({}, found, SlackChannel="#kept")["SlackChannel"] == "#kept"


def test_an_answer_the_template_no_longer_knows_is_dropped() -> None:
    assert "Gone" not in ask({"SlackChannel": "#a"}, Gone="x")


def test_the_command_names_only_what_was_answered() -> None:
    run = deploy.command("sam", "gatewatch", "eu-west-1", "", {"SlackChannel": "#a b"})

    assert run[-2:] == ["--parameter-overrides", "SlackChannel=#a b"]
    assert "eu-west-1" in run
    assert "--profile" not in run


@mock_aws
@pytest.mark.parametrize("logging", [True, False])
def test_the_account_is_looked_at_first(logging: bool) -> None:
    session: Any = boto3.session.Session(region_name="us-east-1")
    if logging:
        session.client("s3").create_bucket(Bucket="trails")
        session.client("cloudtrail").create_trail(Name="trail", S3BucketName="trails")
        session.client("cloudtrail").start_logging(Name="trail")
    session.client("dynamodb").create_table(
        TableName="gatewatch-FindingsTable-1",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )

    found = deploy.look(session, "gatewatch")

    assert found.has_trail is logging
    assert (found.deployed, found.table) == (None, "gatewatch-FindingsTable-1")
    assert "/stream/" in found.stream


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_trail_is_made_only_where_somebody_says_yes(region: str) -> None:
    with mock_aws():
        session = boto3.session.Session(region_name=region)
        said: list[str] = []
        say = lambda text: said.append(text) or ""  # noqa: E731

        deploy.offer_trail(session, "123456789012", lambda _prompt: "", say)
        assert deploy._has_trail(session.client("cloudtrail")) is False

        for _ in range(2):  # the second time it is there already
            deploy.offer_trail(session, "123456789012", lambda _prompt: "y", say)
            assert "It logs, into the bucket gatewatch-trail-123456789012" in said[-1]
        (trail,) = session.client("cloudtrail").describe_trails()["trailList"]
        assert trail["IsMultiRegionTrail"] is True
        assert deploy._has_trail(session.client("cloudtrail")) is True
        policy = session.client("s3").get_bucket_policy(Bucket=trail["S3BucketName"])["Policy"]
        assert policy.count(trail["TrailARN"]) == 2


def test_a_trail_that_cannot_be_made_stops_no_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_session: Any, _account: str) -> str:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "CreateTrail")

    monkeypatch.setattr(deploy, "make_trail", refused)
    said: list[str] = []
    deploy.offer_trail(None, "1", lambda _prompt: "yes", lambda text: said.append(text) or "")

    assert "could not be made" in said[-1]
