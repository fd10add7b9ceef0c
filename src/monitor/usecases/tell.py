"""Tell what is untold. The mark in the store is the truth; a caller only makes it fast."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from monitor.model.api import ApiId
from monitor.model.notice import Notice
from monitor.ports import Clock, FindingStore, NotDelivered, Notifier, Unreadable

CLAIM = timedelta(seconds=60)
"""Longer than any one delivery takes; a teller that died leaves its notice to the next after it."""

SWEEP = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    delivered: int = 0
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    store: FindingStore
    notifier: Notifier
    clock: Clock

    def tell_all(self) -> Told:
        """The sweep: whatever is untold, of whichever API, oldest first."""
        return self.tell(self.store.apis_untold(limit=SWEEP))

    def tell(self, apis: Iterable[ApiId]) -> Told:
        """The untold notices of these APIs. One that cannot be read or delivered stays untold, and
        so do those of the same API behind it, since they continue its story."""
        delivered = 0
        failures: list[str] = []
        for api in apis:
            try:
                untold = self.store.untold_of(api)
            except Unreadable as failure:
                failures.append(f"{api.api_id}: {failure}")
                continue
            for notice in untold:
                try:
                    if not self._tell_one(notice):
                        break
                except (NotDelivered, Unreadable) as failure:
                    failures.append(f"{notice.id}: {failure}")
                    break
                delivered += 1
        return Told(delivered=delivered, failures=tuple(failures))

    def _tell_one(self, notice: Notice) -> bool:
        now = self.clock.now()
        if not self.store.claim(notice, now=now, until=now + CLAIM):
            return False
        try:
            conversation = self.notifier.tell(notice, self.store.conversation(notice.api))
        except (NotDelivered, Unreadable):
            self.store.release(notice)
            raise
        self.store.mark_told(notice, conversation, now=self.clock.now())
        return True
