"""What a run keeps: for its own length in memory and a nameless file, or in the folder of
`--state`, so that a scan that was stopped goes on where it was and the next one costs less."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from pydantic import BaseModel, ValidationError

from monitor.cli.common import WrongInput
from monitor.cli.looking import Account
from monitor.model.api import ApiId
from monitor.ports import ExportCache, FindingStore, Unreadable
from monitor.stores.files import FileExports, FileStore, StateFolder, StateHeld
from monitor.stores.journal import Journal
from monitor.stores.memory import NoStore

SPOOLED_BYTES = 8 << 20
CONTINUED_WITHIN = timedelta(hours=24)
"""What an older scan judged is read again: too much may have changed since."""
_BEGUN = "begun"


class Begun(BaseModel):
    """The scan that a journal belongs to."""

    of: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    store: FindingStore
    exports: ExportCache | None
    journal: Journal

    def begin(self, account: Account, only: Sequence[str]) -> datetime | None:
        """When the same scan was begun, if it was stopped and can go on; None = a new one."""
        wanted = _scan_of(account, only)
        begun = self._begun()
        age = account.started_at - begun.started_at if begun else timedelta.max
        if begun is not None and begun.of == wanted and age < CONTINUED_WITHIN:
            return begun.started_at
        self.journal.clear()
        new = Begun(of=wanted, started_at=account.started_at)
        self.journal.put(_BEGUN, new.model_dump_json().encode())
        return None

    def _begun(self) -> Begun | None:
        document = self.journal.get(_BEGUN)
        try:
            return Begun.model_validate_json(document) if document is not None else None
        except ValidationError:
            return None


@contextmanager
def state(folder: Path | None) -> Iterator[State]:
    """Raises WrongInput if the folder cannot be used."""
    if folder is None:
        with SpooledTemporaryFile(max_size=SPOOLED_BYTES) as spool:
            journal = Journal(cast("IO[bytes]", spool))
            yield State(store=NoStore(), exports=None, journal=journal)
        return
    try:
        held = StateFolder(folder)
    except StateHeld as error:
        raise WrongInput(f"{folder}: another gatewatch is at work with this state") from error
    except OSError as error:
        raise WrongInput(f"{folder}: {error.strerror or error}") from error
    try:
        with os.fdopen(os.open(folder / "scan", os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            yield State(
                store=FileStore(folder, outbox=False),
                exports=FileExports(folder),
                journal=Journal(file),
            )
    except Unreadable as error:
        raise WrongInput(f"{folder}: {error}") from error
    finally:
        held.close()


def entry_key(api: ApiId) -> str:
    return f"{api.region}/{api.api_id}"


def _scan_of(account: Account, only: Sequence[str]) -> str:
    """A digest of everything that decides what a scan says, but for AWS's answers."""
    asked = (
        account.account_id,
        account.regions,
        sorted(only),
        account.identities,
        account.policy.model_dump_json(),
    )
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()
