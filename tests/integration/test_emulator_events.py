"""Every write to API Gateway reaches the default bus as the event it is in AWS.

As in `test_emulator_mends.py`: when the assertion on `raw` fails after an upgrade, the mend may go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.emulator.probes import Events, replace
from tests.emulator.world import World, installed

pytestmark = pytest.mark.skipif(not installed(), reason="no .venv-emulator: run `make emulator`")

OFFICE = "203.0.113.7"


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.start(tmp_path_factory.mktemp("mended"), event_delay=0.1) as world:
        yield world


@pytest.fixture
def events(mended: World) -> Iterator[Events]:
    mended.reset()
    yield Events(mended)
    mended.reset()


def test_a_v1_write_becomes_the_event_it_is_in_aws(mended: World, events: Events) -> None:
    alice = mended.assume("platform-admin", "alice@example.com")
    apigateway = mended.client("apigateway", alice, address=OFFICE)
    api = apigateway.create_rest_api(name="orders")["id"]
    apigateway.update_rest_api(restApiId=api, patchOperations=replace("/description", "new"))
    apigateway.get_rest_api(restApiId=api)

    born, changed = events.take(2)
    assert changed["detail-type"] == "AWS API Call via CloudTrail"
    assert (changed["account"], changed["region"]) == ("123456789012", "us-east-1")
    assert born["detail"]["responseElements"]["id"] == api
    record = changed["detail"]
    assert record["eventName"] == "UpdateRestApi"
    assert record["eventSource"] == "apigateway.amazonaws.com"
    assert record["requestParameters"] == {
        "restApiId": api,
        "updateRestApiInput": {"patchOperations": replace("/description", "new")},
        "template": False,
    }
    assert record["sourceIPAddress"] == OFFICE
    assert record["userAgent"].startswith("Boto3/")
    assert "errorCode" not in record
    assert events.take(1, seconds=1) == []  # the read was not forwarded


def test_the_caller_is_the_person_behind_the_role(mended: World, events: Events) -> None:
    alice = mended.assume("platform-admin", "alice@example.com")
    mended.client("apigateway", alice).create_rest_api(name="orders")
    mended.client("apigateway").create_rest_api(name="orders")

    person, root = (event["detail"]["userIdentity"] for event in events.take(2))
    assert person["type"] == "AssumedRole"
    assert person["arn"].endswith(":assumed-role/platform-admin/alice@example.com")
    issuer = person["sessionContext"]["sessionIssuer"]
    assert issuer["arn"] == "arn:aws:iam::123456789012:role/platform-admin"
    assert issuer["userName"] == "platform-admin"
    assert person["principalId"] == f"{issuer['principalId']}:alice@example.com"
    assert (root["type"], root["arn"]) == ("Root", "arn:aws:iam::123456789012:root")


def test_a_v2_write_is_flat_and_hides_stage_variables(mended: World, events: Events) -> None:
    v2 = mended.client("apigatewayv2")
    api = v2.create_api(Name="pets", ProtocolType="HTTP")["ApiId"]
    v2.create_stage(ApiId=api, StageName="$default", StageVariables={"backend": "secret"})
    v2.update_stage(ApiId=api, StageName="$default", AutoDeploy=True)

    born, staged, updated = (event["detail"] for event in events.take(3))
    assert born["eventSource"] == "apigateway.amazonaws.com"
    assert born["requestParameters"] == {"name": "pets", "protocolType": "HTTP"}
    assert born["responseElements"]["apiId"] == api
    assert staged["requestParameters"]["stageVariables"] == "***"
    assert "secret" not in json.dumps(staged)
    assert updated["requestParameters"]["stageName"] == "%24default"


def test_failures_are_forwarded_with_their_error_code(mended: World, events: Events) -> None:
    read = {"Effect": "Allow", "Action": "apigateway:GET", "Resource": "*"}
    bob = mended.assume("reader", "bob", statements=[read])
    with pytest.raises(ClientError, match="AccessDenied"):
        mended.client("apigateway", bob).create_rest_api(name="orders")
    with pytest.raises(ClientError, match="NotFound"):
        mended.client("apigateway").delete_rest_api(restApiId="nosuchapi")

    records = [event["detail"] for event in events.take(2)]
    assert [record["errorCode"] for record in records] == ["AccessDenied", "NotFoundException"]
    assert [record["responseElements"] for record in records] == [None, None]


def test_the_flat_form_of_v1_events_can_be_chosen(tmp_path: Path) -> None:
    with World.start(tmp_path, flat_events=True, event_delay=0, mends=["cloudtrail"]) as world:
        events = Events(world)
        world.client("apigateway").create_rest_api(name="orders")
        (event,) = events.take(1)
    sent = {"name": "orders", "disableExecuteApiEndpoint": False}
    assert event["detail"]["requestParameters"] == sent


def test_raw_no_write_is_ever_forwarded(tmp_path: Path) -> None:
    with World.start(tmp_path, mends=()) as raw:
        events = Events(raw)
        raw.client("apigateway").create_rest_api(name="orders")
        assert events.take(1, seconds=1) == []
