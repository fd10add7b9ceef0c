"""Messages from the queue -> looks. What one batch says of one API makes one look."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from monitor.events.requests import MalformedMessage, parse_message
from monitor.model.api import ApiId
from monitor.model.change import Change, Ignored, LookAt
from monitor.ports import Listing, WorkQueue
from monitor.usecases.look import Looked, Looker


class ListingFailed(RuntimeError):
    """The APIs of the account could not be listed; the message has to come again."""


class Unsettled(RuntimeError):
    """A read failed in a way that is likely to pass. What is unknown was stored and will be told;
    the message comes again, so that the next look can settle it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this deployment stands: what an event's `account_id` and `region` must be."""

    account_id: str
    region: str
    partition: str


@dataclass(slots=True)
class Batch:
    """The messages that one invocation was given.

    Built from all bodies first, so that `take` can look once at each API with every change of the
    batch in hand, and answer the repeats from memory. `counts` is for metrics.
    """

    looker: Looker
    queue: WorkQueue
    place: Place
    counts: Counter[str] = field(default_factory=Counter)
    looked: dict[ApiId, Looked] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)
    """Region -> the time of its latest event in this batch."""
    _failures: dict[ApiId, Exception] = field(default_factory=dict)
    _changes: dict[ApiId, list[Change]] = field(default_factory=lambda: defaultdict(list))
    _fanned_out: bool = False

    def prepare(self, bodies: Iterable[str]) -> None:
        """Note which changes of the batch concern which API. Malformed ones are left to `take`."""
        shared_changed = False
        for body in bodies:
            try:
                message = parse_message(body)
            except MalformedMessage:
                continue
            if isinstance(message, Change):
                self._note_seen(message)
                shared_changed |= message.look_at in (LookAt.ACCOUNT, LookAt.BEHIND)
                for api in self._apis(message):
                    self._changes[api].append(message)
        # Before the first look of the batch, so that no look sees doors that were shut since.
        if shared_changed:
            self.looker.source.forget_surroundings()

    def _note_seen(self, change: Change) -> None:
        if change.event_time is not None and change.region:
            known = self.seen.get(change.region, change.event_time)
            self.seen[change.region] = max(known, change.event_time)

    def take(self, body: str) -> None:
        """Do what one message asks for.

        Raises MalformedMessage, and whatever a look raises: then the message comes again.
        """
        message = parse_message(body)
        if isinstance(message, ApiId):
            self.counts["RequestedLooks"] += 1
            self._look(message)
            return
        if message.ignored is Ignored.MALFORMED:
            raise MalformedMessage(message.problem)
        self._take_change(message)

    def _take_change(self, change: Change) -> None:
        self.counts["Events"] += 1
        if change.ignored is not None:
            self.counts[f"Ignored{_pascal(change.ignored)}"] += 1
            return
        if not change.is_known_name:
            self.counts["UnknownEventNames"] += 1
        for api in self._apis(change):
            self._look(api)
        if change.look_at is LookAt.ACCOUNT:
            self._fan_out()
        elif change.look_at is LookAt.BEHIND:
            self.counts["ChangesBehindAnObject"] += 1
            self._look_behind(change)

    def _look_behind(self, change: Change) -> None:
        """A custom domain shows which APIs it leads to. Plans and keys decide who holds a key, and
        no rule speaks of that yet."""
        for api in self.looker.source.apis_behind(change.object or ""):
            self._changes[api].append(change)
            self._look(api)

    def _look(self, api: ApiId) -> None:
        if api in self._failures:
            raise self._failures[api]
        if api in self.looked:
            self.counts["Coalesced"] += 1
            return
        self.counts["Looks"] += 1
        try:
            self.looked[api] = self.looker.look_at(api, self._changes.get(api, ()))
            _settled(self.looked[api])
        except Exception as failure:
            # Whatever it was, the other messages about this API need not try in vain as well.
            self._failures[api] = failure
            raise

    def _fan_out(self) -> None:
        """An event that names no API: ask for all of them, once a batch, one message each."""
        if self._fanned_out:
            return
        listing: Listing = self.looker.source.list_apis()
        if listing.gaps:
            raise ListingFailed(f"{listing.gaps[0].operation}: {listing.gaps[0].error_code}")
        self.queue.look_at(listing.apis)
        self._fanned_out = True
        self.counts["FannedOut"] += len(listing.apis)

    def _apis(self, change: Change) -> tuple[ApiId, ...]:
        # The resource's owner counts, which is who runs us, not who called; both rules and reads
        # are regional.
        if change.ignored is not None or change.look_at is not LookAt.API:
            return ()
        return tuple(
            ApiId(
                account_id=self.place.account_id,
                region=self.place.region,
                api_id=api_id,
                partition=self.place.partition,
                family=change.api_type,
            )
            for api_id in change.api_ids
        )


def _settled(looked: Looked) -> None:
    gaps = looked.evaluation.snapshot.gaps if looked.evaluation else ()
    passing = [f"{gap.operation} answered {gap.error_code}" for gap in gaps if gap.may_pass]
    if passing:
        raise Unsettled(f"{looked.api.api_id}: {', '.join(passing)}")


def _pascal(text: str) -> str:
    return "".join(part.capitalize() for part in text.split("-"))
