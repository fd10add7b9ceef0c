"""Messages from the events queue -> looks, coalesced: what one burst says of one API makes at most
a look at once and one when the burst is over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.events.requests import MalformedMessage, Wake, parse_message
from monitor.model.api import ApiId
from monitor.model.burst import Burst, Timing, looked, noted, of_many, put_off, subject_of
from monitor.model.change import Change, Ignored, LookAt, RefusedCall
from monitor.model.look_request import LookRequest
from monitor.model.objects import EVERY_API, ObjectRef
from monitor.model.place import Place
from monitor.ports import ChangeBook, Conflict, DeadLetters, Timers
from monitor.usecases.fan_out import FanOut
from monitor.usecases.look import Looked, Looker

__all__ = ["Batch", "Place", "Reactor", "Unsettled"]

NEAR = 10
"""So many APIs behind one object are looked at by the function that takes events; more are left to
the workers of scans, so that they hold up nobody else's change."""
ATTEMPTS = 20
"""Writers of one burst that may win in a row."""
MAX_FAILURES = 6
"""Looks that fail one after another, some ten minutes in all, before the message itself fails."""
REFUSED_WITHIN = timedelta(hours=1)


class Unsettled(RuntimeError):
    """A read failed in a way that is likely to pass. What is unknown was stored and will be told;
    another look follows, so that it can be settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactor:
    """What the batches of one process share. `watches_refusals`: calls that AWS denied are noted
    for the rule `repeated-denied-changes`."""

    looker: Looker
    fan_out: FanOut
    book: ChangeBook
    timers: Timers
    dead_letters: DeadLetters
    place: Place
    timing: Timing = field(default_factory=Timing)
    watches_refusals: bool = False


@dataclass(slots=True)
class Batch:
    """The messages that one invocation was given.

    Built from all bodies first, so that `take` can deal with each API once, with every change of
    the batch in hand, and answer the repeats from memory; `finish` comes last. `counts` is for
    metrics, `noteworthy` for the log.
    """

    reactor: Reactor
    counts: Counter[str] = field(default_factory=Counter)
    looked: dict[ApiId, Looked] = field(default_factory=dict)
    noteworthy: list[Change] = field(default_factory=list)
    seen: dict[str, datetime] = field(default_factory=dict)
    """Region -> the time of its latest event in this batch."""
    _failures: dict[ApiId, Exception] = field(default_factory=dict)
    _changes: dict[ApiId, list[Change]] = field(default_factory=lambda: defaultdict(list))
    _behind: dict[ObjectRef, tuple[ApiId, ...]] = field(default_factory=dict)
    _settled: set[ApiId] = field(default_factory=set)
    _known: frozenset[str] = frozenset()
    _done: set[str] = field(default_factory=set)

    def prepare(self, bodies: Iterable[str]) -> None:
        """Note which changes of the batch concern which API. Malformed ones are left to `take`."""
        changes: dict[str, Change] = {}
        for body in bodies:
            try:
                message = parse_message(body)
            except MalformedMessage:
                continue
            if not isinstance(message, Change):
                continue
            self._note_seen(message)
            if message.ignored is None:
                changes[message.event_id or body] = message
        self._known = self.reactor.book.seen(c.event_id for c in changes.values() if c.event_id)
        fresh = [change for change in changes.values() if change.event_id not in self._known]
        # Before the first look of the batch, so that no look sees doors that were shut since.
        if any(change.look_at is not LookAt.API or change.objects for change in fresh):
            self.reactor.looker.source.forget_surroundings()
        for change in fresh:
            for subject in self._subjects(change):
                self._changes[subject].append(change)

    def _note_seen(self, change: Change) -> None:
        if change.event_time is not None and change.region:
            known = self.seen.get(change.region, change.event_time)
            self.seen[change.region] = max(known, change.event_time)

    def take(self, body: str) -> None:
        """Do what one message asks for. Raises whatever that raises: the message comes again."""
        try:
            message = parse_message(body)
        except MalformedMessage as problem:
            self._bury(body, str(problem))
            return
        if isinstance(message, Wake):
            self.counts["Wakes"] += 1
            self._advance(message.subject, woken=True)
        elif isinstance(message, LookRequest):
            self.reactor.fan_out.queue.look_at([message])
        elif message.ignored is Ignored.MALFORMED:
            self._bury(body, message.problem)
        else:
            self._take_change(message)

    def finish(self) -> None:
        """Remember which events were dealt with, so that their duplicates cost nothing."""
        if self._done:
            self.reactor.book.mark_seen(self._done, now=self.reactor.looker.clock.now())

    def _bury(self, body: str, reason: str) -> None:
        self.counts["Malformed"] += 1
        self.reactor.dead_letters.bury(body, reason)

    def _take_change(self, change: Change) -> None:
        self.counts["Events"] += 1
        if change.reads_credentials:
            self.counts["CredentialReads"] += 1
            self.noteworthy.append(change)
        if change.ignored is not None:
            self.counts[f"Ignored{_pascal(change.ignored)}"] += 1
            if change.refused and self.reactor.watches_refusals:
                self._note_refused(change)
            return
        if change.event_id in self._known:
            self.counts["Duplicates"] += 1
            return
        if not change.is_known_name:
            self.counts["UnknownEventNames"] += 1
        if change.look_at is LookAt.MONITOR:
            self.counts["MonitorChanges"] += 1
            self.noteworthy.append(change)
        for subject in self._subjects(change):
            self._note(subject)
        if change.event_id:
            self._done.add(change.event_id)

    def _note(self, subject: ApiId) -> None:
        if subject in self._failures:
            raise self._failures[subject]
        if subject in self._settled:
            self.counts["Coalesced"] += 1
            return
        try:
            self._advance(subject, tuple(self._changes.get(subject, ())))
        except Exception as failure:
            # Whatever it was, the other messages about this API need not try in vain as well.
            self._failures[subject] = failure
            raise
        self._settled.add(subject)

    def _advance(
        self, subject: ApiId, changes: tuple[Change, ...] = (), *, woken: bool = False
    ) -> None:
        """Note the changes in the subject's burst and look if a look is due; end with the burst
        cleared, or with a timer on its way that will say its name again.

        Whatever dies on the way left the message in the queue, and a repeat changes nothing.
        """
        reactor, timing = self.reactor, self.reactor.timing
        for _ in range(ATTEMPTS):
            stored = reactor.book.burst(subject)
            now = reactor.looker.clock.now()
            burst = noted(stored, subject, changes, now=now) if changes else stored
            if burst is None:
                return
            try:
                if burst.due_at(timing) > now:
                    if burst != stored or burst.needs_timer(timing, now=now, woken=woken):
                        self._put(self._with_timer(burst, now, woken=woken))
                    return
                # Written down before the look, so that whoever looks next knows of them as well.
                self._look_for(self._put(burst) if burst != stored else burst, now)
            except Conflict:
                continue
            return
        raise Conflict(f"{subject.api_id}: {ATTEMPTS} writes in a row met a newer version")

    def _look_for(self, burst: Burst, now: datetime) -> None:
        """Look, and write down that it was done."""
        try:
            self._look(burst)
        except Exception:
            if burst.failures >= MAX_FAILURES:
                raise
            self.counts["LooksPutOff"] += 1
            self._put(self._with_timer(put_off(burst, now=now), now))
            return
        if burst.over_at(self.reactor.timing) <= now:
            self.reactor.book.clear_burst(burst)
        else:
            self._put(self._with_timer(looked(burst, at=now), now))

    def _with_timer(self, burst: Burst, now: datetime, *, woken: bool = False) -> Burst:
        """The burst with a timer for its next look: sent first, for a timer that nobody waits for
        does no harm, and a burst without one would never end."""
        if not burst.needs_timer(self.reactor.timing, now=now, woken=woken):
            return burst
        wait = max(burst.due_at(self.reactor.timing) - now, timedelta(seconds=1))
        self.reactor.timers.wake(burst.subject, after=wait)
        self.counts["Timers"] += 1
        return replace(burst, timer_at=now + wait)

    def _put(self, burst: Burst) -> Burst:
        stored = replace(burst, version=burst.version + 1)
        self.reactor.book.put_burst(stored)
        return stored

    def _look(self, burst: Burst) -> None:
        many = of_many(burst.subject)
        if any(change.objects or change.look_at is not LookAt.API for change in burst.changes):
            self.reactor.looker.source.forget_surroundings()
        if many == EVERY_API:
            self.counts["FannedOut"] += self.reactor.fan_out.every_api(changes=burst.changes)
        elif many is not None:
            apis = self.reactor.fan_out.behind(many)
            self.reactor.fan_out.each_of(apis, burst.changes)
            self.counts["FannedOut"] += len(apis)
        else:
            self.counts["Looks"] += 1
            found = self.reactor.looker.look_at(burst.subject, burst.changes)
            self.looked[burst.subject] = found
            check_settled(found)

    def _note_refused(self, change: Change) -> None:
        if change.event_time is None or not change.event_id:
            return
        call = RefusedCall(
            who=change.actor.name,
            event_name=change.event_name,
            event_id=change.event_id,
            at=change.event_time,
            source_ip=change.actor.source_ip,
        )
        for api_id in change.api_ids[:NEAR]:
            api = self.reactor.place.api(api_id, change.api_type)
            self.reactor.book.note_refused(api, call)
            self._changes[api].append(change)
            self._note(api)

    def _subjects(self, change: Change) -> tuple[ApiId, ...]:
        """What the change makes Gatewatch look at: APIs, or what stands for many of them.

        The resource's owner counts, which is who runs us, not who called; both rules and reads are
        regional.
        """
        if change.ignored is not None:
            return ()
        place = self.reactor.place
        named = {place.api(api_id, change.api_type): None for api_id in change.api_ids}
        if change.look_at is LookAt.ACCOUNT:
            named[subject_of(EVERY_API, place.api(""))] = None
        for ref in change.objects:
            if ref not in self._behind:
                self._behind[ref] = self.reactor.fan_out.behind(ref)
            behind = self._behind[ref]
            if len(behind) > NEAR:
                named[subject_of(ref, place.api(""))] = None
            else:
                named |= dict.fromkeys(behind)
        return tuple(named)


def check_settled(found: Looked) -> None:
    """Raises Unsettled."""
    gaps = found.evaluation.snapshot.gaps if found.evaluation else ()
    passing = [f"{gap.operation} answered {gap.error_code}" for gap in gaps if gap.may_pass]
    if passing:
        raise Unsettled(f"{found.api.api_id}: {', '.join(passing)}")


def _pascal(text: str) -> str:
    return "".join(part.capitalize() for part in text.split("-"))
