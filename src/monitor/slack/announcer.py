"""The port `Announcer` over Slack: messages that belong to no API's conversation."""

from __future__ import annotations

from monitor.model.trouble import Announcement
from monitor.ports import NotDelivered
from monitor.slack.about_itself import about_itself
from monitor.slack.api import SlackApi


class SlackAnnouncer:
    """`channel` empty: there is none, and every announcement fails. Raises NotDelivered."""

    def __init__(self, api: SlackApi, channel: str) -> None:
        self._api = api
        self._channel = channel

    def announce(self, announcement: Announcement) -> None:
        if not self._channel:
            raise NotDelivered("no Slack channel is named")
        message = about_itself(announcement)
        body = {"text": message.text, "blocks": list(message.blocks), "unfurl_links": False}
        self._api.post(self._channel, body)
