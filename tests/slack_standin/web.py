"""HTTP in front of the Slack stand-in: what slack_sdk and a response_url post, JSON or forms."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from tests.slack_standin.server import SlackStandin
    from tests.slack_standin.workspace import Json

FORM_ONLY = frozenset(
    {
        "conversations.history",
        "conversations.list",
        "conversations.replies",
        "files.getUploadURLExternal",
        "usergroups.users.list",
    }
)
_FORM_JSON = ("blocks", "attachments", "metadata", "view")


def handler(standin: SlackStandin) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self._answer(self.rfile.read(length).decode())

        def _answer(self, raw: str) -> None:
            path = urlsplit(self.path).path.strip("/")
            as_json = "json" in (self.headers.get("Content-Type") or "")
            try:
                arguments = json.loads(raw or "{}") if as_json else _form(raw)
            except ValueError:
                self._send(200, {"ok": False, "error": "invalid_json"})
                return
            token = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
            token = token or arguments.pop("token", "")
            method = path.removeprefix("api/")
            if as_json and method in FORM_ONLY:
                # As Slack does: the JSON is not looked at.
                arguments = {}
            status, said, fault = standin.answer(method, arguments, token)
            if fault and fault.hang is not None:
                standin.wait(fault.hang)
                self.close_connection = True
                return
            self._send(status, said, fault.retry_after if fault else 1)

        def _send(self, status: int, said: Json, retry_after: int = 1) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-OAuth-Scopes", ",".join(sorted(standin.scopes)))
            if status == 429:
                self.send_header("Retry-After", str(retry_after))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any, **__: Any) -> None:
            """Keep quiet: `calls` is the log."""

    return Handler


def _form(raw: str) -> Json:
    arguments: Json = {key: values[0] for key, values in parse_qs(raw).items()}
    for key in _FORM_JSON:
        if isinstance(arguments.get(key), str):
            arguments[key] = json.loads(arguments[key])
    return arguments
