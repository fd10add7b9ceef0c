"""Stores that are gone with the process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from monitor.model.api import ApiId
from monitor.model.burst import Burst
from monitor.model.change import RefusedCall
from monitor.model.kept_export import KeptExport
from monitor.model.notice import Conversation, Notice, Waiting
from monitor.model.objects import ObjectRef, covers
from monitor.model.place import Place
from monitor.model.record import ApiRecord, Links
from monitor.ports import Claim, Conflict
from monitor.stores.documents import seal_export, unseal_export
from monitor.stores.outbox import in_order


class MemoryStore:
    """The port `FindingStore` in dictionaries. Safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._records: dict[ApiId, ApiRecord] = {}
        self._untold: dict[str, Notice] = {}
        self._claims: dict[str, datetime] = {}
        self._tries: dict[str, Claim] = {}
        self._conversations: dict[ApiId, Conversation] = {}
        self._links: dict[ObjectRef, set[ApiId]] = {}

    def load(self, api: ApiId) -> ApiRecord:
        with self._lock:
            return self._records.get(api) or ApiRecord(api=api)

    def commit(self, record: ApiRecord, notice: Notice | None, links: Links | None = None) -> None:
        with self._lock:
            stored = self._records.get(record.api)
            if (stored.version if stored else 0) != record.version - 1:
                raise Conflict(record.api.api_id)
            self._records[record.api] = record
            if notice is not None:
                self._untold[notice.id] = notice
            for ref in links.removed if links else ():
                self._links.get(ref, set()).discard(record.api)
            for ref in links.added if links else ():
                self._links.setdefault(ref, set()).add(record.api)

    def apis_resting_on(self, ref: ObjectRef, place: Place) -> Sequence[ApiId]:
        with self._lock:
            found = {api for held, apis in self._links.items() if covers(ref, held) for api in apis}
        here = (place.account_id, place.region)
        return sorted(
            (api for api in found if (api.account_id, api.region) == here),
            key=lambda api: api.api_id,
        )

    def records(self) -> Iterator[ApiRecord]:
        with self._lock:
            yield from tuple(self._records.values())

    def waiting(self, *, limit: int) -> Sequence[Waiting]:
        with self._lock:
            oldest = sorted(self._untold.values(), key=lambda notice: notice.made_at)[:limit]
        return in_order((one.api, one.severity, one.made_at) for one in oldest)

    def untold_of(self, api: ApiId) -> Sequence[Notice]:
        with self._lock:
            mine = [notice for notice in self._untold.values() if notice.api == api]
        return sorted(mine, key=lambda notice: notice.sequence)

    def claim(self, notice: Notice, *, now: datetime, until: datetime) -> Claim | None:
        with self._lock:
            held = self._claims.get(notice.id)
            if notice.id not in self._untold or (held is not None and held > now):
                return None
            self._claims[notice.id] = until
            before = self._tries.get(notice.id, Claim(tries=0))
            self._tries[notice.id] = replace(before, tries=before.tries + 1)
            return self._tries[notice.id]

    def release(self, notice: Notice) -> None:
        with self._lock:
            self._claims.pop(notice.id, None)
            if tried := self._tries.get(notice.id):
                self._tries[notice.id] = replace(tried, tries=0)

    def mark_reached(
        self, notice: Notice, sinks: frozenset[str], conversation: Conversation | None
    ) -> None:
        with self._lock:
            tried = self._tries.get(notice.id, Claim())
            self._tries[notice.id] = replace(tried, reached=tried.reached | sinks)
            if conversation is not None:
                self._conversations[notice.api] = conversation

    def conversation(self, api: ApiId) -> Conversation | None:
        with self._lock:
            return self._conversations.get(api)

    def mark_told(
        self,
        notice: Notice,
        conversation: Conversation | None,
        *,
        now: datetime,  # noqa: ARG002
    ) -> None:
        with self._lock:
            for marks in (self._untold, self._claims, self._tries):
                marks.pop(notice.id, None)
            if conversation is not None:
                self._conversations[notice.api] = conversation


class NoStore(MemoryStore):
    """The port `FindingStore` where nothing is kept, as long as each API is looked at once."""

    def commit(self, record: ApiRecord, notice: Notice | None, links: Links | None = None) -> None:
        """Drop it."""


class MemoryExports:
    """The port `ExportCache` for as long as the process lives; packed, as the lasting ones are."""

    def __init__(self) -> None:
        self._sealed: dict[tuple[ApiId, str], bytes] = {}

    def get(self, api: ApiId, deployment_id: str) -> KeptExport | None:
        sealed = self._sealed.get((api, deployment_id))
        return unseal_export(sealed) if sealed is not None else None

    def put(self, api: ApiId, deployment_id: str, kept: KeptExport) -> None:
        self._sealed[api, deployment_id] = seal_export(kept)


class MemoryChangeBook:
    """The port `ChangeBook` for as long as the process lives."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._bursts: dict[ApiId, Burst] = {}
        self._seen: set[str] = set()
        self._refused: dict[ApiId, dict[str, RefusedCall]] = {}

    def burst(self, subject: ApiId) -> Burst | None:
        with self._lock:
            return self._bursts.get(subject)

    def put_burst(self, burst: Burst) -> None:
        with self._lock:
            stored = self._bursts.get(burst.subject)
            if (stored.version if stored else 0) != burst.version - 1:
                raise Conflict(burst.subject.api_id)
            self._bursts[burst.subject] = burst

    def clear_burst(self, burst: Burst) -> None:
        with self._lock:
            stored = self._bursts.get(burst.subject)
            if stored is None or stored.version != burst.version:
                raise Conflict(burst.subject.api_id)
            del self._bursts[burst.subject]

    def seen(self, event_ids: Iterable[str]) -> frozenset[str]:
        return frozenset(event_ids) & self._seen

    def mark_seen(self, event_ids: Iterable[str], *, now: datetime) -> None:  # noqa: ARG002
        self._seen.update(event_ids)

    def refused_calls(self, api: ApiId, *, since: datetime) -> Sequence[RefusedCall]:
        found = self._refused.get(api, {}).values()
        return sorted((one for one in found if one.at >= since), key=lambda one: one.at)

    def note_refused(self, api: ApiId, call: RefusedCall) -> None:
        self._refused.setdefault(api, {})[call.event_id] = call
