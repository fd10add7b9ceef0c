"""The deployed remediator: requests on the queue, answers on the other, roles enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pytest

from monitor.rules import access_exceeds_policy
from remediators.own_writes import plan_told_of
from tests.demo.company import WIDE_OPEN, Company
from tests.emulator import stack
from tests.emulator.world import World, installed
from tests.remedies.bench import rest_state

pytestmark = pytest.mark.e2e
SOON = 60.0
POLICY = "/gatewatch/org-policy"


@dataclass
class Deployed:
    world: World
    outputs: dict[str, str]
    answers: list[dict[str, Any]] = field(default_factory=list)

    def company(self) -> Company:
        person = self.world.assume("Developer", "jane@example.com")
        return Company(self.world.client("apigateway", person))

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request; the answer to it."""
        sqs = self.world.client("sqs")
        body = {"schema": "gatewatch.remediation-request/1", "requested_by": "jane", **request}
        sqs.send_message(QueueUrl=self.outputs["RemediationQueue"], MessageBody=json.dumps(body))

        def answered() -> dict[str, Any] | None:
            found = sqs.receive_message(QueueUrl=self.outputs["RemediationAnswers"])
            for message in found.get("Messages", []):
                sqs.delete_message(
                    QueueUrl=self.outputs["RemediationAnswers"],
                    ReceiptHandle=message["ReceiptHandle"],
                )
                given: dict[str, Any] = json.loads(message["Body"])
                return given
            return None

        return self.world.until(answered, SOON, f"an answer to {request['step']}\n{self.logs()}")

    def logs(self) -> str:
        group = f"/gatewatch/{stack.STACK}/remediate"
        client = self.world.client("logs")
        try:
            events = client.filter_log_events(logGroupName=group)["events"]
        except client.exceptions.ResourceNotFoundException:
            return ""
        return "\n".join(event["message"] for event in events)

    def findings(self, api: str) -> dict[str, Any]:
        """What the monitor has stored of an API, the open holes by id."""
        items = self.world.client("dynamodb").scan(TableName=self.outputs["Table"])["Items"]
        for item in items:
            if item["sk"]["S"] == "RECORD" and item["pk"]["S"].endswith(f"#{api}"):
                stored = json.loads(item["document"]["S"])["findings"]
                return {
                    id_: one
                    for id_, one in stored.items()
                    if one["violation"]["rule"] == access_exceeds_policy.ID
                    and one["status"] == "open"
                }
        return {}

    def looked_at(self, api: str) -> bool:
        items = self.world.client("dynamodb").scan(TableName=self.outputs["Table"])["Items"]
        return any(item["pk"]["S"] == f"EXPORTS#aws#123456789012#us-east-1#{api}" for item in items)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    if not installed():
        pytest.skip("the emulator is not installed: run `make emulator`")
    with World.start(tmp_path_factory.mktemp("world")) as world:
        shipped = files("monitor.orgpolicy").joinpath("default.yaml").read_text("utf-8")
        policy = shipped + "\nremediations:\n  mode: approve\n"
        world.client("ssm").put_parameter(Name=POLICY, Value=policy, Type="String")
        given = {
            "RemediationMode": "approve",
            "OrgPolicySource": "ssm",
            "OrgPolicyLocation": POLICY,
        }
        yield Deployed(world, stack.deploy(world, **given))


def test_from_the_finding_to_the_closed_hole_and_back(deployed: Deployed) -> None:
    world, company = deployed.world, deployed.company()
    api = company.orders()
    world.until(lambda: deployed.looked_at(api), SOON, "the look at what is fenced")
    company.save_policy(api, WIDE_OPEN)
    company.deploy(api)
    found = world.until(lambda: deployed.findings(api), SOON, "the finding")
    (finding,) = found
    before = rest_state(world.client("apigateway"), api)

    planned = deployed.ask(step="plan", api_id=api, finding_id=finding)
    assert planned["state"] == "planned", planned
    assert planned["plan"]["action"] == "rollback-stage"
    assert rest_state(world.client("apigateway"), api) == before
    plan = planned["plan_id"]

    alone = deployed.ask(step="approve", plan_id=plan, approved_by="jane")
    assert "somebody else has to approve" in alone["refused"]
    done = deployed.ask(step="approve", plan_id=plan, approved_by="joe")
    assert done["state"] == "done", done["text"]
    assert world.invoke_api(api, "prod", "/orders", "198.51.100.7")[0] == 403
    again = deployed.ask(step="approve", plan_id=plan, approved_by="joe")
    assert again["refused"]
    world.until(lambda: not deployed.findings(api), SOON, "the finding resolved")

    undone = deployed.ask(step="undo", plan_id=plan)
    assert undone["state"] == "undone", undone["text"]
    assert rest_state(world.client("apigateway"), api) == before
    world.until(lambda: deployed.findings(api), SOON, "the finding again")
    assert "AccessDenied" not in deployed.logs()


def test_our_own_writes_are_recognised_in_cloudtrails_words(deployed: Deployed) -> None:
    """The finding that the undo above opened again names the session of the plan."""
    items = deployed.world.client("dynamodb").scan(TableName=deployed.outputs["Table"])["Items"]
    causes = [
        one["change"]["who"]
        for item in items
        if item["sk"]["S"] == "RECORD"
        for one in json.loads(item["document"]["S"])["findings"].values()
        if one["change"]
    ]
    (who,) = {one for one in causes if one.startswith("gatewatch-gwp-")}
    plan = plan_told_of(who)
    assert plan is not None
    journal = deployed.world.client("dynamodb").get_item(
        TableName=deployed.outputs["RemediationsTable"],
        Key={"pk": {"S": f"PLAN#{plan}"}, "sk": {"S": "ENTRY"}},
    )["Item"]
    assert journal["state"]["S"] == "undone"


def test_a_request_that_is_none_ends_in_the_dead_letter_queue(deployed: Deployed) -> None:
    sqs = deployed.world.client("sqs")
    queue = deployed.outputs["RemediationQueue"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    sqs.send_message(QueueUrl=queue, MessageBody='{"step": "delete everything"}')

    deployed.world.until(
        lambda: "MalformedRequest" in deployed.logs(), SOON, "the reason in the log"
    )
