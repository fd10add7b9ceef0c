"""Requests for looks, from a scan or from a change that concerns many APIs -> looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from monitor.events.requests import MalformedMessage, parse_message
from monitor.model.api import ApiId
from monitor.model.look_request import LookRequest
from monitor.ports import ChangeBook, DeadLetters, WorkQueue
from monitor.usecases.look import Looked, Looker
from monitor.usecases.react import Unsettled, check_settled

MAX_ATTEMPTS = 6
"""Looks of one request that could not read everything: some half an hour in all."""


@dataclass(slots=True)
class ScanWork:
    """The messages that one invocation of a scan's worker was given. `missed`: looks that found
    changes of which no event told."""

    looker: Looker
    queue: WorkQueue
    book: ChangeBook
    dead_letters: DeadLetters
    counts: Counter[str] = field(default_factory=Counter)
    looked: dict[ApiId, Looked] = field(default_factory=dict)
    missed: list[Looked] = field(default_factory=list)

    def prepare(self, bodies: Iterable[str]) -> None:
        """A change that led to these looks may be one of the doors that many APIs share."""
        if any('"event_name"' in body for body in bodies):
            self.looker.source.forget_surroundings()

    def take(self, body: str) -> None:
        """Do what one message asks for. Raises whatever a look raises: the message comes again."""
        try:
            request = parse_message(body)
        except MalformedMessage as problem:
            self._bury(body, str(problem))
            return
        if not isinstance(request, LookRequest):
            self._bury(body, "not a request to look at an API")
            return
        if self._is_answered(request):
            self.counts["AlreadyLooked"] += 1
        else:
            self._look(request)
        if self.looker.baseline is not None and self.looker.baseline.end_if_complete():
            self.counts["BaselinesTold"] += 1

    def _bury(self, body: str, reason: str) -> None:
        self.counts["Malformed"] += 1
        self.dead_letters.bury(body, reason)

    def _is_answered(self, request: LookRequest) -> bool:
        """Looked at since: by an earlier try of this message, or for an event."""
        if request.anew or request.changes or request.attempt:
            return False
        read_at = self.looker.store.load(request.api).read_at
        return read_at is not None and read_at >= request.asked_at

    def _look(self, request: LookRequest) -> None:
        self.counts["Looks"] += 1
        found = self.looker.look_at(request.api, request.changes, anew=request.anew)
        self.looked[request.api] = found
        if self._was_missed(found, request):
            self.counts["ChangesMissedByEvents"] += 1
            self.missed.append(found)
        try:
            check_settled(found)
        except Unsettled:
            self._again(request)

    def _was_missed(self, found: Looked, request: LookRequest) -> bool:
        """A change that no event told of, and none is on its way to its look."""
        if request.changes or found.is_late or not found.changed:
            return False
        return self.book.burst(request.api) is None

    def _again(self, request: LookRequest) -> None:
        if request.attempt >= MAX_ATTEMPTS:
            # Its findings say `unknown`, and the next scan asks again.
            self.counts["LooksGivenUp"] += 1
            return
        self.counts["LooksPutOff"] += 1
        wait = timedelta(seconds=min(30 * 2**request.attempt, 900))
        self.queue.look_at([replace(request, attempt=request.attempt + 1)], delay=wait)
