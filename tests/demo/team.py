"""The company's security team: its org policy, its deployment of Gatewatch, and what it presses."""

from __future__ import annotations

from importlib.resources import files

from monitor.slack.buttons import Action
from tests.emulator import stack
from tests.emulator.slack_door import INTERACTIVE, SlackDoor
from tests.emulator.world import World

ALICE, BOB = "U0ALICE", "U0ROBERT"
POLICY_AT = "/gatewatch/org-policy"
# Beside what the packaged policy says of exposure: who may close a hole, and with whose consent.
REMEDIATION = f"""
people:
  names: {{alice: {ALICE}, bob: {BOB}}}
  remediate: [alice, bob]
  approve: [alice, bob]
  undo: [alice, bob]

remediations:
  mode: "off"
  modes:
    - {{rule: access-exceeds-policy, mode: approve}}
"""


def deploy(world: World) -> dict[str, str]:
    """Store the org policy and deploy Gatewatch with buttons and remedies; the stack's outputs."""
    packaged = files("monitor.orgpolicy").joinpath("default.yaml").read_text("utf-8")
    world.client("ssm").put_parameter(
        Name=POLICY_AT, Value=f"{packaged}\n{REMEDIATION}", Type="String"
    )
    return stack.deploy(
        world,
        OrgPolicySource="ssm",
        OrgPolicyLocation=POLICY_AT,
        RemediationMode="approve",
        **INTERACTIVE,
    )


class Team:
    """People in Slack. `request_url`: the stack's output SlackRequestUrl."""

    def __init__(self, world: World, request_url: str) -> None:
        self._slack = world.slack
        self._door = SlackDoor(world, request_url)

    def press(self, user: str, action: Action, root: str) -> int:
        """Press the newest such button of a conversation; the HTTP status that Slack gets."""
        ts = next(
            message["ts"]
            for message in reversed(self._slack.thread(root))
            if any(
                element.get("action_id") == action.value
                for block in message.get("blocks", ())
                for element in block.get("elements", ())
            )
        )
        return self._door.press(ts, action.value, user)

    def heard(self, user: str) -> list[str]:
        """What the app said to that user alone, the oldest first."""
        return [said["text"] for said in self._slack.whispers(user)]
