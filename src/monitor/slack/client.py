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
from monitor.ports import NotDelivered
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

TokenSource = Callable[[bool], str]
"""Answers the bot token; True = read it anew, since the last one was refused."""


class SlackNotifier:
    def __init__(self, token: TokenSource, *, channel: str, base_url: str) -> None:
        self._token = token
        self._channel = channel
        self._base_url = base_url

    def tell(self, notice: Notice, conversation: Conversation | None) -> Conversation:
        if conversation is None:
            answer = self._call(
                "chat.postMessage", {"channel": self._channel, **_payload(first_message(notice))}
            )
            return _conversation(answer, notice)
        # The update may be repeated without harm, so it goes first: killed between the two, the
        # next teller begins again and nobody reads the reply twice.
        here = {"channel": conversation.channel}
        self._call(
            "chat.update",
            {**here, "ts": conversation.message_ts, **_payload(first_message(notice))},
        )
        answer = self._call(
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
                raise _not_delivered(method, error) from error
        # The secret may have been rotated since it was read.
        try:
            return self._send(method, body, self._token(True))
        except SlackApiError as error:
            raise _not_delivered(method, error) from error

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


def _not_delivered(method: str, error: SlackApiError) -> NotDelivered:
    code = _code(error)
    advice = _WHAT_TO_DO.get(code)
    return NotDelivered(f"{method}: Slack answered `{code}`" + (f"; {advice}" if advice else ""))
