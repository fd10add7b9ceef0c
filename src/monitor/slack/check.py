"""Try out a Slack app: what a real alert would meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.model.notice import Notice
from monitor.ports import NotDelivered, Route, Telling
from monitor.slack import sample
from monitor.slack.api import Refused, SlackApi
from monitor.slack.client import SlackNotifier

SCOPES: dict[str, str] = {
    "chat:write": "to post at all",
    "channels:history": "to find a message whose answer was lost, instead of posting it again",
    "groups:history": "the same in private channels",
    "metadata.message:read": "to know our own messages again",
    "channels:read": "to find a channel by its name",
    "groups:read": "to find a private channel by its name",
    "commands": "for /gatewatch",
    "usergroups:read": "for user groups under `people` of the org policy",
}
NEEDED = frozenset({"chat:write"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer. `works` None: it works, but not as well as it could."""

    works: bool | None
    text: str


def check(api: SlackApi, channel: str, now: datetime) -> Iterator[Finding]:
    """Who the token is, what it may, and a sample alert with its thread. The first thing that does
    not work ends it."""
    try:
        who = api.call("auth.test", {})
    except NotDelivered as failure:
        yield Finding(False, str(failure))
        return
    yield Finding(True, f"the token is {who.get('user')} of the workspace {who.get('team')}")
    yield from _scopes(api.granted)
    try:
        yield from _sample(api, channel, now)
    except NotDelivered as failure:
        yield Finding(False, str(failure))


def _scopes(granted: frozenset[str]) -> Iterator[Finding]:
    if not granted:
        yield Finding(None, "Slack did not say which scopes the token has")
        return
    for scope, use in SCOPES.items():
        if scope not in granted:
            works = False if scope in NEEDED else None
            yield Finding(works, f"the scope {scope} is missing: {use}")
    if granted >= set(SCOPES):
        yield Finding(True, "the token has every scope of the manifest")


def _sample(api: SlackApi, channel: str, now: datetime) -> Iterator[Finding]:
    slack = SlackNotifier(api, route=lambda _notice: Route(channel, ""))
    opened, resolved = _invented(sample.opened(now)), _invented(sample.resolved(now))
    said = slack.tell(Telling(notice=opened))
    yield Finding(True, f"a sample alert stands in {said.channel}")
    again = slack.tell(Telling(notice=opened, again=True))
    if again.message_ts == said.message_ts:
        yield Finding(True, "it was found again, so a lost answer is not repeated")
    else:
        yield Finding(None, "it was not found again and posted twice, as a lost one would be")
    try:
        slack.tell(Telling(notice=resolved, conversation=said))
    except Refused as refusal:
        yield Finding(False, str(refusal))
        return
    yield Finding(True, "it was updated, and resolved in its thread")


def _invented(notice: Notice) -> Notice:
    """Nobody shall take the sample for an alert."""
    return replace(notice, api_name="a sample, not an API")
