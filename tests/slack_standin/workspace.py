"""One Slack workspace in memory, and the Web API methods on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.slack_standin import limits

Json = dict[str, Any]
BOT = {"user": "U0GATEWATCH", "bot_id": "B0GATEWATCH"}
TEAM = {"team": "Example", "team_id": "T0EXAMPLE"}
# What each method asks of a token; for channels the public one stands for both kinds.
NEEDED = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "conversations.list": "channels:read",
    "usergroups.users.list": "usergroups:read",
}
SCOPES = frozenset(
    {
        "chat:write",
        "commands",
        "channels:history",
        "groups:history",
        "channels:read",
        "groups:read",
        "metadata.message:read",
        "usergroups:read",
    }
)
_KEPT_BY_UPDATE = ("blocks", "attachments", "metadata")


class SlackError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, error: str, messages: list[str] | None = None, **more: str) -> None:
        super().__init__(error)
        self.answer: Json = {"ok": False, "error": error, **more}
        if messages:
            self.answer["response_metadata"] = {"messages": messages}


@dataclass
class Workspace:
    # id -> name; everything else is `channel_not_found`
    channels: dict[str, str]
    messages: dict[tuple[str, str], Json] = field(default_factory=dict)
    ephemeral: list[Json] = field(default_factory=list)
    views: list[Json] = field(default_factory=list)
    # trigger id -> used already
    triggers: dict[str, bool] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    # user group -> its members
    groups: dict[str, list[str]] = field(default_factory=dict)
    _sequence: int = 0

    def call(self, method: str, arguments: Json) -> Json:
        handler = _METHODS.get(method)
        if handler is None:
            raise SlackError("unknown_method")
        return {"ok": True, **handler(self, arguments)}

    def channel(self, given: object, *, by_name: bool = False) -> str:
        """The channel's id. Only posting takes a name, as in Slack: keep the id it answers."""
        if isinstance(given, str) and given in self.channels:
            return given
        if by_name and isinstance(given, str):
            for channel, name in self.channels.items():
                if given.removeprefix("#") == name:
                    return channel
        raise SlackError("channel_not_found")

    def stamp(self) -> str:
        self._sequence += 1
        return f"{int(time.time())}.{self._sequence:06d}"

    def thread(self, channel: str, ts: str) -> list[Json]:
        """A message and its replies, oldest first."""
        return [
            message
            for (where, own), message in self.messages.items()
            if where == channel and ts in (own, message.get("thread_ts"))
        ]

    def post(self, channel: str, arguments: Json) -> Json:
        _check_message(arguments)
        thread = arguments.get("thread_ts")
        if thread and (channel, thread) not in self.messages:
            raise SlackError("thread_not_found")
        if channel in self.archived:
            raise SlackError("is_archived")
        message = {"type": "message", **BOT, "ts": self.stamp(), "text": arguments.get("text", "")}
        for key in (*_KEPT_BY_UPDATE, "thread_ts", "reply_broadcast"):
            if arguments.get(key):
                message[key] = arguments[key]
        self.messages[channel, message["ts"]] = message
        if thread:
            parent = self.messages[channel, thread]
            parent["thread_ts"] = thread
            parent["reply_count"] = len(self.thread(channel, thread)) - 1
            parent["latest_reply"] = message["ts"]
        return message

    def update(self, channel: str, ts: object, arguments: Json) -> Json:
        message = self.messages.get((channel, str(ts)))
        if message is None:
            raise SlackError("message_not_found")
        _check_message(arguments)
        # What an update does not name stays; an empty value takes it away.
        for key in ("text", *_KEPT_BY_UPDATE):
            if key in arguments:
                message[key] = arguments[key]
        message["edited"] = {"user": BOT["user"], "ts": self.stamp()}
        return message

    def delete(self, channel: str, ts: object) -> None:
        if self.messages.pop((channel, str(ts)), None) is None:
            raise SlackError("message_not_found")


def _check_message(arguments: Json) -> None:
    blocks = arguments.get("blocks") or []
    attachments = arguments.get("attachments") or []
    text = arguments.get("text") or ""
    if not (text or blocks or attachments):
        raise SlackError("no_text")
    if len(text) > limits.TEXT:
        raise SlackError("msg_too_long")
    problems = limits.block_problems(blocks)
    for index, attachment in enumerate(attachments):
        at = f"/attachments/{index}/blocks"
        problems += limits.block_problems(attachment.get("blocks", []), at=at)
    if problems:
        raise SlackError("invalid_blocks", problems)
    if limits.blocks_too_long(blocks):
        raise SlackError("msg_blocks_too_long")


def _post_message(workspace: Workspace, arguments: Json) -> Json:
    channel = workspace.channel(arguments.get("channel"), by_name=True)
    message = workspace.post(channel, arguments)
    return {"channel": channel, "ts": message["ts"], "message": message}


def _update(workspace: Workspace, arguments: Json) -> Json:
    channel = workspace.channel(arguments.get("channel"))
    message = workspace.update(channel, arguments.get("ts"), arguments)
    return {"channel": channel, "ts": message["ts"], "text": message["text"], "message": message}


def _delete(workspace: Workspace, arguments: Json) -> Json:
    channel = workspace.channel(arguments.get("channel"))
    workspace.delete(channel, arguments.get("ts"))
    return {"channel": channel, "ts": arguments.get("ts")}


def _history(workspace: Workspace, arguments: Json) -> Json:
    channel = workspace.channel(arguments.get("channel"))
    shown = [
        message
        for (where, ts), message in workspace.messages.items()
        if where == channel
        and (message.get("thread_ts", ts) == ts or message.get("reply_broadcast"))
    ]
    return _page(shown[::-1], arguments)


def _list_channels(workspace: Workspace, arguments: Json) -> Json:
    channels = [{"id": id_, "name": name} for id_, name in workspace.channels.items()]
    return {"channels": channels, "response_metadata": {"next_cursor": ""}}


def _group_members(workspace: Workspace, arguments: Json) -> Json:
    group = str(arguments.get("usergroup"))
    if group not in workspace.groups:
        raise SlackError("no_such_subteam")
    return {"users": workspace.groups[group]}


def _replies(workspace: Workspace, arguments: Json) -> Json:
    channel = workspace.channel(arguments.get("channel"))
    thread = workspace.thread(channel, str(arguments.get("ts")))
    if not thread:
        raise SlackError("thread_not_found")
    return _page(thread, arguments)


def _page(messages: list[Json], arguments: Json) -> Json:
    oldest, latest = str(arguments.get("oldest") or ""), str(arguments.get("latest") or "~")
    inclusive = _flag(arguments, "inclusive")
    messages = [
        message
        for message in messages
        if oldest < message["ts"] < latest or (inclusive and message["ts"] in (oldest, latest))
    ]
    start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
    page = messages[start : start + limit]
    if not _flag(arguments, "include_all_metadata"):
        page = [{k: v for k, v in message.items() if k != "metadata"} for message in page]
    more = start + limit < len(messages)
    cursor = {"next_cursor": str(start + limit) if more else ""}
    return {"messages": page, "has_more": more, "response_metadata": cursor}


def _flag(arguments: Json, name: str) -> bool:
    return str(arguments.get(name, "")).lower() in ("1", "true")


def _auth_test(workspace: Workspace, arguments: Json) -> Json:
    bot = {"user": "gatewatch", "user_id": BOT["user"], "bot_id": BOT["bot_id"]}
    return {"url": "https://example.slack.com/", **TEAM, **bot}


def _open_view(workspace: Workspace, arguments: Json) -> Json:
    trigger, view = str(arguments.get("trigger_id")), arguments.get("view")
    if trigger not in workspace.triggers:
        raise SlackError("invalid_trigger_id")
    if workspace.triggers[trigger]:
        raise SlackError("exchanged_trigger_id")
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", ["[ERROR] missing required field: view"])
    if problems := limits.view_problems(view):
        raise SlackError("invalid_arguments", problems)
    workspace.triggers[trigger] = True
    opened = {**view, "id": f"V{len(workspace.views):010d}", "hash": workspace.stamp()}
    workspace.views.append(opened)
    return {"view": opened}


def _permalink(workspace: Workspace, arguments: Json) -> Json:
    channel, ts = workspace.channel(arguments.get("channel")), str(arguments.get("message_ts"))
    if (channel, ts) not in workspace.messages:
        raise SlackError("message_not_found")
    path = f"archives/{channel}/p{ts.replace('.', '')}"
    return {"channel": channel, "permalink": f"https://example.slack.com/{path}"}


_METHODS: dict[str, Callable[[Workspace, Json], Json]] = {
    "auth.test": _auth_test,
    "chat.delete": _delete,
    "chat.getPermalink": _permalink,
    "chat.postMessage": _post_message,
    "chat.update": _update,
    "conversations.history": _history,
    "conversations.list": _list_channels,
    "conversations.replies": _replies,
    "usergroups.users.list": _group_members,
    "views.open": _open_view,
}
