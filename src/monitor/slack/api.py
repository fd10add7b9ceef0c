"""Calls of Slack's Web API, and what its refusals mean.

The handlers that slack_sdk retries with by default post a message again after a lost connection or
a server error, although the first one may have been taken. Here only a refusal for the rate is
repeated, if it is a short one; everything else goes back to the outbox.
Source: slack_sdk documentation, "RetryHandler"; Slack developer docs, "Rate limits".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from monitor.ports import InDoubt, NotDelivered, Reach

TIMEOUT_SECONDS = 10
PATIENCE_SECONDS = 20
"""Of waits that Slack asks for, within one call. A claim holds for 60 s."""
POST_EVERY_SECONDS = 1.0
"""In one channel. Source: Slack developer docs, "Rate limits", of chat.postMessage."""

BAD_TOKEN = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "not_allowed_token_type",
    }
)
CHANNEL_IS_LOST = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "posting_to_general_channel_denied",
        "channel_type_not_supported",
    }
)
_OF_THE_TOKEN = BAD_TOKEN | {"missing_scope", "team_access_not_granted", "ekm_access_denied"}
_NOT_NOW = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
# Slack answers so after it may have done the work.
_DOUBTFUL = frozenset({"internal_error", "fatal_error", "request_timeout", "service_unavailable"})

_WHAT_TO_DO = {
    "channel_not_found": "invite the app to the channel, or name another one",
    "not_in_channel": "invite the app to the channel",
    "is_archived": "name a channel that is not archived",
    "restricted_action": "let the app post to the channel, or name another one",
    "missing_scope": "give the app the scopes of its manifest and install it again",
    **dict.fromkeys(BAD_TOKEN, "put a valid bot token (xoxb-...) into the Slack secret"),
}

TokenSource = Callable[[bool], str]
"""Answers the bot token; True = read it anew, since the last one was refused."""


class Refused(NotDelivered):
    """Slack answered with an error; `code` is its word for it, such as `channel_not_found`."""

    def __init__(self, code: str, message: str, *, reach: Reach) -> None:
        super().__init__(message, reach=reach)
        self.code = code


class SlackApi:
    """Raises Refused where Slack says no, InDoubt where its answer to a post was lost, NotDelivered
    where there is no token."""

    def __init__(
        self,
        token: TokenSource,
        *,
        base_url: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        timeout: int = TIMEOUT_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._token = token
        self._base_url = base_url
        self._sleep = sleep
        self._clock = clock
        self._timeout = timeout
        self._patience = patience
        self._next_post: dict[str, float] = {}
        self._client: WebClient | None = None
        self.granted: frozenset[str] = frozenset()
        """The scopes of the token, as the last answer named them."""

    def post(self, channel: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """chat.postMessage, at most one a second and channel."""
        wait = self._next_post.get(channel, 0.0) - self._clock()
        if wait > 0:
            self._sleep(wait)
        try:
            return self.call("chat.postMessage", {"channel": channel, **body})
        finally:
            self._next_post[channel] = self._clock() + POST_EVERY_SECONDS

    def call(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A method that takes JSON, as those that write do."""
        return self._with_token(method, {"json": dict(body)})

    def read(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """A method that takes a form only, as those that read do."""
        return self._with_token(method, {"params": dict(arguments)})

    def _with_token(self, method: str, sent: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._send(method, sent, self._token(False))
        except Refused as refusal:
            if refusal.code not in BAD_TOKEN:
                raise
        # The secret may have been rotated since it was read.
        return self._send(method, sent, self._token(True))

    def _send(self, method: str, sent: Mapping[str, Any], token: str) -> Mapping[str, Any]:
        patience = self._patience
        client = self._connected(token)
        while True:
            try:
                answer = client.api_call(method, **sent)
            except SlackApiError as error:
                wait = _retry_after(error)
                if wait is None or wait > patience:
                    raise _refusal(method, error) from error
                patience -= max(wait, 1.0)
                self._sleep(wait)
            except (SlackClientError, URLError, HTTPException, OSError) as error:
                told = f"{method}: {type(error).__name__}: {error}"
                raise InDoubt(told, reach=Reach.SINK) from error
            else:
                self.granted = _granted(answer.headers)
                return answer.data if isinstance(answer.data, dict) else {}

    def _connected(self, token: str) -> WebClient:
        if self._client is None or self._client.token != token:
            self._client = WebClient(
                token=token,
                base_url=self._base_url,
                timeout=self._timeout,
                retry_handlers=[],
            )
        return self._client


def _retry_after(error: SlackApiError) -> float | None:
    """Seconds to wait after a refusal for the rate; None for any other."""
    response = error.response
    if _code(error) not in _NOT_NOW and getattr(response, "status_code", 0) != 429:
        return None
    headers = {k.lower(): v for k, v in (getattr(response, "headers", None) or {}).items()}
    value = headers.get("retry-after", "1")
    text = value[0] if isinstance(value, list) else value
    try:
        return min(max(float(text), 0.0), 3600.0)
    except ValueError:
        return 1.0


def _granted(headers: Mapping[str, Any]) -> frozenset[str]:
    for name, value in headers.items():
        if name.lower() == "x-oauth-scopes":
            text = value[0] if isinstance(value, list) else str(value)
            return frozenset(scope.strip() for scope in text.split(",") if scope.strip())
    return frozenset()


def _code(error: SlackApiError) -> str:
    try:
        return str(error.response.get("error") or "unknown")
    except (AttributeError, ValueError):
        return "unknown"


def _refusal(method: str, error: SlackApiError) -> NotDelivered:
    code = _code(error)
    status = getattr(error.response, "status_code", 200)
    if status >= 500 or code in _DOUBTFUL:
        return InDoubt(f"{method}: Slack answered {status} `{code}`", reach=Reach.SINK)
    told = f"{method}: Slack answered `{code}`"
    if code == "missing_scope" and (needed := _needed(error)):
        told += f" (needed: {needed})"
    advice = _WHAT_TO_DO.get(code)
    return Refused(code, f"{told}; {advice}" if advice else told, reach=_reach(code))


def _needed(error: SlackApiError) -> str:
    try:
        return str(error.response.get("needed") or "")
    except (AttributeError, ValueError):
        return ""


def _reach(code: str) -> Reach:
    if code in _OF_THE_TOKEN:
        return Reach.SINK
    if code in CHANNEL_IS_LOST or code in _NOT_NOW:
        return Reach.LANE
    return Reach.NOTICE
