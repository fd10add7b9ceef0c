"""The deployed system, changed through boto3 and watched through Slack and the table: roles are
enforced, the package runs on a bare interpreter, and no function of ours is called from here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.demo import team
from tests.demo.story import Story
from tests.e2e.conftest import Deployed
from tests.emulator.world import World, installed
from tests.unit.test_cloudtrail import record

pytestmark = pytest.mark.e2e
SOON = 30.0


def test_the_demo_shows_what_it_promises(tmp_path: Path) -> None:
    """On a stack of its own: with buttons, and with remedies that a second person approves."""
    if not installed():
        pytest.skip("the emulator is not installed: run `make emulator`")
    told: list[str] = []

    with World.start(tmp_path) as world:
        outputs = team.deploy(world)
        Story(world, outputs, say=told.append).play()
        demo = Deployed(world, outputs)
        for function in ("on-change", "notify", "slack-interaction", "respond", "remediate"):
            assert "AccessDenied" not in demo.logs(function)

    assert any("Slack" in line for line in told)


def test_duplicated_and_reordered_events_change_nothing(deployed: Deployed) -> None:
    api = deployed.company().open_api("repeated")
    deployed.world.until(lambda: deployed.said("repeated"), SOON, "the alert")
    before = document(deployed, api)
    version = deployed.records()[api]["version"]["N"]

    for name in ("CreateDeployment", "CreateRestApi", "PutMethod", "CreateDeployment"):
        send(deployed, record(name, requestParameters={"restApiId": api}))

    deployed.world.until(
        lambda: deployed.records()[api]["version"]["N"] != version, SOON, "another look"
    )
    after = document(deployed, api)
    assert [timeless(f) for f in after["findings"].values()] == [
        timeless(f) for f in before["findings"].values()
    ]
    assert len(deployed.said("repeated")) == 1


def test_a_poison_message_ends_in_the_dead_letter_queue(deployed: Deployed) -> None:
    sqs = deployed.world.client("sqs")
    poison = '{"detail": {"eventName": 7}} not JSON'
    sqs.send_message(QueueUrl=deployed.outputs["Queue"], MessageBody=poison)

    def dead() -> list[Any]:
        queue = deployed.outputs["DeadLetterQueue"]
        found = sqs.receive_message(
            QueueUrl=queue, WaitTimeSeconds=1, MessageAttributeNames=["All"]
        )
        return list(found.get("Messages", []))

    (message, *_) = deployed.world.until(dead, SOON, "the dead letter")
    assert message["Body"] == poison
    assert message["MessageAttributes"]["reason"]["StringValue"].startswith("not JSON")


def test_a_refused_read_is_unknown_and_says_so(deployed: Deployed) -> None:
    role = next(
        r["RoleName"]
        for r in deployed.world.client("iam").list_roles()["Roles"]
        if "OnChangeRole" in r["RoleName"]
    )
    refuse_exports(deployed, role)
    try:
        api = deployed.company().open_api("hidden")
        (alert,) = deployed.world.until(lambda: deployed.said("hidden"), SOON, "the message")
    finally:
        deployed.world.client("iam").delete_role_policy(RoleName=role, PolicyName="refuse")

    assert "Unknown" in alert["text"]
    assert "GetExport answered AccessDenied" in alert["text"]
    assert deployed.records()[api]["scope"]["S"] == "unknown"
    # Read again with its rights back, the API is judged and the same conversation goes on.
    send(deployed, record("CreateDeployment", requestParameters={"restApiId": api}))
    deployed.world.until(
        lambda: deployed.records()[api]["scope"]["S"] == "internet", SOON, "a verdict"
    )
    deployed.world.until(lambda: deployed.world.slack.thread(alert["ts"])[1:], SOON, "the reply")


def test_a_deleted_api_is_resolved_in_its_thread(deployed: Deployed) -> None:
    company = deployed.company()
    api = company.open_api("shortlived")
    (alert,) = deployed.world.until(lambda: deployed.said("shortlived"), SOON, "the alert")

    company.delete(api)

    def resolved() -> bool:
        thread = deployed.world.slack.thread(alert["ts"])
        return any("Resolved" in message["text"] for message in thread[1:])

    deployed.world.until(resolved, SOON, "`resolved` in the thread")


def test_a_wrong_token_is_seen_and_loses_nothing(deployed: Deployed) -> None:
    slack, secrets = deployed.world.slack, deployed.world.client("secretsmanager")
    old = slack.token
    slack.rotate_token("xoxb-rotated-by-the-workspace")
    try:
        deployed.company().open_api("unspoken")
        deployed.world.until(
            lambda: "put a valid bot token" in deployed.logs("notify"), SOON, "the error in the log"
        )
        assert "put a valid bot token" in sweep(deployed)["errorMessage"]
        assert deployed.said("unspoken") == []
        new = json.dumps({"token": slack.token})
        secrets.put_secret_value(SecretId=deployed.outputs["SlackSecret"], SecretString=new)
        assert sweep(deployed) == {}
        assert len(deployed.said("unspoken")) == 1
        assert sweep(deployed) == {}
        assert len(deployed.said("unspoken")) == 1
    finally:
        slack.rotate_token(old)
        old_secret = json.dumps({"token": old})
        secrets.put_secret_value(SecretId=deployed.outputs["SlackSecret"], SecretString=old_secret)


def test_the_roles_were_enough(deployed: Deployed) -> None:
    """Last in the file: nothing that ran was refused, but for what a test refused on purpose."""
    for function in ("on-change", "scan-fanout", "scan-worker", "notify"):
        denied = [
            line
            for line in deployed.logs(function).splitlines()
            if "AccessDenied" in line and "GetExport" not in line
        ]
        assert denied == []


def send(deployed: Deployed, event: dict[str, Any]) -> None:
    """Put an event into the queue as EventBridge would, where the emulator cannot make it."""
    envelope = {"detail-type": "AWS API Call via CloudTrail", "detail": event}
    deployed.world.client("sqs").send_message(
        QueueUrl=deployed.outputs["Queue"], MessageBody=json.dumps(envelope)
    )


def sweep(deployed: Deployed) -> dict[str, Any]:
    """Call the notifier as EventBridge Scheduler does; its error, or {}."""
    answer = deployed.world.client("lambda").invoke(
        FunctionName=deployed.outputs["NotifyFunction"], Payload=b'{"sweep": true}'
    )
    return json.loads(answer["Payload"].read() or b"null") or {}


def document(deployed: Deployed, api: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(deployed.records()[api]["document"]["S"])
    return found


def timeless(finding: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in finding.items() if key != "last_seen"}


def refuse_exports(deployed: Deployed, role: str) -> None:
    statement = {
        "Effect": "Deny",
        "Action": "apigateway:GET",
        "Resource": ["arn:aws:apigateway:*::/restapis/*/stages/*/exports/*"],
    }
    deployed.world.client("iam").put_role_policy(
        RoleName=role,
        PolicyName="refuse",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
