"""A folder as a store: what a command line keeps from one run to the next.

    <api>/record                  the findings of the API; its version fences writers
    <api>/notices/<sequence>      a notice that is still to be told
    <api>/claims/<sequence>       who has heard of a notice already, and how often it was tried
    <api>/conversation            where the API's incident is told
    <api>/exports/<deployment>    what is kept of a deployment's export, packed behind its hash

`<api>` is `apis/partition/account/region/id`. A file is written beside its place and then moved
there, so that a process that is killed leaves the old file or the new one, never a half. One
process at a time holds the folder.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from monitor.model.api import ApiId
from monitor.model.kept_export import KeptExport
from monitor.model.notice import Conversation, Notice, Waiting
from monitor.model.objects import ObjectRef, covers
from monitor.model.place import Place
from monitor.model.record import ApiRecord, Links
from monitor.ports import Claim, Conflict, Unreadable
from monitor.stores.documents import (
    CLAIM,
    CONVERSATION,
    NOTICE,
    RECORD,
    seal_export,
    unseal_export,
)
from monitor.stores.outbox import in_order
from monitor.stores.versions import NewerSchema, Stored

T = TypeVar("T")

BESIDE = ".new"


class StateHeld(Exception):
    """Another process works in the folder."""


class StateFolder:
    """A folder held by this process until it ends or calls `close`.

    Raises StateHeld, and OSError if the folder cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path
        # The kernel lets go of the lock when the process dies, however it dies.
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise StateHeld(str(path)) from error

    def close(self) -> None:
        os.close(self._lock)


class FileExports:
    """The port `ExportCache` in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, api: ApiId, deployment_id: str) -> KeptExport | None:
        sealed = read_file(self._path(api, deployment_id))
        return unseal_export(sealed) if sealed is not None else None

    def put(self, api: ApiId, deployment_id: str, kept: KeptExport) -> None:
        write_file(self._path(api, deployment_id), seal_export(kept))

    def _path(self, api: ApiId, deployment_id: str) -> Path:
        return api_path(self._folder, api) / "exports" / file_name(deployment_id)


class FileStore:
    """The port `FindingStore` in a folder. Safe between threads; claims live in this process, which
    is the only one that holds the folder. Without `outbox` it drops notices: where nobody tells
    them, they would only pile up."""

    def __init__(self, folder: Path, *, outbox: bool = True) -> None:
        self._folder = folder
        self._outbox = outbox
        self._lock = Lock()
        self._claims: dict[str, datetime] = {}

    def load(self, api: ApiId) -> ApiRecord:
        document = read_file(self._path(api) / "record")
        if document is not None:
            # A damaged one is as good as none: what it held is found again, only its age is lost.
            with suppress(ValidationError, json.JSONDecodeError):
                return _whole(RECORD, document)
        return ApiRecord(api=api)

    def commit(
        self,
        record: ApiRecord,
        notice: Notice | None,
        links: Links | None = None,  # noqa: ARG002 - the record itself names what it rests on
    ) -> None:
        with self._lock:
            if self.load(record.api).version != record.version - 1:
                raise Conflict(record.api.api_id)
            # The notice first: one that is told without its record is told again, and the other
            # way round nobody would hear of it.
            if notice is not None and self._outbox:
                write_file(self._notice(notice), NOTICE.dump_json(notice))
            write_file(self._path(record.api) / "record", RECORD.dump_json(record))

    def apis_resting_on(self, ref: ObjectRef, place: Place) -> Sequence[ApiId]:
        here = ("apis", *map(file_name, (place.partition, place.account_id, place.region)))
        found: list[ApiId] = []
        for path in self._folder.joinpath(*here).glob("*/record"):
            with suppress(ValidationError):
                record = RECORD.validate_json(read_file(path) or b"")
                if any(covers(ref, held) for held in record.rests_on):
                    found.append(record.api)
        return sorted(found, key=lambda api: api.api_id)

    def records(self) -> Iterator[ApiRecord]:
        for path in self._folder.glob("apis/*/*/*/*/record"):
            if (document := read_file(path)) is not None:
                with suppress(ValidationError, json.JSONDecodeError):
                    yield _whole(RECORD, document)

    def waiting(self, *, limit: int) -> Sequence[Waiting]:
        found = self._notices(self._folder.glob("apis/*/*/*/*/notices/*"))
        oldest = sorted(found, key=lambda notice: notice.made_at)[:limit]
        return in_order((one.api, one.severity, one.made_at) for one in oldest)

    def untold_of(self, api: ApiId) -> Sequence[Notice]:
        found = self._notices((self._path(api) / "notices").glob("*"))
        return sorted(found, key=lambda notice: notice.sequence)

    def claim(self, notice: Notice, *, now: datetime, until: datetime) -> Claim | None:
        with self._lock:
            held = self._claims.get(notice.id)
            if not self._notice(notice).exists() or (held is not None and held > now):
                return None
            self._claims[notice.id] = until
            before = self._tries(notice)
            claim = replace(before, tries=before.tries + 1)
            write_file(self._claim_file(notice), CLAIM.dump_json(claim))
            return claim

    def release(self, notice: Notice) -> None:
        with self._lock:
            self._claims.pop(notice.id, None)
            write_file(
                self._claim_file(notice), CLAIM.dump_json(replace(self._tries(notice), tries=0))
            )

    def mark_reached(
        self, notice: Notice, sinks: frozenset[str], conversation: Conversation | None
    ) -> None:
        with self._lock:
            tried = self._tries(notice)
            claim = replace(tried, reached=tried.reached | sinks)
            self._keep_conversation(notice.api, conversation)
            write_file(self._claim_file(notice), CLAIM.dump_json(claim))

    def conversation(self, api: ApiId) -> Conversation | None:
        document = read_file(self._path(api) / "conversation")
        return None if document is None else _whole(CONVERSATION, document)

    def mark_told(
        self,
        notice: Notice,
        conversation: Conversation | None,
        *,
        now: datetime,  # noqa: ARG002
    ) -> None:
        with self._lock:
            self._keep_conversation(notice.api, conversation)
            self._notice(notice).unlink(missing_ok=True)
            self._claim_file(notice).unlink(missing_ok=True)
            self._claims.pop(notice.id, None)

    def _keep_conversation(self, api: ApiId, conversation: Conversation | None) -> None:
        if conversation is not None:
            write_file(self._path(api) / "conversation", CONVERSATION.dump_json(conversation))

    def _tries(self, notice: Notice) -> Claim:
        document = read_file(self._claim_file(notice))
        return Claim(tries=0) if document is None else CLAIM.validate_json(document)

    def _claim_file(self, notice: Notice) -> Path:
        return self._path(notice.api) / "claims" / f"{notice.sequence:012d}"

    def _path(self, api: ApiId) -> Path:
        return api_path(self._folder, api)

    def _notice(self, notice: Notice) -> Path:
        return self._path(notice.api) / "notices" / f"{notice.sequence:012d}"

    @staticmethod
    def _notices(paths: Iterable[Path]) -> list[Notice]:
        documents = [read_file(path) for path in paths if path.suffix != BESIDE]
        return [_whole(NOTICE, document) for document in documents if document is not None]


def _whole(kind: Stored[T], document: bytes) -> T:
    """Raises Unreadable for what a later version wrote, which must not be taken for damage."""
    try:
        return kind.validate_json(document)
    except NewerSchema as error:
        raise Unreadable(f"a {kind.kind}: {error}") from error


def api_path(folder: Path, api: ApiId) -> Path:
    names = (api.partition, api.account_id, api.region, api.api_id)
    return folder.joinpath("apis", *map(file_name, names))


def file_name(text: str) -> str:
    """A name that stays in its folder, whatever AWS or a command line called the thing."""
    return quote(text, safe="").replace(".", "%2E") or "%"


def read_file(path: Path) -> bytes | None:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def write_file(path: Path, data: bytes) -> None:
    """All of it or nothing, and readable by its owner only: it says who can get in."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(path.name + BESIDE)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    beside.replace(path)
