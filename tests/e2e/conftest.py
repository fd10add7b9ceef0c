"""One deployment of the real template for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.demo.company import Company
from tests.emulator import stack
from tests.emulator.world import World, installed


@dataclass
class Deployed:
    world: World
    outputs: dict[str, str]

    def company(self, session: str = "jane@example.com") -> Company:
        """APIs made and changed by a person's session of a role."""
        person = self.world.assume("Developer", session)
        return Company(self.world.client("apigateway", person))

    def records(self) -> dict[str, dict[str, Any]]:
        """API id -> its item in the table."""
        items = self.world.client("dynamodb").scan(TableName=self.outputs["Table"])["Items"]
        return {i["pk"]["S"].rpartition("#")[2]: i for i in items if i["sk"]["S"] == "RECORD"}

    def said(self, name: str) -> list[dict[str, Any]]:
        """What Slack holds about an API, the oldest first."""
        return [m for m in self.world.slack.messages() if name in m["text"]]

    def logs(self, function: str) -> str:
        group = f"/gatewatch/{stack.STACK}/{function}"
        events = self.world.client("logs").filter_log_events(logGroupName=group)["events"]
        return "\n".join(event["message"] for event in events)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    if not installed():
        pytest.skip("the emulator is not installed: run `make emulator`")
    with World.start(tmp_path_factory.mktemp("world")) as world:
        yield Deployed(world, stack.deploy(world))
