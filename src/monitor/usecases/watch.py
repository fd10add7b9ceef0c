"""Gatewatch watches itself: what is wrong now, what of it is new or over, each said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from monitor.model.trouble import Announcement, Board, KnownTrouble, Trouble, TroubleKind
from monitor.ports import Announcer, CannotTell, Clock, Conflict, NotDelivered, TroubleStore


class Check(Protocol):
    @property
    def kind(self) -> TroubleKind: ...

    def troubles(self, now: datetime, watched_since: datetime) -> Iterable[Trouble]:
        """What is wrong now. Raises CannotTell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What one watch found. `counts`: troubles of each kind now. `not_told`: why the message did
    not go out, empty if it did or there was nothing to say."""

    counts: Mapping[TroubleKind, int]
    begun: tuple[KnownTrouble, ...] = ()
    over: tuple[KnownTrouble, ...] = ()
    not_told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """`stack`: named in the message."""

    stack: str
    checks: Sequence[Check]
    store: TroubleStore
    announcer: Announcer
    clock: Clock

    def watch(self, *, by: str = "") -> Watched:
        """`by`: the change that led here, as people say it; empty where the clock did."""
        now = self.clock.now()
        board = self.store.load()
        since = board.watched_since or now
        found, undecided = self._look(now, since)
        known = _merge(board.known, found, undecided, now)
        over = tuple(k for k in board.known if k.told and k.trouble.id not in _ids(known))
        begun = tuple(k for k in known if not k.told and _is_sure(k, now))
        counts = Counter(k.trouble.kind for k in known)
        if not begun and not over:
            self._save(Board(version=board.version + 1, watched_since=since, known=known), board)
            return Watched(counts=counts)
        told = tuple(replace(k, told=True) if k in begun else k for k in known)
        after = Board(version=board.version + 1, watched_since=since, known=told)
        # Taken before it is said: of two watches at once, one says it.
        if not self._save(after, board):
            return Watched(counts=counts)
        said = Announcement(stack=self.stack, begun=begun, over=over, by=by)
        try:
            self.announcer.announce(said)
        except NotDelivered as failure:
            self._save(replace(after, version=after.version + 1, known=(*known, *over)), after)
            return Watched(counts=counts, begun=begun, over=over, not_told=str(failure))
        return Watched(counts=counts, begun=begun, over=over)

    def _look(
        self, now: datetime, since: datetime
    ) -> tuple[dict[str, Trouble], frozenset[TroubleKind]]:
        found: dict[str, Trouble] = {}
        undecided: set[TroubleKind] = set()
        for check in self.checks:
            try:
                found |= {trouble.id: trouble for trouble in check.troubles(now, since)}
            except CannotTell as failure:
                undecided.add(check.kind)
                unknown = Trouble(
                    kind=TroubleKind.CANNOT_TELL, subject=check.kind.value, text=str(failure)
                )
                found[unknown.id] = unknown
        return found, frozenset(undecided)

    def _save(self, board: Board, before: Board) -> bool:
        if (board.known, board.watched_since) == (before.known, before.watched_since):
            return True
        try:
            self.store.save(board)
        except Conflict:
            return False
        return True


def _merge(
    before: Sequence[KnownTrouble],
    found: Mapping[str, Trouble],
    undecided: frozenset[TroubleKind],
    now: datetime,
) -> tuple[KnownTrouble, ...]:
    """What was known and is still there, or cannot be seen now, and what is new."""
    kept = [
        replace(k, trouble=found.get(k.trouble.id, k.trouble))
        for k in before
        if k.trouble.id in found or k.trouble.kind in undecided
    ]
    old = _ids(kept)
    new = [KnownTrouble(trouble=t, since=now) for id_, t in found.items() if id_ not in old]
    return (*kept, *new)


def _is_sure(known: KnownTrouble, now: datetime) -> bool:
    """One read that fails is nothing to speak of; the next watch will see."""
    return known.trouble.kind is not TroubleKind.CANNOT_TELL or known.since < now


def _ids(known: Iterable[KnownTrouble]) -> frozenset[str]:
    return frozenset(k.trouble.id for k in known)
