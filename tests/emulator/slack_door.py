"""What Slack sends to the endpoint that the stack names: signed as Slack signs it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier

from tests.emulator.process import HOST
from tests.emulator.world import World
from tests.slack_standin.server import CHANNEL

SIGNING_SECRET = "signs-for-gatewatch"
APP = "A0GATEWATCH"
INTERACTIVE = {
    "SlackTeamId": "T0EXAMPLE",
    "SlackAppId": APP,
    "SlackSigningSecret": SIGNING_SECRET,
}
"""Parameters of a stack whose buttons work in the workspace of the stand-in."""


class SlackDoor:
    """`url`: the output SlackRequestUrl of the stack."""

    def __init__(self, world: World, url: str) -> None:
        self._world = world
        self.api_id = url.removeprefix("https://").partition(".")[0]

    def press(self, ts: str, action_id: str, user: str, channel: str = CHANNEL) -> int:
        """Somebody presses a button of a message; the HTTP status of the answer."""
        payload = self._world.slack.press(ts, action_id, user=user, channel=channel)
        status, _ = self.send(form({**payload, "api_app_id": APP}))
        return status

    def send(self, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """POST with these headers, else with a good signature; the status and body."""
        connection = http.client.HTTPConnection(HOST, self._world.emulator.port, timeout=30)
        try:
            sent = dict(signed(body) if headers is None else headers)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            sent["Host"] = f"{self.api_id}.execute-api.localhost"
            connection.request("POST", "/slack", body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def form(payload: Mapping[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def signed(body: bytes, secret: str = SIGNING_SECRET) -> dict[str, str]:
    stamp = str(int(time.time()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": signature or ""}
