"""Slack's incoming webhook behind the port `Notifier`: messages only.

A webhook answers with no message to go on with, so there are no threads, updates or buttons, and a
message whose answer was lost is posted again. Source: Slack developer docs, "Sending messages using
incoming webhooks".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient

from monitor.model.notice import Notice, StepKind
from monitor.ports import InDoubt, NotDelivered, Reach, Telling
from monitor.slack.api import TIMEOUT_SECONDS
from monitor.slack.blocks import first_message, reply
from monitor.slack.parts import Message
from monitor.slack.storm import storm_message

_BEGINS = frozenset({StepKind.OPENED, StepKind.REOPENED, StepKind.WIDENED})


class WebhookNotifier:
    """`url` answers the webhook's address, `True` = read it anew. Raises NotDelivered."""

    def __init__(self, url: Callable[[bool], str]) -> None:
        self._url = url

    def lane(self, notice: Notice) -> str:  # noqa: ARG002
        return "webhook"

    def tell(self, telling: Telling) -> None:
        notice = telling.notice
        begins = any(step.kind in _BEGINS for step in notice.steps)
        self.post(first_message(notice) if begins else reply(notice))

    def tell_together(self, tellings: Sequence[Telling]) -> Sequence[None]:
        self.post(storm_message([telling.notice for telling in tellings]))
        return [None] * len(tellings)

    def post(self, message: Message) -> None:
        body = {"text": message.text, "blocks": list(message.blocks), "unfurl_links": False}
        status, said = self._send(self._url(False), body)
        if status in (403, 404, 410):  # the address may have been exchanged since it was read
            status, said = self._send(self._url(True), body)
        if status == 429:
            raise NotDelivered("the webhook takes no more for now", reach=Reach.SINK)
        if status >= 500:
            raise InDoubt(f"the webhook answered {status}", reach=Reach.SINK)
        if status != 200:
            reach = Reach.NOTICE if status == 400 else Reach.SINK
            raise NotDelivered(f"the webhook answered {status} `{said[:100]}`", reach=reach)

    def _send(self, url: str, body: dict[str, Any]) -> tuple[int, str]:
        try:
            client = WebhookClient(url, timeout=TIMEOUT_SECONDS, retry_handlers=[])
            answer = client.send_dict(body)
        except ValueError as error:
            told = "the Slack secret's `webhook` is no address"
            raise NotDelivered(told, reach=Reach.SINK) from error
        except (SlackClientError, URLError, HTTPException, OSError) as error:
            # The address is a secret; the error's text can hold it.
            told = f"the webhook was not reached: {type(error).__name__}"
            raise InDoubt(told, reach=Reach.SINK) from error
        return answer.status_code, answer.body
