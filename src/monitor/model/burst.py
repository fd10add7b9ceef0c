"""What was changed lately about one thing and is still to be looked at (again).

Deployment tools make dozens of calls to change one API. Its burst gathers their events: it is over
`quiet` after the last of them, at most `longest` after the first, and then the API is looked at. An
event that may let somebody in is looked at at once, and again when the burst is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model.api import ApiId
from monitor.model.change import Change
from monitor.model.objects import ObjectKind, ObjectRef

MAX_CHANGES = 50
"""Kept of one burst: more than a conversation can name, and bounded whatever a tool does."""

CLOCKS_DIFFER, NOT_AT_ALL = timedelta(seconds=5), timedelta(0)

_MANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """`between`: how long one look at once serves the events that follow it."""

    quiet: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(seconds=120)
    between: timedelta = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Of one API, or of all behind one object (`of_many`). Times are aware, UTC, of arrival here.

    `urgent_at`: when the last event that may widen access arrived, None if it was looked at since.
    `looked_at`: when the last look at once began. `retry_at`: a look failed and is put off until
    then; `failures` counts. `timer_at`: when the next message about it comes out of the queue.
    `version` fences writers, as a record's does.
    """

    subject: ApiId
    first_at: datetime
    last_at: datetime
    version: int = 0
    urgent_at: datetime | None = None
    looked_at: datetime | None = None
    retry_at: datetime | None = None
    failures: int = 0
    timer_at: datetime | None = None
    changes: tuple[Change, ...] = ()

    def over_at(self, timing: Timing) -> datetime:
        return min(self.last_at + timing.quiet, self.first_at + timing.longest)

    def due_at(self, timing: Timing) -> datetime:
        """When the next look is due."""
        due = self.over_at(timing)
        if self.urgent_at is not None:
            served_until = self.looked_at + timing.between if self.looked_at else self.urgent_at
            due = min(due, max(self.urgent_at, served_until))
        return max(due, self.retry_at) if self.retry_at else due

    def needs_timer(self, timing: Timing, *, now: datetime, woken: bool = False) -> bool:
        """Whether no message on its way will say the subject's name in time. `woken`: one has just
        come, and it may be the one that `timer_at` speaks of, by a clock that is not quite ours."""
        if self.timer_at is None or self.timer_at <= now + (CLOCKS_DIFFER if woken else NOT_AT_ALL):
            return True
        return self.due_at(timing) < self.timer_at


def noted(
    burst: Burst | None, subject: ApiId, changes: tuple[Change, ...], *, now: datetime
) -> Burst:
    """The burst with these changes in it. What it knows already prolongs nothing."""
    known = {change.event_id for change in burst.changes} if burst else set()
    fresh = tuple(
        change for change in changes if not change.event_id or change.event_id not in known
    )
    if burst is None:
        burst = Burst(subject=subject, first_at=now, last_at=now)
    elif not fresh:
        return burst
    is_urgent = any(change.can_widen for change in fresh)
    return replace(
        burst,
        last_at=max(now, burst.last_at),
        urgent_at=now if is_urgent else burst.urgent_at,
        changes=_kept((*burst.changes, *fresh)),
    )


def looked(burst: Burst, *, at: datetime) -> Burst:
    """After a look at once that began at this time."""
    served = burst.urgent_at is not None and burst.urgent_at <= at
    return replace(
        burst,
        looked_at=at,
        urgent_at=None if served else burst.urgent_at,
        retry_at=None,
        failures=0,
    )


def put_off(burst: Burst, *, now: datetime) -> Burst:
    """After a look that failed: half a minute, then twice as long each time."""
    wait = timedelta(seconds=min(30 * 2**burst.failures, 600))
    return replace(burst, retry_at=now + wait, failures=burst.failures + 1)


def _kept(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The last ones, but never an edit in place of what acts at once."""
    if len(changes) <= MAX_CHANGES:
        return changes
    ranked = sorted(range(len(changes)), key=lambda place: (changes[place].can_widen, place))
    kept = set(ranked[-MAX_CHANGES:])
    return tuple(change for place, change in enumerate(changes) if place in kept)


def subject_of(ref: ObjectRef, place: ApiId) -> ApiId:
    """What stands for all APIs behind an object, in the account and region of `place`."""
    return replace(place, api_id=f"{_MANY}{ref.key}", family=None)


def of_many(subject: ApiId) -> ObjectRef | None:
    """The object whose APIs a burst is about; None for one API."""
    if not subject.api_id.startswith(_MANY):
        return None
    kind, _, id_ = subject.api_id.removeprefix(_MANY).partition("/")
    return ObjectRef(kind=ObjectKind(kind), id=id_)
