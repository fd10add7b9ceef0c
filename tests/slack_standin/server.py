"""A Slack stand-in that is really called over HTTP, in this process, on a loopback port.

with SlackStandin.start() as slack:
    client = WebClient(token=slack.token, base_url=slack.url)
    slack.fail_next("chat.postMessage", error="ratelimited", times=2)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.slack_standin.web import handler
from tests.slack_standin.workspace import NEEDED, SCOPES, TEAM, Json, SlackError, Workspace

TOKEN = "xoxb-standin"
CHANNEL = "C0APIALERTS"


@dataclass(frozen=True)
class Call:
    """One request as it arrived, and what was answered (None: the connection was dropped)."""

    at: float
    method: str
    arguments: Json
    token: str
    status: int | None
    answer: Json | None


@dataclass
class Fault:
    """What happens to the next calls of a method instead of an answer."""

    method: str
    error: str | None
    status: int | None
    retry_after: int
    hang: float | None
    after_effect: bool
    times: int

    def reply(self) -> tuple[int, Json]:
        if self.error == "ratelimited":
            return 429, {"ok": False, "error": "ratelimited"}
        return self.status or 200, {"ok": False, "error": self.error or "internal_error"}


@dataclass
class SlackStandin:
    tokens: Collection[str] = (TOKEN,)
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    posts_per_second: float | None = None
    clock: Callable[[], float] = time.time
    channels: Mapping[str, str] = field(default_factory=lambda: {CHANNEL: "api-alerts"})
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    workspace: Workspace = field(init=False)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        # secret -> channel, message, answers left
        self._response_urls: dict[str, tuple[str, str, int]] = {}
        self._pressed_by: dict[str, str] = {}
        self._posted_at: dict[str, float] = {}
        self.workspace = Workspace(dict(self.channels))

    @classmethod
    def start(cls, port: int = 0, **settings: Any) -> SlackStandin:
        standin = cls(**settings)
        server = ThreadingHTTPServer(("127.0.0.1", port), handler(standin))
        standin._server = server
        # A short poll makes stopping quick; nothing is polled while requests come in.
        standin._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        standin._thread.start()
        return standin

    def stop(self) -> None:
        self._stopping.set()
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(5)
            self._server = None

    def __enter__(self) -> SlackStandin:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def origin(self) -> str:
        if self._server is None:
            raise RuntimeError("the Slack stand-in is not running")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """What a client takes as the base of the Web API, in place of https://slack.com/api/."""
        return f"{self.origin}/api/"

    @property
    def token(self) -> str:
        return next(iter(self.tokens))

    def rotate_token(self, token: str) -> None:
        """From now on only this token is good."""
        self.tokens = (token,)

    def fail_next(
        self,
        method: str,
        *,
        error: str | None = None,
        status: int | None = None,
        hang: float | None = None,
        after_effect: bool = False,
        retry_after: int = 1,
        times: int = 1,
    ) -> None:
        """Let the next `times` calls of `method` fail.

        `error`: Slack's word for it (`ratelimited` comes as 429 with Retry-After). `status`: an
        HTTP status such as 503. `hang`: no answer, the connection closes after so many seconds.
        `after_effect`: the call does its work first, and only its answer is lost or wrong.
        """
        if error is None and status is None and hang is None:
            raise ValueError("say how it should fail: error, status or hang")
        fault = Fault(method, error, status, retry_after, hang, after_effect, times)
        with self._lock:
            self.faults.append(fault)

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def messages(self, channel: str = CHANNEL) -> list[Json]:
        """The channel's messages without thread replies, oldest first."""
        with self._lock:
            stored = self.workspace.messages.items()
            return [
                deepcopy(message)
                for (where, ts), message in stored
                if where == channel and message.get("thread_ts", ts) == ts
            ]

    def thread(self, ts: str, channel: str = CHANNEL) -> list[Json]:
        """A message and its replies, oldest first."""
        with self._lock:
            return deepcopy(self.workspace.thread(channel, ts))

    def whispers(self, user: str) -> list[Json]:
        """What only that user sees, oldest first."""
        with self._lock:
            return [deepcopy(m) for m in self.workspace.ephemeral if m["user"] == user]

    def press(
        self, ts: str, action_id: str, *, user: str = "U0ALICE", channel: str = CHANNEL
    ) -> Json:
        """The `block_actions` payload that Slack sends when somebody presses that button."""
        with self._lock:
            message = deepcopy(self.workspace.messages[channel, ts])
            pressed = [
                {**element, "block_id": block.get("block_id", ""), "action_ts": ts}
                for block in message.get("blocks", [])
                for element in (*block.get("elements", ()), block.get("accessory") or {})
                if element.get("action_id") == action_id
            ]
            if not pressed:
                raise LookupError(f"no `{action_id}` in that message")
            secret = f"{len(self._response_urls) + 1:024x}"
            self._response_urls[secret] = (channel, ts, 5)
            self._pressed_by[secret] = user
            trigger = f"{secret}.trigger"
            self.workspace.triggers[trigger] = False
        return {
            "type": "block_actions",
            "user": {"id": user, "username": user.removeprefix("U0").lower()},
            "team": {"id": TEAM["team_id"], "domain": "example"},
            "channel": {"id": channel, "name": self.channels[channel]},
            "container": {"type": "message", "message_ts": ts, "channel_id": channel},
            "message": message,
            "actions": pressed,
            "trigger_id": trigger,
            "response_url": f"{self.origin}/actions/{secret}",
        }

    def reset(self) -> None:
        with self._lock:
            self.workspace = Workspace(dict(self.channels))
            self.calls.clear()
            self.faults.clear()
            self._response_urls.clear()
            self._pressed_by.clear()

    # --- what the HTTP handler calls ---------------------------------------------------------

    def answer(self, method: str, arguments: Json, token: str) -> tuple[int, Json, Fault | None]:
        """Status and body for a call, and the fault that spoils it, if one was asked for."""
        with self._lock:
            fault = next((f for f in self.faults if f.method == method and f.times > 0), None)
            if fault:
                fault.times -= 1
            if fault and not fault.after_effect:
                status, said = fault.reply()
            else:
                status, said = self._work(method, arguments, token)
                if fault:
                    status, said = fault.reply()
            lost = fault is not None and fault.hang is not None
            self.calls.append(
                Call(
                    at=time.time(),
                    method=method,
                    arguments=arguments,
                    token=token,
                    status=None if lost else status,
                    answer=None if lost else deepcopy(said),
                )
            )
            return status, deepcopy(said), fault

    def wait(self, seconds: float) -> None:
        """Sleep that ends when the stand-in stops."""
        self._stopping.wait(seconds)

    def _work(self, method: str, arguments: Json, token: str) -> tuple[int, Json]:
        try:
            if method.startswith("actions/"):
                return 200, self._respond(method.removeprefix("actions/"), arguments)
            if not token:
                raise SlackError("not_authed")
            if token not in self.tokens:
                raise SlackError("invalid_auth")
            needed = NEEDED.get(method, "")
            if needed and needed not in self.scopes:
                raise SlackError("missing_scope", needed=needed)
            if method == "chat.postMessage" and self._too_fast(str(arguments.get("channel"))):
                return 429, {"ok": False, "error": "ratelimited"}
            return 200, self.workspace.call(method, deepcopy(arguments))
        except SlackError as refused:
            return (404 if method.startswith("actions/") else 200), refused.answer

    def _too_fast(self, channel: str) -> bool:
        if self.posts_per_second is None:
            return False
        now = self.clock()
        if now - self._posted_at.get(channel, 0.0) < 0.999 / self.posts_per_second:
            return True
        self._posted_at[channel] = now
        return False

    def _respond(self, secret: str, arguments: Json) -> Json:
        """A response_url: good for five answers, no token asked."""
        channel, ts, left = self._response_urls.get(secret, ("", "", -1))
        if left <= 0:
            raise SlackError("used_url" if left == 0 else "expired_url")
        self._response_urls[secret] = (channel, ts, left - 1)
        if arguments.get("delete_original"):
            self.workspace.delete(channel, ts)
        elif arguments.get("replace_original"):
            self.workspace.update(channel, ts, arguments)
        elif arguments.get("response_type") == "in_channel":
            self.workspace.post(channel, arguments)
        else:
            user = self._pressed_by.get(secret, "")
            self.workspace.ephemeral.append({"channel": channel, "user": user, **arguments})
        return {"ok": True}
