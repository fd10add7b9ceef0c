"""Slack behind the port `Notifier`.

Each message carries in its metadata what it tells. Where the answer to a post was lost, or its
sender died, the channel is read before the post is repeated.
Source: Slack developer docs, "Message metadata", "conversations.history".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.model.notice import Conversation, Notice, StepKind
from monitor.ports import NotDelivered, Route, Telling
from monitor.slack.api import CHANNEL_IS_LOST, Refused, SlackApi
from monitor.slack.blocks import first_message, reply, told_so_far
from monitor.slack.buttons import Offer
from monitor.slack.parts import Message, context
from monitor.slack.storm import storm_message
from monitor.slack.text import code

EVENT_TYPE = "gatewatch_notice"
_LOST = CHANNEL_IS_LOST | {"message_not_found", "thread_not_found", "cant_update_message"}
"""The conversation can no longer be gone on with; the notice begins a new one."""
_UNCHANGEABLE = frozenset({"edit_window_closed"})
"""The workspace lets nobody edit the first message; the reply still tells what is new."""
_CANNOT_LOOK = frozenset({"missing_scope", "method_not_supported_for_channel_type"})
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{7,}", re.ASCII)
PAGES = 10
"""Of 200 messages: how far back a lost post is looked for."""
BEFORE = timedelta(minutes=5)
"""Slack's clock and ours need not agree."""

Routes = Callable[[Notice], Route]
OnDetour = Callable[[str], None]


class SlackNotifier:
    """`route`: where a notice goes, and where if that channel cannot be posted to; `on_detour`
    hears why. `offer`: which buttons there are.

    Raises Refused where Slack says no, InDoubt where its answer was lost, NotDelivered where there
    is no token.
    """

    def __init__(
        self,
        api: SlackApi,
        *,
        route: Routes,
        offer: Callable[[], Offer] = Offer,
        on_detour: OnDetour = lambda _why: None,
    ) -> None:
        self._api = api
        self._route = route
        self._offer = offer
        self._on_detour = on_detour
        self._own_bot_id = ""
        self._channel_ids: dict[str, str] = {}

    def lane(self, notice: Notice) -> str:
        return self._route(notice).channel

    def tell(self, telling: Telling) -> Conversation:
        conversation = telling.conversation
        if telling.again and (said := self._said(telling)):
            return said
        if conversation is not None:
            try:
                return self._go_on(telling, conversation)
            except Refused as refusal:
                if refusal.code not in _LOST:
                    raise
        # Nobody can read on where the message was deleted or its channel closed.
        return self._begin(telling)

    def tell_together(self, tellings: Sequence[Telling]) -> Sequence[Conversation]:
        found = {t.notice.id: self._said(t) for t in tellings if t.again}
        new = [t for t in tellings if found.get(t.notice.id) is None]
        answer: Mapping[str, Any] = {}
        if new:
            notices = [telling.notice for telling in new]
            answer = self._post(storm_message(notices), notices)
        said = [
            found.get(t.notice.id) or self._conversation(t, answer, shared=True) for t in tellings
        ]
        self._refresh(tellings)
        return said

    def _begin(self, telling: Telling) -> Conversation:
        notice = telling.notice
        if notice.plan is not None:
            message = reply(notice, self._offer())
        else:
            message = first_message(notice, offer=self._offer())
        answer = self._post(message, [notice])
        return self._conversation(replace(telling, conversation=None), answer)

    def _go_on(self, telling: Telling, conversation: Conversation) -> Conversation:
        # The update may be repeated without harm, so it goes first: killed between the two, the
        # next teller begins again and nobody reads the reply twice.
        notice = telling.notice
        if not conversation.shared:
            self._update(notice, conversation)
        if not (telling.again and self._is_in_thread(notice, conversation)):
            message = reply(notice, self._offer())
            self._api.post(
                conversation.channel,
                {
                    "thread_ts": conversation.message_ts,
                    "reply_broadcast": _reopens(notice, conversation),
                    **_payload(message, [notice.id]),
                },
            )
        return _gone_on_with(conversation, notice)

    def _update(self, notice: Notice, conversation: Conversation) -> None:
        after = _gone_on_with(conversation, notice)
        # Of the incident as a whole: what somebody does about it changes no access.
        whole = replace(notice, scope_before=after.scope_before)
        message = first_message(whole, after.history, self._offer())
        try:
            self._api.call(
                "chat.update",
                {
                    "channel": conversation.channel,
                    "ts": conversation.message_ts,
                    "text": message.text,
                    "blocks": list(message.blocks),
                },
            )
        except Refused as refusal:
            if refusal.code not in _UNCHANGEABLE:
                raise

    def _refresh(self, tellings: Sequence[Telling]) -> None:
        """Bring the first messages of earlier conversations up to date, as long as Slack likes."""
        for telling in tellings:
            conversation = telling.conversation
            if conversation is not None and not conversation.shared:
                try:
                    self._update(telling.notice, conversation)
                except Refused as refusal:
                    if refusal.code not in _LOST:
                        return
                except NotDelivered:
                    return

    def _post(self, message: Message, notices: Sequence[Notice]) -> Mapping[str, Any]:
        channel, fallback = self._route(notices[0])
        payload = _payload(message, [notice.id for notice in notices])
        try:
            return self._api.post(channel, payload)
        except Refused as refusal:
            if refusal.code not in CHANNEL_IS_LOST or fallback in ("", channel):
                raise
            self._on_detour(str(refusal))
            why = f"Meant for {code(channel, 80)}, which answered {code(refusal.code, 60)}."
            blocks = [*payload["blocks"], context(why)]
            return self._api.post(fallback, {**payload, "blocks": blocks})

    def _conversation(
        self, telling: Telling, answer: Mapping[str, Any], *, shared: bool = False
    ) -> Conversation:
        notice, earlier = telling.notice, telling.conversation
        if earlier is not None:
            return _gone_on_with(earlier, notice)
        channel, message_ts = answer.get("channel"), answer.get("ts")
        if not isinstance(channel, str) or not isinstance(message_ts, str):
            raise NotDelivered("chat.postMessage: Slack's answer names no channel and message")
        return Conversation(
            channel=channel,
            message_ts=message_ts,
            is_open=bool(notice.unresolved),
            shared=shared,
            scope_before=notice.scope_before,
            history=told_so_far(None, notice),
        )

    def announce(self, message: Message, id_: str, channel: str, since: datetime) -> None:
        """Post a message of its own, unless one of this id stands in the channel already."""
        where = {"channel": self._channel_id(channel), "oldest": f"{since.timestamp():.6f}"}
        said = (ids for _, ids in self._own_messages("conversations.history", where))
        if not any(id_ in ids for ids in said):
            self._api.post(channel, _payload(message, [id_]))

    # --- what was said already ---------------------------------------------------------------

    def _said(self, telling: Telling) -> Conversation | None:
        """The conversation, if a message of the channel tells the notice already."""
        notice = telling.notice
        for channel in dict.fromkeys(filter(None, self._route(notice))):
            where = {
                "channel": self._channel_id(channel),
                "oldest": f"{(notice.made_at - BEFORE).timestamp():.6f}",
            }
            for message, notices in self._own_messages("conversations.history", where):
                if notice.id in notices:
                    answer = {"channel": where["channel"], "ts": message.get("ts")}
                    if message["metadata"]["event_payload"].get("digest") is True:
                        return self._conversation(telling, answer, shared=True)
                    return self._conversation(replace(telling, conversation=None), answer)
        return None

    def _is_in_thread(self, notice: Notice, conversation: Conversation) -> bool:
        where = {"channel": conversation.channel, "ts": conversation.message_ts}
        found = self._own_messages("conversations.replies", where)
        return any(notice.id in notices for _, notices in found)

    def _own_messages(
        self, method: str, where: Mapping[str, str]
    ) -> Iterator[tuple[Mapping[str, Any], Sequence[str]]]:
        """Our messages with the ids of the notices that they tell."""
        cursor = ""
        for _ in range(PAGES):
            try:
                page = self._api.read(
                    method,
                    {**where, "include_all_metadata": True, "limit": 200, "cursor": cursor},
                )
            except Refused as refusal:
                if refusal.code in _CANNOT_LOOK | CHANNEL_IS_LOST | _LOST:
                    return
                raise
            for message in page.get("messages", ()):
                metadata = message.get("metadata") or {}
                # Another app could write our metadata, and so keep an alert from being told.
                if metadata.get("event_type") == EVENT_TYPE and (
                    message.get("bot_id") == self._bot_id()
                ):
                    payload = metadata.get("event_payload") or {}
                    yield message, str(payload.get("notices", "")).split(" ")
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _bot_id(self) -> str:
        if not self._own_bot_id:
            self._own_bot_id = str(self._api.call("auth.test", {}).get("bot_id", ""))
        return self._own_bot_id

    def _channel_id(self, channel: str) -> str:
        """Posting takes a name, reading an id only. A name that nobody tells is left as it is."""
        if _CHANNEL_ID.fullmatch(channel):
            return channel
        if channel not in self._channel_ids:
            self._channel_ids[channel] = self._look_up(channel.removeprefix("#")) or channel
        return self._channel_ids[channel]

    def _look_up(self, name: str) -> str | None:
        cursor = ""
        for _ in range(PAGES):
            arguments = {
                "types": "public_channel,private_channel",
                "exclude_archived": True,
                "limit": 200,
                "cursor": cursor,
            }
            try:
                page = self._api.read("conversations.list", arguments)
            except Refused as refusal:
                if refusal.code in _CANNOT_LOOK:
                    return None
                raise
            for channel in page.get("channels", ()):
                if channel.get("name") == name:
                    return str(channel.get("id"))
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None
        return None


def _gone_on_with(conversation: Conversation, notice: Notice) -> Conversation:
    before = conversation.scope_before if conversation.is_open else notice.scope_before
    return replace(
        conversation,
        is_open=bool(notice.unresolved),
        scope_before=before,
        history=told_so_far(conversation, notice),
    )


def _payload(message: Message, ids: Sequence[str]) -> dict[str, Any]:
    return {
        "text": message.text,
        "blocks": list(message.blocks),
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {
            "event_type": EVENT_TYPE,
            "event_payload": {"notices": " ".join(ids), "digest": len(ids) > 1},
        },
    }


def _reopens(notice: Notice, conversation: Conversation) -> bool:
    """A thread that was closed is watched by nobody: what begins again is shown in the channel."""
    begun = {StepKind.OPENED, StepKind.REOPENED}
    return not conversation.is_open and any(step.kind in begun for step in notice.steps)
