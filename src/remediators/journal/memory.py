"""A journal that is gone with the process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from monitor.model.api import ApiId
from remediators.entry import ENTRY, Entry
from remediators.plan import GOING_ON
from remediators.ports import Conflict, Lease

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Who has an API. `plan_id` None: nobody; the token goes on growing."""

    token: int
    plan_id: str | None
    until: datetime | None


class MemoryJournal:
    """Safe between threads. Entries are kept as JSON, as the lasting journals keep them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: dict[str, bytes] = {}
        self._held: dict[ApiId, Held] = {}
        self._slots: dict[str, list[datetime]] = {}

    def create(self, entry: Entry) -> None:
        with self._lock:
            if entry.plan.id in self._entries:
                raise Conflict(f"there is a plan {entry.plan.id} already")
            self._entries[entry.plan.id] = ENTRY.dump_json(entry)

    def load(self, plan_id: str) -> Entry | None:
        with self._lock:
            stored = self._entries.get(plan_id)
        return ENTRY.validate_json(stored) if stored is not None else None

    def save(self, entry: Entry, lease: Lease | None = None) -> None:
        with self._lock:
            stored = self._entries.get(entry.plan.id)
            version = ENTRY.validate_json(stored).version if stored is not None else 0
            if version != entry.version - 1:
                raise Conflict(f"plan {entry.plan.id} was written meanwhile")
            if lease is not None:
                self._current(lease)
            self._entries[entry.plan.id] = ENTRY.dump_json(entry)

    def going_on(self) -> Sequence[str]:
        with self._lock:
            entries = [ENTRY.validate_json(one) for one in self._entries.values()]
        return [entry.plan.id for entry in entries if entry.state in GOING_ON]

    def plans_of(self, api: ApiId) -> Sequence[Entry]:
        with self._lock:
            entries = [ENTRY.validate_json(one) for one in self._entries.values()]
        mine = [entry for entry in entries if entry.api == api]
        return sorted(mine, key=lambda entry: entry.plan.made_at, reverse=True)

    def acquire(self, api: ApiId, plan_id: str, *, now: datetime, until: datetime) -> Lease | None:
        with self._lock:
            held = self._held.get(api) or Held(token=0, plan_id=None, until=None)
            if not may_take(held, plan_id, now):
                return None
            self._held[api] = Held(token=held.token + 1, plan_id=plan_id, until=until)
            return Lease(api=api, plan_id=plan_id, token=held.token + 1, until=until)

    def renew(self, lease: Lease, *, until: datetime) -> Lease:
        with self._lock:
            self._held[lease.api] = replace(self._current(lease), until=until)
        return replace(lease, until=until)

    def release(self, lease: Lease) -> None:
        self._set(lease, plan_id=None)

    def pause(self, lease: Lease) -> None:
        self._set(lease, plan_id=lease.plan_id)

    def holder(self, api: ApiId) -> str | None:
        held = self._held.get(api)
        return held.plan_id if held is not None else None

    def take_slot(self, scope: str, *, limit: int, now: datetime) -> bool:
        with self._lock:
            recent = [at for at in self._slots.get(scope, ()) if at > now - HOUR]
            if len(recent) >= limit:
                return False
            self._slots[scope] = [*recent, now]
            return True

    def _set(self, lease: Lease, *, plan_id: str | None) -> None:
        with self._lock:
            held = self._held.get(lease.api)
            if held is not None and held.token == lease.token:
                self._held[lease.api] = Held(token=held.token, plan_id=plan_id, until=None)

    def _current(self, lease: Lease) -> Held:
        """Raises Conflict. Called with the lock held."""
        held = self._held.get(lease.api)
        if held is None or held.token != lease.token or held.plan_id != lease.plan_id:
            raise Conflict(f"plan {lease.plan_id} does not hold its API any more")
        return held


def may_take(held: Held, plan_id: str, now: datetime) -> bool:
    """An API that nobody holds, or one of this very plan that nobody is at work with."""
    if held.plan_id is None:
        return True
    return held.plan_id == plan_id and (held.until is None or held.until <= now)
