"""Tell what is untold. The mark in the store is the truth; a caller only makes it fast."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.model.api import ApiId
from monitor.model.notice import Conversation, Notice
from monitor.ports import (
    Claim,
    Clock,
    FindingStore,
    InDoubt,
    NotDelivered,
    Notifier,
    Reach,
    Telling,
    Unreadable,
)

CLAIM = timedelta(seconds=60)
"""Longer than any one delivery takes; a teller that died leaves its notice to the next after it."""

STORM = 8
"""So many APIs waiting at once are told together: nobody reads eighty messages."""
TOGETHER = 20
"""APIs in one digest."""
MOST = 5000
"""Notices that one sweep looks at."""
PATIENCE = timedelta(seconds=75)
"""After which a call begins nothing new; the function's time-out is 120 s."""

Holds = Callable[[Notice, datetime], bool]


def never(_notice: Notice, _now: datetime) -> bool:
    """Hold nothing back."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`held`: notices that wait for the end of a mute or of quiet hours."""

    delivered: int = 0
    held: int = 0
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """`sinks`: by a name that is stored, whoever has to be told. A notice is told when all were."""

    store: FindingStore
    sinks: Mapping[str, Notifier]
    clock: Clock
    holds: Holds = never

    def tell_all(self) -> Told:
        """The sweep: whatever is untold, of whichever API, the gravest first."""
        waiting = [one.api for one in self.store.waiting(limit=MOST)]
        return self._tell(waiting, in_storm=len(waiting) > STORM)

    def tell(self, apis: Iterable[ApiId]) -> Told:
        """The untold notices of these APIs; or the gravest of all, where too many wait."""
        if len(self.store.waiting(limit=10 * STORM)) > STORM:
            return self.tell_all()
        return self._tell(list(apis), in_storm=False)

    def _tell(self, apis: Sequence[ApiId], *, in_storm: bool) -> Told:
        work = _Round(teller=self)
        until = self.clock.now() + PATIENCE
        size = TOGETHER if in_storm else 1
        for start in range(0, len(apis), size):
            if work.nobody_listens or self.clock.now() >= until:
                break
            if in_storm:
                work.tell_together(apis[start : start + size])
            else:
                work.tell_one_by_one(apis[start])
        return Told(delivered=work.delivered, held=work.held, failures=tuple(work.failures))


@dataclass(slots=True)
class _Item:
    """A claimed notice on its way."""

    notice: Notice
    claim: Claim
    conversation: Conversation | None
    reached: set[str] = field(default_factory=set)
    in_doubt: bool = False


@dataclass(slots=True)
class _Round:
    """One call of the teller. `closed`: sinks, and lanes of sinks, that take nothing now;
    `blocked`: APIs whose story stopped at a sink, so that it is not told out of order."""

    teller: Teller
    delivered: int = 0
    held: int = 0
    failures: list[str] = field(default_factory=list)
    closed: set[tuple[str, str | None]] = field(default_factory=set)
    blocked: set[tuple[str, ApiId]] = field(default_factory=set)
    conversations: dict[ApiId, Conversation] = field(default_factory=dict)

    @property
    def nobody_listens(self) -> bool:
        return all((name, None) in self.closed for name in self.teller.sinks)

    def tell_one_by_one(self, api: ApiId) -> None:
        for notice in self._untold(api):
            item = self._claimed(notice)
            if item is None:
                return
            self._deliver([item])
            if not item.reached:
                return

    def tell_together(self, apis: Sequence[ApiId]) -> None:
        items: list[_Item] = []
        for api in apis:
            for notice in self._untold(api):
                item = self._claimed(notice)
                if item is None:
                    break
                items.append(item)
        self._deliver(items)

    def _untold(self, api: ApiId) -> Sequence[Notice]:
        try:
            untold = self.teller.store.untold_of(api)
        except Unreadable as failure:
            self.failures.append(f"{api.api_id}: {failure}")
            return ()
        now = self.teller.clock.now()
        if untold and all(self.teller.holds(notice, now) for notice in untold):
            self.held += len(untold)
            return ()
        return untold

    def _claimed(self, notice: Notice) -> _Item | None:
        now, store = self.teller.clock.now(), self.teller.store
        claim = store.claim(notice, now=now, until=now + CLAIM)
        if claim is None:
            return None
        try:
            conversation = store.conversation(notice.api)
        except Unreadable as failure:
            self.failures.append(f"{notice.id}: {failure}")
            store.release(notice)
            return None
        return _Item(notice=notice, claim=claim, conversation=conversation)

    def _deliver(self, items: Sequence[_Item]) -> None:
        for name, sink in self.teller.sinks.items():
            lanes: dict[str, list[_Item]] = defaultdict(list)
            for item in items:
                if name not in item.claim.reached:
                    lanes[sink.lane(item.notice)].append(item)
            for lane, group in lanes.items():
                self._to_lane(name, sink, lane, group)
        for item in items:
            self._settle(item)

    def _to_lane(self, name: str, sink: Notifier, lane: str, group: list[_Item]) -> None:
        if len(group) > 1 and self._together(name, sink, lane, group):
            return
        for item in group:
            if (name, item.notice.api) not in self.blocked and self._is_open(name, lane):
                try:
                    said = sink.tell(self._telling(item))
                except NotDelivered as failure:
                    self._failed(name, lane, [item], failure)
                else:
                    self._reached(item, name, said)

    def _together(self, name: str, sink: Notifier, lane: str, group: list[_Item]) -> bool:
        """False: not so; each has to be told for itself."""
        if not self._is_open(name, lane):
            return True
        try:
            said = sink.tell_together([self._telling(item) for item in group])
        except NotDelivered as failure:
            if failure.reach is Reach.NOTICE and not isinstance(failure, InDoubt):
                return False
            self._failed(name, lane, group, failure)
            return True
        for item, conversation in zip(group, said, strict=True):
            self._reached(item, name, conversation)
        return True

    def _is_open(self, name: str, lane: str) -> bool:
        return not self.closed & {(name, None), (name, lane)}

    def _failed(self, name: str, lane: str, group: Sequence[_Item], failure: NotDelivered) -> None:
        first = group[0].notice.id
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        self.failures.append(f"{name}: {first}{others}: {failure}")
        if failure.reach is Reach.SINK:
            self.closed.add((name, None))
        elif failure.reach is Reach.LANE:
            self.closed.add((name, lane))
        for item in group:
            self.blocked.add((name, item.notice.api))
            item.in_doubt |= isinstance(failure, InDoubt)

    def _settle(self, item: _Item) -> None:
        store = self.teller.store
        if item.claim.reached | item.reached >= set(self.teller.sinks):
            store.mark_told(item.notice, item.conversation, now=self.teller.clock.now())
            self.delivered += 1
            return
        if item.reached:
            store.mark_reached(item.notice, frozenset(item.reached), item.conversation)
        if not item.in_doubt:
            store.release(item.notice)

    def _telling(self, item: _Item) -> Telling:
        # What was said of the API since the notice was claimed is gone on with.
        return Telling(
            notice=item.notice,
            conversation=self.conversations.get(item.notice.api, item.conversation),
            again=item.claim.tries > 1,
        )

    def _reached(self, item: _Item, name: str, said: Conversation | None) -> None:
        item.reached.add(name)
        if said is not None:
            item.conversation = self.conversations[item.notice.api] = said
