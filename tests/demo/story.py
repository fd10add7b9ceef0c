"""What `make demo` shows, step by step, against the deployed system. A test plays it too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.slack.buttons import Action
from tests.demo.company import FENCED, WIDE_OPEN, Company
from tests.demo.team import ALICE, BOB, Team
from tests.emulator.world import World
from tests.remedies.bench import rest_state
from tests.slack_standin.render import Reader, render_thread

GATEWATCH = Path(sys.executable).parent / "gatewatch"
OUTSIDE = "198.51.100.66"
ALERT_WITHIN = 60.0
"""The promise: told within a minute of the change."""
PATIENCE = 120.0
"""For whatever a busy machine takes its time for."""


class DemoFailed(AssertionError):
    """A step did not show what it is there to show."""


@dataclass
class Story:
    """`outputs` of the stack; `say` prints one line; `heading` numbers the steps."""

    world: World
    outputs: Mapping[str, str]
    say: Callable[[str], None] = print
    started: float = field(default_factory=time.monotonic)
    _step: int = 0

    def __post_init__(self) -> None:
        self.reader = Reader(self.world.slack)
        self.team = Team(self.world, self.outputs.get("SlackRequestUrl", ""))

    def play(self) -> None:
        """Raises DemoFailed or TimeoutError where the system does not do what it promises."""
        jane = self.world.assume("Developer", "jane@example.com")
        company = Company(self.world.client("apigateway", jane))
        self.heading("A company makes three APIs: storefront (public on purpose), orders, partners")
        partners = company.partners(self.world.client)
        apis = {company.storefront(), orders := company.orders(), partners}
        self.looked_at(apis)
        self.heading("gatewatch scan: who can call what")
        self.scan()
        self.heading("Jane (role Developer) opens the policy of orders, and saves it")
        company.save_policy(orders, WIDE_OPEN)
        witness = self.draft_witness(orders)
        self.say(f"would get in after a deployment:  {witness['curl']}")
        self.call(orders, witness, expect=403, because="saved is not deployed")
        self.slack_shows("before anything is open", "After the next deployment")
        self.heading("Jane deploys it all the same")
        company.deploy(orders)
        deployed = time.monotonic()
        self.call(orders, witness, expect=200, because="now it is live")
        self.alert(deployed)
        self.remedy(orders, witness)
        self.heading("Jane puts the fence back and deploys")
        company.save_policy(orders, FENCED)
        company.deploy(orders)
        self.call(orders, witness, expect=403, because="fenced again")
        self.resolution()

    def remedy(self, api: str, witness: dict[str, Any]) -> None:
        """The team closes the hole from the thread of its alert, and opens it again on request."""
        open_ = self.state_of(api)
        self.heading("Alice presses [Remediate: show the plan]")
        self.press(ALICE, Action.PLAN)
        self.slack_shows("the plan, nothing is changed yet", "Promise:", "rollback-stage")
        self.expect(self.state_of(api) == open_, "a plan changes nothing")
        self.heading("Alice presses [Approve and remediate]: one person is not enough")
        self.press(ALICE, Action.APPROVE)
        self.told_alone(ALICE, "somebody else has to")
        self.call(api, witness, expect=200, because="still open")
        self.heading("Bob presses [Approve and remediate]")
        self.press(BOB, Action.APPROVE)
        self.slack_shows(
            "closed and verified", "done and verified", "Resolved: Anyone on the internet"
        )
        self.call(api, witness, expect=403, because="closed by the remedy")
        self.heading("Alice presses [Undo]")
        self.press(ALICE, Action.UNDO)
        self.slack_shows("as it was", "undone: the API is as it was", "Open again: Anyone on")
        self.expect(self.state_of(api) == open_, "the API is as it was before the remedy")
        self.call(api, witness, expect=200, because="as it was, which is open")

    def state_of(self, api: str) -> dict[str, Any]:
        """All of the API that a remedy could change."""
        return rest_state(self.world.client("apigateway"), api)

    def press(self, user: str, action: Action) -> None:
        status = self.team.press(user, action, self.alerts()[0]["ts"])
        self.expect(status == 200, f"HTTP 200 for the press, not {status}")

    def told_alone(self, user: str, words: str) -> None:
        """Wait until the app says it to that user, and to nobody else."""

        def told() -> str:
            return next((said for said in self.team.heard(user) if words in said), "")

        said = self.world.until(told, PATIENCE, f"`{words}` to {user}")
        self.say(f"Gatewatch, to her alone:  {said}")

    def heading(self, text: str) -> None:
        self._step += 1
        self.say(f"\n{self._step}. {text}   [{time.monotonic() - self.started:.0f} s]")
        self.say("-" * 78)

    def looked_at(self, apis: set[str]) -> None:
        """Wait until the deployed function has judged all of them and kept what they serve."""

        def judged() -> dict[str, str]:
            items = self.world.client("dynamodb").scan(TableName=self.outputs["Table"])["Items"]
            found = {
                (item["sk"]["S"] == "RECORD", item["pk"]["S"].rpartition("#")[2]): item
                for item in items
                if item["sk"]["S"] == "RECORD" or item["pk"]["S"].startswith("EXPORTS#")
            }
            wanted = {(is_record, api) for is_record in (True, False) for api in apis}
            if not wanted <= set(found):
                return {}
            records = [found[True, api] for api in apis]
            return {one["name"]["S"]: one["scope"]["S"] for one in records}

        scopes = self.world.until(judged, PATIENCE, "a verdict on each API")
        verdicts = ", ".join(f"{name}: {scope}" for name, scope in sorted(scopes.items()))
        self.say(f"Gatewatch has looked at them by itself  ({verdicts})")
        self.expect(not self.alerts(), "what the org policy allows alerts nobody")

    def alerts(self) -> list[dict[str, Any]]:
        """The messages in the channel that speak of these APIs, replies left out."""
        return [
            message
            for message in self.world.slack.messages()
            if message.get("thread_ts") in (None, message["ts"])
            and any(name in message["text"] for name in ("storefront", "orders", "partners"))
        ]

    def scan(self) -> None:
        answer = self._gatewatch("scan")
        self.say(answer.stdout.rstrip())
        self.expect(
            answer.returncode == 0, f"exit code 0, not {answer.returncode}: {answer.stderr}"
        )

    def draft_witness(self, api: str) -> dict[str, Any]:
        """The request that the next deployment would let in, as the scan proves it."""
        answer = self._gatewatch("scan", "--api", api, "--format", "json")
        (stage,) = json.loads(answer.stdout)["apis"][0]["stages"]
        self.say(f"live: {stage['scope']}   next deployment: {stage['draft_scope']}")
        witness: dict[str, Any] = stage["draft_witness"]
        return witness

    def call(self, api: str, witness: dict[str, Any], *, expect: int, because: str) -> None:
        """Send the witness itself, from its own address."""
        address = witness["source_ip"] or OUTSIDE
        status, _ = self.world.invoke_api(
            api, witness["stage"], witness["path"], source_ip=address, headers=witness["headers"]
        )
        self.say(f"the witness, really sent from {address}:  HTTP {status}  ({because})")
        self.expect(status == expect, f"HTTP {expect}, not {status}")

    def slack_shows(self, when: str, *words: str) -> None:
        """Wait until all the words are in what is new in the channel, and print that."""
        self.hear(*words)
        self.heading(f"Slack: {when}")
        self.say(self.reader.read())

    def alert(self, deployed: float) -> None:
        """Wait for the alert of what is live, and of who did it."""
        who, what = "jane@example.com", "CreateDeployment"
        self.hear("Served now", "Opened: Anyone on the internet", who, what, "orders", "curl")
        seconds = time.monotonic() - deployed
        self.expect(seconds < ALERT_WITHIN, f"told within a minute, not after {seconds:.0f} s")
        self.heading(f"Slack, {seconds:.1f} s after the deployment")
        self.say(self.reader.read(edits=True))

    def hear(self, *words: str) -> None:
        """Wait until all the words, however their lines are broken, are new in the channel."""

        def said() -> bool:
            new = " ".join(self.reader.peek().split())
            return all(word in new for word in words)

        try:
            self.world.until(said, PATIENCE, f"in Slack: {', '.join(words)}")
        except TimeoutError as late:
            raise DemoFailed(f"{late}; new is only:\n{self.reader.peek()}") from late

    def resolution(self) -> None:
        """Wait until the thread says that it is over."""
        self.slack_shows("resolved", "↳ Gatewatch APP ✅ Resolved: orders", "jane@")
        self.heading("The whole conversation")
        self.say(render_thread(self.world.slack))
        self.expect(len(self.alerts()) == 1, f"one alert in the channel, not {self.alerts()}")

    def expect(self, true: bool, what: str) -> None:
        if not true:
            raise DemoFailed(f"expected: {what}")

    def _gatewatch(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line as a user runs it, with the account's root and the emulator as AWS."""
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.world.workdir),
            "AWS_ENDPOINT_URL": self.world.endpoint,
            "AWS_ACCESS_KEY_ID": "123456789012",
            "AWS_SECRET_ACCESS_KEY": "root-of-the-local-account",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        command = [str(GATEWATCH), *arguments, "--rate", "50"]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
