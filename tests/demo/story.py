"""What `make demo` shows, step by step, against the deployed system. A test plays it too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.demo.company import FENCED, WIDE_OPEN, Company
from tests.emulator.world import World
from tests.slack_standin.render import render_thread

GATEWATCH = Path(sys.executable).parent / "gatewatch"
OUTSIDE = "198.51.100.66"
ALERT_WITHIN = 60.0
"""The promise: told within a minute of the change."""


class DemoFailed(AssertionError):
    """A step did not show what it is there to show."""


@dataclass
class Story:
    """`say` prints one line. `heading` numbers the steps."""

    world: World
    table: str
    say: Callable[[str], None] = print
    started: float = field(default_factory=time.monotonic)
    _step: int = 0

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
        self.warning()
        self.heading("Jane deploys it all the same")
        company.deploy(orders)
        deployed = time.monotonic()
        self.call(orders, witness, expect=200, because="now it is live")
        self.alert(deployed)
        self.heading("Jane puts the fence back and deploys")
        company.save_policy(orders, FENCED)
        company.deploy(orders)
        self.call(orders, witness, expect=403, because="fenced again")
        self.resolution()

    def heading(self, text: str) -> None:
        self._step += 1
        self.say(f"\n{self._step}. {text}   [{time.monotonic() - self.started:.0f} s]")
        self.say("-" * 78)

    def looked_at(self, apis: set[str]) -> None:
        """Wait until the deployed function has judged all of them, as the table shows."""

        def judged() -> dict[str, str]:
            items = self.world.client("dynamodb").scan(TableName=self.table)["Items"]
            found = {i["name"]["S"]: i["scope"]["S"] for i in items if i["sk"]["S"] == "RECORD"}
            return found if apis <= {i["pk"]["S"].rpartition("#")[2] for i in items} else {}

        scopes = self.world.until(judged, ALERT_WITHIN, "a verdict on each API")
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

    def warning(self) -> None:
        """Wait until Slack says what the next deployment would open."""
        self.world.until(
            lambda: "After the next deployment" in render_thread(self.world.slack),
            ALERT_WITHIN,
            "the warning in Slack, before anything is open",
        )
        self.heading("Slack, before anything is open")
        self.say(render_thread(self.world.slack))

    def alert(self, deployed: float) -> None:
        self.world.until(
            lambda: "CreateDeployment" in render_thread(self.world.slack),
            ALERT_WITHIN,
            "the alert in Slack, with the change that opened it",
        )
        seconds = time.monotonic() - deployed
        self.heading(f"Slack, {seconds:.1f} s after the deployment")
        shown = render_thread(self.world.slack)
        self.say(shown)
        for word in ("jane@example.com", "CreateDeployment", "internet", "orders", "curl"):
            self.expect(word in shown, f"the alert says {word!r}")

    def resolution(self) -> None:
        """Wait until the thread says that it is over."""
        root = self.alerts()[0]["ts"]

        def resolved() -> bool:
            thread = self.world.slack.thread(root)
            return any("Resolved" in message["text"] for message in thread[1:])

        self.world.until(resolved, ALERT_WITHIN, "`resolved` in the thread")
        self.heading("Slack: the same conversation, resolved")
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
