"""What the remediators need from outside, as small protocols; `bootstrap` binds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.model.api import ApiId
from monitor.model.kept_export import KeptExport
from remediators.entry import Entry
from remediators.plan import Call, Image, ObjectRef


class Unreadable(Exception):
    """An object could not be read; the message says why. It may be there or not."""


class Objects(Protocol):
    """Reads the objects that plans change or rest on."""

    def read(self, target: ObjectRef) -> Image | None:
        """The object's image; None if there is no such object. Raises Unreadable."""


class Kept(Protocol):
    """Exports that were kept while their deployment was live."""

    def get(self, api: ApiId, deployment_id: str) -> KeptExport | None: ...


class NotWritten(Exception):
    """A write did not succeed, as far as AWS told. `may_pass`: the same write may succeed later.
    Whether it took effect, only the object tells."""

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class Writer(Protocol):
    """Carries out one call. The only port that changes the configuration of APIs."""

    def write(self, call: Call, plan_id: str) -> None:
        """`plan_id` names the session, so that the call is recognised as ours afterwards. Raises
        NotWritten."""


class Conflict(Exception):
    """Somebody else wrote the entry, or holds the API, since it was loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to change one API. `token` grows each time it changes hands, and whoever comes with
    an older one is refused."""

    api: ApiId
    plan_id: str
    token: int
    until: datetime


class Journal(Protocol):
    """What happens to plans, written before it happens."""

    def create(self, entry: Entry) -> None:
        """Raises Conflict if there is a plan of that id."""

    def load(self, plan_id: str) -> Entry | None: ...

    def save(self, entry: Entry, lease: Lease | None = None) -> None:
        """Store the successor of version `entry.version - 1`; under a lease only if that is still
        the API's. Raises Conflict."""

    def going_on(self) -> Sequence[str]:
        """Ids of plans that somebody is, or was, in the middle of."""

    def plans_of(self, api: ApiId) -> Sequence[Entry]:
        """The API's plans, the newest first."""

    def acquire(self, api: ApiId, plan_id: str, *, now: datetime, until: datetime) -> Lease | None:
        """None if another plan holds the API, or somebody is at work with this one."""

    def renew(self, lease: Lease, *, until: datetime) -> Lease:
        """Raises Conflict if it is not the API's lease any more."""

    def release(self, lease: Lease) -> None:
        """Let the API go, for any plan. Silent if the lease is not the API's any more."""

    def pause(self, lease: Lease) -> None:
        """Keep the API for the plan, and let anybody go on with it."""

    def holder(self, api: ApiId) -> str | None:
        """The id of the plan that holds the API."""

    def take_slot(self, scope: str, *, limit: int, now: datetime) -> bool:
        """Note an automatic action of `scope`; False, and nothing noted, if there were `limit`
        within the hour before `now`."""
