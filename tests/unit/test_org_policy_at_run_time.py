"""The org policy of a deployed Gatewatch: taken up while it runs, and never a bad one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws
from pydantic import ValidationError
from tests.builders import NOW
from tests.contract.tables import TABLE, findings_table

from monitor.aws.org_policies import MAX_BYTES, AppConfigPolicy, S3Policy, SsmPolicy
from monitor.orgpolicy.load import default_org_policy
from monitor.ports import AcceptedPolicy, PolicyNotRead, PolicyStore, PolicyText
from monitor.settings import OnChangeSettings
from monitor.stores.accepted_policy import DynamoDbPolicies
from monitor.usecases.org_policy import READ_AGAIN_AFTER, PolicyKeeper

STRICT = "version: 1\nclasses:\n  - name: strict\n    allowed: no-public-access\n"
LOOSE = "version: 1\nclasses:\n  - name: loose\n    allowed: anyone\n"
BAD = "version: 1\nclasses:\n  - name: broken\n    allowed: nonsense\n"


@dataclass
class Clock:
    time: Any = NOW

    def now(self) -> Any:
        return self.time

    def pass_a_minute(self) -> None:
        self.time += READ_AGAIN_AFTER


@dataclass
class Place:
    """A place that holds a text, or answers an error."""

    text: str = STRICT
    error: str = ""
    reads: int = 0
    name: str = "s3://policies/gatewatch.yaml"

    def read(self) -> PolicyText:
        self.reads += 1
        if self.error:
            raise PolicyNotRead(f"{self.name}: cannot be read: {self.error}")
        return PolicyText(text=self.text, version=str(hash(self.text)))


@dataclass
class Remembered:
    held: AcceptedPolicy | None = None
    writes: list[str] = field(default_factory=list)

    def accepted(self) -> AcceptedPolicy | None:
        return self.held

    def keep(self, policy: AcceptedPolicy) -> None:
        self.held = policy
        self.writes.append(policy.text)


@dataclass
class World:
    place: Place = field(default_factory=Place)
    store: Remembered = field(default_factory=Remembered)
    clock: Clock = field(default_factory=Clock)

    def process(self) -> PolicyKeeper:
        return PolicyKeeper(self.place, self.store, default_org_policy(), self.clock)


def name(keeper: PolicyKeeper) -> str:
    return keeper.current().classes[0].name


def test_a_good_policy_is_in_force_and_remembered() -> None:
    world = World()
    keeper = world.process()

    assert name(keeper) == "strict"
    assert keeper.problem == ""
    assert world.store.writes == [STRICT]


def test_a_new_policy_is_taken_up_within_a_minute_and_the_place_is_asked_once_a_minute() -> None:
    world = World()
    keeper = world.process()
    keeper.current()
    world.place.text = LOOSE

    assert [name(keeper) for _ in range(5)] == ["strict"] * 5
    assert world.place.reads == 1
    world.clock.pass_a_minute()
    assert name(keeper) == "loose"
    assert world.store.writes == [STRICT, LOOSE]


@pytest.mark.parametrize("text", [BAD, "", "{", "version: 2\nclasses: []\n", "x" * 600_000])
def test_a_bad_policy_takes_no_effect_and_is_said(text: str) -> None:
    world = World()
    keeper = world.process()
    keeper.current()
    world.place.text = text
    world.clock.pass_a_minute()

    assert name(keeper) == "strict"
    assert "s3://policies/gatewatch.yaml" in keeper.problem
    assert "stays in force" in keeper.problem
    assert world.store.writes == [STRICT]


def test_a_process_that_starts_under_a_bad_policy_goes_on_with_the_last_good_one() -> None:
    world = World()
    world.process().current()
    world.place.text = BAD

    keeper = world.process()

    assert name(keeper) == "strict"
    assert "what was accepted at 2026-11-22 12:00 UTC" in keeper.problem


def test_without_any_accepted_policy_the_shipped_one_counts() -> None:
    world = World(place=Place(error="AccessDenied"))
    keeper = world.process()

    assert keeper.current() == default_org_policy()
    assert "AccessDenied" in keeper.problem
    assert "the one that is shipped" in keeper.problem


def test_an_accepted_policy_that_this_release_cannot_read_is_not_used() -> None:
    held = AcceptedPolicy(text=BAD, version="1", source="s3://x/y", accepted_at=NOW)
    world = World(place=Place(error="NoSuchKey"), store=Remembered(held))

    assert world.process().current() == default_org_policy()


def test_a_mended_policy_clears_the_problem_even_if_it_is_the_old_text() -> None:
    world = World()
    keeper = world.process()
    keeper.current()
    for text in (BAD, STRICT):
        world.place.text = text
        world.clock.pass_a_minute()
        keeper.current()

    assert keeper.problem == ""
    assert name(keeper) == "strict"


def test_a_place_that_is_away_for_a_while_changes_nothing() -> None:
    world = World(place=Place(text=LOOSE))
    keeper = world.process()
    keeper.current()
    world.place.error = "SlowDown"
    world.clock.pass_a_minute()

    assert name(keeper) == "loose"
    assert "SlowDown" in keeper.problem


@pytest.fixture
def dynamodb() -> Iterator[PolicyStore]:
    with findings_table() as client:
        yield DynamoDbPolicies(client, TABLE)


@pytest.mark.parametrize("text", [STRICT, "# " + "x" * 400_000 + "\n" + STRICT])
def test_the_table_remembers_what_was_accepted(dynamodb: PolicyStore, text: str) -> None:
    first = AcceptedPolicy(text=text, version="1", source="s3://x/y", accepted_at=NOW)
    again = AcceptedPolicy(
        text=text, version="1", source="s3://x/y", accepted_at=NOW + timedelta(days=1)
    )

    assert dynamodb.accepted() is None
    dynamodb.keep(first)
    dynamodb.keep(again)

    assert dynamodb.accepted() == first


@mock_aws
def test_s3_is_asked_whether_the_object_changed() -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="policies")
    source = S3Policy(s3, "policies", "gatewatch.yaml")
    with pytest.raises(PolicyNotRead, match="NoSuchKey"):
        source.read()

    s3.put_object(Bucket="policies", Key="gatewatch.yaml", Body=STRICT.encode())
    first = source.read()
    assert source.read() is first
    s3.put_object(Bucket="policies", Key="gatewatch.yaml", Body=LOOSE.encode())

    assert (first.text, source.read().text) == (STRICT, LOOSE)


@mock_aws
@pytest.mark.parametrize("body", [b"\xff\xfe", b"x" * (MAX_BYTES + 1)], ids=["not UTF-8", "huge"])
def test_what_cannot_be_a_policy_is_not_read(body: bytes) -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="policies")
    s3.put_object(Bucket="policies", Key="p", Body=body)

    with pytest.raises(PolicyNotRead, match="s3://policies/p"):
        S3Policy(s3, "policies", "p").read()


@mock_aws
def test_a_parameter_is_read_with_its_version() -> None:
    ssm = boto3.client("ssm", region_name="us-east-1")
    source = SsmPolicy(ssm, "/gatewatch/policy")
    with pytest.raises(PolicyNotRead, match="ParameterNotFound"):
        source.read()
    ssm.put_parameter(Name="/gatewatch/policy", Value=STRICT, Type="String")
    assert source.read() == PolicyText(text=STRICT, version="1")
    ssm.put_parameter(Name="/gatewatch/policy", Value=LOOSE, Type="String", Overwrite=True)

    assert source.read() == PolicyText(text=LOOSE, version="2")


def body(text: str) -> StreamingBody:
    return StreamingBody(BytesIO(text.encode()), len(text))


def test_appconfig_answers_nothing_where_nothing_changed_and_its_tokens_are_renewed() -> None:
    client = boto3.client("appconfigdata", region_name="us-east-1")
    source = AppConfigPolicy(client, "app", "prod", "policy")
    place = {
        "ApplicationIdentifier": "app",
        "EnvironmentIdentifier": "prod",
        "ConfigurationProfileIdentifier": "policy",
    }
    with Stubber(client) as stub:
        stub.add_response(
            "start_configuration_session", {"InitialConfigurationToken": "t" * 9 + "0"}, place
        )
        for turn, text in enumerate([STRICT, "", LOOSE]):
            stub.add_response(
                "get_latest_configuration",
                {
                    "NextPollConfigurationToken": "t" * 9 + str(turn + 1),
                    "Configuration": body(text),
                },
                {"ConfigurationToken": "t" * 9 + str(turn)},
            )
        stub.add_client_error("get_latest_configuration", "BadRequestException")
        stub.add_response(
            "start_configuration_session", {"InitialConfigurationToken": "t" * 10}, place
        )
        stub.add_response(
            "get_latest_configuration",
            {"NextPollConfigurationToken": "t" * 11, "Configuration": body(LOOSE)},
        )

        assert [source.read().text for _ in range(3)] == [STRICT, STRICT, LOOSE]
        with pytest.raises(PolicyNotRead, match="BadRequestException"):
            source.read()
        assert source.read().text == LOOSE


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("packaged:", ("packaged", "")),
        ("packaged", ("packaged", "")),
        ("s3:my-bucket/a/b.yaml", ("s3", "my-bucket/a/b.yaml")),
        ("ssm:/gatewatch/policy", ("ssm", "/gatewatch/policy")),
        ("appconfig:a1/e2/p3", ("appconfig", "a1/e2/p3")),
    ],
)
def test_the_setting_names_a_place(text: str, place: tuple[str, str]) -> None:
    assert _settings(text).org_policy == place


@pytest.mark.parametrize("text", ["", "s3:", "s3:bucket", "http://x/y", "appconfig:a/b", "ssm:"])
def test_a_place_that_is_none_stops_the_function_at_its_start(text: str) -> None:
    with pytest.raises(ValidationError, match="org_policy"):
        _settings(text)


def _settings(org_policy: str) -> OnChangeSettings:
    return OnChangeSettings.read(
        {
            "GATEWATCH_TABLE": "t",
            "GATEWATCH_QUEUE_URL": "https://q",
            "GATEWATCH_SCAN_QUEUE_URL": "https://s",
            "GATEWATCH_DEAD_LETTER_URL": "https://d",
            "GATEWATCH_ORG_POLICY": org_policy,
        }
    )
