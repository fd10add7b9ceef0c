"""Buttons and the command, through the deployed HTTP API: signed as Slack signs, told in time."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from monitor.slack.buttons import Action
from tests.demo.story import Story
from tests.e2e.conftest import Deployed
from tests.emulator import stack
from tests.emulator.slack_door import INTERACTIVE, SlackDoor, signed
from tests.emulator.world import World, installed
from tests.unit.test_slack_requests import command, press

pytestmark = pytest.mark.e2e
SOON = 30.0


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A stack with the endpoint, which the one of the other tests has not."""
    if not installed():
        pytest.skip("the emulator is not installed: run `make emulator`")
    with World.start(tmp_path_factory.mktemp("interactive")) as world:
        yield Deployed(world, stack.deploy(world, **INTERACTIVE))


def call(deployed: Deployed, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, str]:
    return door(deployed).send(body, headers)


def door(deployed: Deployed) -> SlackDoor:
    return SlackDoor(deployed.world, deployed.outputs["SlackRequestUrl"])


def test_a_press_is_acknowledged_in_the_thread(deployed: Deployed) -> None:
    slack = deployed.world.slack
    deployed.company().open_api("pressed")
    (alert,) = deployed.world.until(lambda: deployed.said("pressed"), SOON, "the alert")
    payload = slack.press(alert["ts"], Action.ACKNOWLEDGE.value)
    body = press(Action.ACKNOWLEDGE, payload["actions"][0]["value"], **payload)
    call(deployed, command("help"))  # the first call starts the function

    began = time.monotonic()
    status, _ = call(deployed, body)
    assert status == 200
    assert time.monotonic() - began < 3
    assert call(deployed, body)[0] == 200

    def acknowledged() -> bool:
        return any("acknowledged" in m["text"] for m in slack.thread(alert["ts"])[1:])

    deployed.world.until(acknowledged, SOON, "`acknowledged` in the thread")
    time.sleep(1)
    assert len(slack.thread(alert["ts"])) == 2, "the same press twice has one effect"
    assert "<@U0ALICE>" in str(slack.thread(alert["ts"])[0]["blocks"])


def test_waiving_opens_a_form(deployed: Deployed) -> None:
    slack = deployed.world.slack
    deployed.company().open_api("waived")
    (alert,) = deployed.world.until(lambda: deployed.said("waived"), SOON, "the alert")
    payload = slack.press(alert["ts"], Action.WAIVE.value)

    status, _ = call(deployed, press(Action.WAIVE, payload["actions"][0]["value"], **payload))

    assert status == 200
    assert slack.workspace.views[-1]["callback_id"] == Action.WAIVE.value


def test_a_stranger_gets_401_and_nothing_else(deployed: Deployed) -> None:
    body = command("status")

    assert call(deployed, body, {}) == (401, "")
    assert call(deployed, body, signed(body, secret="wrong")) == (401, "")
    assert call(deployed, command("status", team_id="T0OTHER")) == (401, "")


def test_its_own_door_stands_in_its_own_scan(deployed: Deployed) -> None:
    """Public, and allowed because it says so."""
    story = Story(deployed.world, deployed.outputs)
    answer: subprocess.CompletedProcess[str] = story._gatewatch(
        "scan", "--api", door(deployed).api_id, "--format", "json"
    )

    scan = json.loads(answer.stdout)
    (api,) = scan["apis"]
    assert (api["name"], api["scope"]) == ("gatewatch-slack", "internet")
    assert "access-exceeds-policy" not in {finding["rule"] for finding in scan["findings"]}


def test_the_new_roles_were_enough(deployed: Deployed) -> None:
    for function in ("slack-interaction", "respond"):
        assert "AccessDenied" not in deployed.logs(function)
