"""A journal in a folder, for the command line.

    plans/<plan>            what happens to a plan
    <api>/remedy            who holds the API

`<api>` is `apis/partition/account/region/id`, as in the folder's other files. One process at a time
holds the folder, so a lease that was left behind is that of a process that died.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from monitor.model.api import ApiId
from monitor.stores.files import BESIDE, api_path, file_name, read_file, write_file
from remediators.entry import ENTRY, Entry
from remediators.journal.memory import HOUR
from remediators.plan import GOING_ON
from remediators.ports import Conflict, Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    token: int
    plan_id: str | None


_HELD = TypeAdapter(_Held)
_SLOTS = TypeAdapter(list[datetime])


class FileJournal:
    """The folder must be held by this process (`monitor.stores.files.StateFolder`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, entry: Entry) -> None:
        if self.load(entry.plan.id) is not None:
            raise Conflict(f"there is a plan {entry.plan.id} already")
        write_file(self._path(entry.plan.id), ENTRY.dump_json(entry))

    def load(self, plan_id: str) -> Entry | None:
        document = read_file(self._path(plan_id))
        return ENTRY.validate_json(document) if document is not None else None

    def save(self, entry: Entry, lease: Lease | None = None) -> None:
        stored = self.load(entry.plan.id)
        if (stored.version if stored else 0) != entry.version - 1:
            raise Conflict(f"plan {entry.plan.id} was written meanwhile")
        if lease is not None:
            self._current(lease)
        write_file(self._path(entry.plan.id), ENTRY.dump_json(entry))

    def plans(self) -> Sequence[Entry]:
        """Every plan of the folder, the newest first. One that this version cannot read is left
        out."""
        found = []
        for path in (self._folder / "plans").glob("*"):
            document = read_file(path) if path.suffix != BESIDE else None
            with suppress(ValidationError):
                found += [ENTRY.validate_json(document)] if document is not None else []
        return sorted(found, key=lambda entry: entry.plan.made_at, reverse=True)

    def going_on(self) -> Sequence[str]:
        return [entry.plan.id for entry in self.plans() if entry.state in GOING_ON]

    def plans_of(self, api: ApiId) -> Sequence[Entry]:
        return [entry for entry in self.plans() if entry.api == api]

    def acquire(
        self,
        api: ApiId,
        plan_id: str,
        *,
        now: datetime,  # noqa: ARG002
        until: datetime,
    ) -> Lease | None:
        held = self._held(api)
        if held.plan_id not in (None, plan_id):
            return None
        self._write(api, _Held(token=held.token + 1, plan_id=plan_id))
        return Lease(api=api, plan_id=plan_id, token=held.token + 1, until=until)

    def renew(self, lease: Lease, *, until: datetime) -> Lease:
        self._current(lease)
        return Lease(api=lease.api, plan_id=lease.plan_id, token=lease.token, until=until)

    def release(self, lease: Lease) -> None:
        if self._held(lease.api).token == lease.token:
            self._write(lease.api, _Held(token=lease.token, plan_id=None))

    def pause(self, lease: Lease) -> None:
        """Nothing to do: whoever holds the folder may go on with the plan."""

    def holder(self, api: ApiId) -> str | None:
        return self._held(api).plan_id

    def take_slot(self, scope: str, *, limit: int, now: datetime) -> bool:
        path = self._folder / "slots" / file_name(scope)
        document = read_file(path)
        noted = _SLOTS.validate_json(document) if document is not None else []
        recent = [at for at in noted if at > now - HOUR]
        if len(recent) >= limit:
            return False
        write_file(path, _SLOTS.dump_json([*recent, now]))
        return True

    def _path(self, plan_id: str) -> Path:
        return self._folder / "plans" / file_name(plan_id)

    def _held(self, api: ApiId) -> _Held:
        document = read_file(api_path(self._folder, api) / "remedy")
        return _HELD.validate_json(document) if document else _Held(token=0, plan_id=None)

    def _write(self, api: ApiId, held: _Held) -> None:
        write_file(api_path(self._folder, api) / "remedy", _HELD.dump_json(held))

    def _current(self, lease: Lease) -> None:
        held = self._held(lease.api)
        if held.token != lease.token or held.plan_id != lease.plan_id:
            raise Conflict(f"plan {lease.plan_id} does not hold its API any more")
