"""Who is a member of a Slack user group."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from monitor.slack.api import Refused, SlackApi

KEPT_SECONDS = 300.0


class SlackGroups:
    """The port `Groups`. Members are kept for five minutes. A group that Slack does not tell of has
    no members: whoever is allowed by it alone is refused. Raises NotDelivered."""

    def __init__(self, api: SlackApi, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._kept: dict[str, tuple[float, frozenset[str]]] = {}

    def of(self, user: str, among: Iterable[str]) -> frozenset[str]:
        return frozenset(group for group in among if user in self._members(group))

    def _members(self, group: str) -> frozenset[str]:
        read_at, members = self._kept.get(group, (0.0, frozenset()))
        if group not in self._kept or self._clock() - read_at > KEPT_SECONDS:
            members = self._read(group)
            self._kept[group] = (self._clock(), members)
        return members

    def _read(self, group: str) -> frozenset[str]:
        try:
            answer = self._api.read("usergroups.users.list", {"usergroup": group})
        except Refused:
            return frozenset()
        users = answer.get("users")
        return frozenset(users) if isinstance(users, list) else frozenset()
