"""Slack's Web API behind the port `Notifier`.

The handlers that slack_sdk retries with by default post a message again after a lost connection or
a server error, although the first one may have been taken. Here only a refusal for the rate is
repeated; everything else goes back to the outbox.
Source: slack_sdk documentation, "RetryHandler"; Slack developer docs, "Rate limits".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from monitor.model.notice import Conversation, Notice, StepKind
from monitor.model.trouble import Announcement
from monitor.ports import NotDelivered
from monitor.slack.about_itself import about_itself
from monitor.slack.blocks import Message, first_message, reply

TIMEOUT_SECONDS = 10

_BAD_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"}
)
_WHAT_TO_DO = {
    "channel_not_found": "invite the app to the channel, or name another one",
    "not_in_channel": "invite the app to the channel",
    "is_archived": "name a channel that is not archived",
    "missing_scope": "give the app the scope chat:write and install it again",
    **dict.fromkeys(_BAD_TOKEN, "put a valid bot token (xoxb-...) into the Slack secret"),
}

_LOST = frozenset(
    {"message_not_found", "thread_not_found", "channel_not_found", "is_archived", "not_in_channel"}
)
"""The conversation can no longer be gone on with; the notice begins a new one."""

_UNCHANGEABLE = frozenset({"cant_update_message", "edit_window_closed"})
"""The workspace lets nobody edit the first message; the reply still tells what is new."""

TokenSource = Callable[[bool], str]
"""Answers the bot token; True = read it anew, since the last one was refused."""


class Refused(NotDelivered):
    """Slack answered with an error; `code` is its word for it, such as `channel_not_found`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SlackNotifier:
    """The port `Notifier`. Raises Refused where Slack says no, NotDelivered where it cannot be
    reached or there is no token."""

    def __init__(self, token: TokenSource, *, channel: str, base_url: str) -> None:
        self._token = token
        self._channel = channel
        self._base_url = base_url

    def tell(self, notice: Notice, conversation: Conversation | None) -> Conversation:
        if conversation is not None:
            try:
                return self._go_on(notice, conversation)
            except Refused as refusal:
                if refusal.code not in _LOST:
                    raise
        # Nobody can read on where the message was deleted or its channel closed.
        return self._begin(notice)

    def announce(self, announcement: Announcement) -> None:
        """The port `Announcer`: a message that belongs to no API's conversation."""
        self._call(
            "chat.postMessage", {"channel": self._channel, **_payload(about_itself(announcement))}
        )

    def _begin(self, notice: Notice) -> Conversation:
        answer = self._call(
            "chat.postMessage", {"channel": self._channel, **_payload(first_message(notice))}
        )
        return _conversation(answer, notice)

    def _go_on(self, notice: Notice, conversation: Conversation) -> Conversation:
        # The update may be repeated without harm, so it goes first: killed between the two, the
        # next teller begins again and nobody reads the reply twice.
        here = {"channel": conversation.channel}
        try:
            self._call(
                "chat.update",
                {**here, "ts": conversation.message_ts, **_payload(first_message(notice))},
            )
        except Refused as refusal:
            if refusal.code not in _UNCHANGEABLE:
                raise
        self._call(
            "chat.postMessage",
            {
                **here,
                "thread_ts": conversation.message_ts,
                "reply_broadcast": _reopens(notice, conversation),
                **_payload(reply(notice)),
            },
        )
        return Conversation(
            channel=conversation.channel,
            message_ts=conversation.message_ts,
            is_open=bool(notice.unresolved),
        )

    def _call(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._send(method, body, self._token(False))
        except SlackApiError as error:
            if _code(error) not in _BAD_TOKEN:
                raise _refused(method, error) from error
        # The secret may have been rotated since it was read.
        try:
            return self._send(method, body, self._token(True))
        except SlackApiError as error:
            raise _refused(method, error) from error

    def _send(self, method: str, body: Mapping[str, Any], token: str) -> Mapping[str, Any]:
        client = WebClient(
            token=token,
            base_url=self._base_url,
            timeout=TIMEOUT_SECONDS,
            retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=2)],
        )
        try:
            answer = client.api_call(method, json=dict(body))
        except SlackApiError:
            raise
        except (SlackClientError, URLError, HTTPException, OSError) as error:
            raise NotDelivered(f"{method}: {type(error).__name__}: {error}") from error
        data = answer.data
        return data if isinstance(data, dict) else {}


def _payload(message: Message) -> dict[str, Any]:
    return {
        "text": message.text,
        "blocks": list(message.blocks),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _conversation(answer: Mapping[str, Any], notice: Notice) -> Conversation:
    channel, message_ts = answer.get("channel"), answer.get("ts")
    if not isinstance(channel, str) or not isinstance(message_ts, str):
        raise NotDelivered("chat.postMessage: Slack's answer names no channel and message")
    return Conversation(channel=channel, message_ts=message_ts, is_open=bool(notice.unresolved))


def _reopens(notice: Notice, conversation: Conversation) -> bool:
    """A thread that was closed is watched by nobody: what begins again is shown in the channel."""
    begun = {StepKind.OPENED, StepKind.REOPENED}
    return not conversation.is_open and any(step.kind in begun for step in notice.steps)


def _code(error: SlackApiError) -> str:
    try:
        return str(error.response.get("error") or "unknown")
    except (AttributeError, ValueError):
        return "unknown"


def _refused(method: str, error: SlackApiError) -> Refused:
    code = _code(error)
    advice = _WHAT_TO_DO.get(code)
    told = f"{method}: Slack answered `{code}`"
    return Refused(code, f"{told}; {advice}" if advice else told)
