"""Ask for a look at every API there is or was: those that AWS lists, and those that are known."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.api import ApiId
from monitor.model.change import Change
from monitor.model.look_request import LookRequest
from monitor.model.objects import EVERY_API, ObjectKind, ObjectRef
from monitor.model.place import Place
from monitor.ports import Clock, FindingStore, SnapshotSource, WorkQueue
from monitor.usecases.baseline import BaselineKeeper

MAX_NAMED_CHANGES = 5
"""Of those that led to a look at many APIs; each request carries them."""


class ListingFailed(RuntimeError):
    """The APIs of the account could not be listed whole. Those that were found are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut:
    source: SnapshotSource
    store: FindingStore
    queue: WorkQueue
    place: Place
    clock: Clock
    baseline: BaselineKeeper | None = None

    def every_api(self, *, anew: bool = False, changes: tuple[Change, ...] = ()) -> int:
        """How many were asked for. An API that is known and not listed is asked for too: the look
        itself finds out that it is gone, and closes it.

        Raises ListingFailed after all that could be found was asked for, and Conflict.
        """
        asked_at = self.clock.now()
        listing = self.source.list_apis()
        # What a listing tells of an API would be old when its turn comes.
        self.source.forget_surroundings()
        if self.baseline is not None and not listing.gaps:
            self.baseline.begin(listing.apis)
        known = self.store.apis_resting_on(EVERY_API, self.place)
        apis = tuple(dict.fromkeys((*listing.apis, *known)))
        self.queue.look_at(
            LookRequest(api=api, asked_at=asked_at, anew=anew, changes=_named(changes))
            for api in apis
        )
        if listing.gaps:
            raise ListingFailed(f"{listing.gaps[0].operation}: {listing.gaps[0].error_code}")
        return len(apis)

    def each_of(self, apis: tuple[ApiId, ...], changes: tuple[Change, ...]) -> None:
        asked_at = self.clock.now()
        self.queue.look_at(
            LookRequest(api=api, asked_at=asked_at, changes=_named(changes)) for api in apis
        )

    def behind(self, ref: ObjectRef) -> tuple[ApiId, ...]:
        """The APIs that rest on an object. Of a custom domain also those to which it leads now, for
        nobody may have looked at them yet."""
        found = list(self.store.apis_resting_on(ref, self.place))
        if ref.kind is ObjectKind.DOMAIN and ref.id:
            found += self.source.apis_behind(ref.id)
        return tuple(dict.fromkeys(found))


def _named(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The last ones, those that act at once first of all."""
    ranked = sorted(enumerate(changes), key=lambda one: (one[1].can_widen, one[0]))
    return tuple(change for _, change in ranked[-MAX_NAMED_CHANGES:])
