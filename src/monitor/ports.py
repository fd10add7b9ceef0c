"""What the use cases need from outside, as small protocols; `bootstrap` binds them to adapters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from monitor.model.api import ApiId, ApiSnapshot
from monitor.model.burst import Burst
from monitor.model.change import RefusedCall
from monitor.model.gaps import Gap
from monitor.model.kept_export import KeptExport
from monitor.model.look_request import LookRequest
from monitor.model.notice import Conversation, Notice, Waiting
from monitor.model.objects import ObjectRef
from monitor.model.place import Place
from monitor.model.record import ApiRecord, Links
from monitor.model.trouble import (
    Announcement,
    Board,
    RingingAlarm,
    Trail,
    WatchedQueue,
    WatchedRule,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The APIs of an account and region. With a gap the list may be short."""

    apis: tuple[ApiId, ...]
    gaps: tuple[Gap, ...] = ()


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, aware, UTC."""


class SnapshotSource(Protocol):
    def list_apis(self) -> Listing: ...

    def read(self, api: ApiId, *, anew: bool = False) -> ApiSnapshot | None:
        """The API as it is now; None if it does not exist (any more). `anew`: nothing of it from
        what was kept of earlier reads."""

    def forget_surroundings(self) -> None:
        """What many APIs share, their doors above all, has changed: read it anew from now on."""

    def apis_behind(self, domain_name: str) -> Sequence[ApiId]:
        """The APIs to which a custom domain leads now; none where that could not be read."""


class Conflict(Exception):
    """Somebody else wrote the record since it was loaded. Load and decide again."""


class Unreadable(Exception):
    """A stored document is none that this version of Gatewatch can read; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to tell a notice. `tries`: which try it is, from 1; one that was neither released
    nor marked may have reached somebody. `reached`: the sinks that have told it."""

    tries: int = 1
    reached: frozenset[str] = frozenset()


class FindingStore(Protocol):
    """Findings, and what still has to be told of them."""

    def load(self, api: ApiId) -> ApiRecord:
        """What is known of the API; an empty record (version 0) if nothing. Raises Unreadable."""

    def commit(self, record: ApiRecord, notice: Notice | None, links: Links | None = None) -> None:
        """Store the record as the successor of version `record.version - 1`, and with it the notice
        and the changes of the index, wholly or not at all.

        Raises Conflict if that version is not the stored one.
        """

    def apis_resting_on(self, ref: ObjectRef, place: Place) -> Sequence[ApiId]:
        """The APIs whose last look found that they rest on the object, in the order of their ids.
        Of an object without an id: on any of its kind."""

    def records(self) -> Iterator[ApiRecord]:
        """Every record there is, in no order. Raises Unreadable."""

    def waiting(self, *, limit: int) -> Sequence[Waiting]:
        """The APIs of the `limit` oldest notices that nobody marked told, each once: the gravest
        first, and of equals the one that waits longest."""

    def untold_of(self, api: ApiId) -> Sequence[Notice]:
        """The API's notices that nobody marked told, in the order of the record's versions.

        Raises Unreadable.
        """

    def claim(self, notice: Notice, *, now: datetime, until: datetime) -> Claim | None:
        """Take the notice for telling until a time. None: told already, or claimed by another."""

    def release(self, notice: Notice) -> None:
        """Give a claim back, so that the next one need not wait for its end. Only where it is
        certain that nobody was told: the tries begin anew."""

    def mark_reached(
        self, notice: Notice, sinks: frozenset[str], conversation: Conversation | None
    ) -> None:
        """Store which sinks have told the notice, while others have not. The claim is kept."""

    def conversation(self, api: ApiId) -> Conversation | None:
        """Raises Unreadable."""

    def mark_told(
        self, notice: Notice, conversation: Conversation | None, *, now: datetime
    ) -> None:
        """Store that the notice is told and where, wholly or not at all."""


class Notebook(Protocol):
    """Small texts by kind and name, each until a time; what is past it may be gone or still there.

    Receipts of requests that were done, mutes, the counts of the last digest.
    """

    def find(self, kind: str, name: str) -> str | None: ...

    def read(self, kind: str) -> Mapping[str, str]:
        """Every text of the kind, by name."""

    def write(self, kind: str, name: str, text: str, *, until: datetime) -> None: ...


class ExportCache(Protocol):
    """Exports by deployment. Losing an entry costs a call, never a wrong answer."""

    def get(self, api: ApiId, deployment_id: str) -> KeptExport | None:
        """What was put last; None if nothing, or if what is held is damaged."""

    def put(self, api: ApiId, deployment_id: str, kept: KeptExport) -> None: ...


class Reach(StrEnum):
    """How far the reason for a failure goes, and so what need not be tried."""

    NOTICE = "notice"
    LANE = "lane"
    SINK = "sink"


class NotDelivered(Exception):
    """The notice did not reach anybody; it stays untold. The message says what to do."""

    def __init__(self, message: str, *, reach: Reach = Reach.NOTICE) -> None:
        super().__init__(message)
        self.reach = reach


class InDoubt(NotDelivered):
    """Nobody knows whether the notice arrived: its answer was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """`again`: an earlier try may have arrived, so look before saying it twice."""

    notice: Notice
    conversation: Conversation | None = None
    again: bool = False


class Route(NamedTuple):
    """A channel, and the one for where it cannot be posted to; empty = none."""

    channel: str
    fallback: str


class Notifier(Protocol):
    """Slack, or what stands in its place or beside it."""

    def lane(self, notice: Notice) -> str:
        """Where the notice goes, a channel say: what goes the same way can be told together."""

    def tell(self, telling: Telling) -> Conversation | None:
        """Begin the API's conversation, or go on with it; None where the sink has none.

        Raises NotDelivered.
        """

    def tell_together(self, tellings: Sequence[Telling]) -> Sequence[Conversation | None]:
        """The same of several notices of one lane, in as few messages as may be; all or nothing.

        Raises NotDelivered.
        """


class ChangeBook(Protocol):
    """What is going on: bursts of changes, the events that were dealt with, calls refused."""

    def burst(self, subject: ApiId) -> Burst | None: ...

    def put_burst(self, burst: Burst) -> None:
        """Store it as the successor of version `burst.version - 1`. Raises Conflict."""

    def clear_burst(self, burst: Burst) -> None:
        """Its changes were looked at. Raises Conflict if it is not of this version any more."""

    def seen(self, event_ids: Iterable[str]) -> frozenset[str]:
        """Those of the events that were dealt with before, as far as that is still known."""

    def mark_seen(self, event_ids: Iterable[str], *, now: datetime) -> None: ...

    def refused_calls(self, api: ApiId, *, since: datetime) -> Sequence[RefusedCall]:
        """The changes to an API that AWS denied since then, the oldest first."""

    def note_refused(self, api: ApiId, call: RefusedCall) -> None:
        """A repeat of the same event changes nothing."""


class WorkQueue(Protocol):
    def look_at(self, requests: Iterable[LookRequest], *, delay: timedelta = timedelta(0)) -> None:
        """Ask for the looks, each soon after the delay (at most 15 minutes)."""


class Timers(Protocol):
    def wake(self, subject: ApiId, *, after: timedelta) -> None:
        """Say the subject's name again, in at most 15 minutes."""


class DeadLetters(Protocol):
    def bury(self, body: str, reason: str) -> None:
        """Keep a message that nobody can act on, with the reason, for a person to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """An org policy file as it was found. `version` changes whenever the text may have."""

    text: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedPolicy:
    """An org policy file that was in force. `source` says where it stood."""

    text: str
    version: str
    source: str
    accepted_at: datetime


class PolicyNotRead(Exception):
    """The place of the org policy could not be read; the message says why."""


class PolicySource(Protocol):
    @property
    def name(self) -> str:
        """Where the policy stands, as people write it: `s3://bucket/key`."""

    def read(self) -> PolicyText:
        """Raises PolicyNotRead."""


class PolicyStore(Protocol):
    """Remembers the org policy that was accepted last."""

    def accepted(self) -> AcceptedPolicy | None:
        """None also for what cannot be read: the caller then takes the stricter side."""

    def keep(self, policy: AcceptedPolicy) -> None:
        """The same text again changes nothing."""


class CannotTell(Exception):
    """Something that Gatewatch watches over could not be read; the message says what and why."""


class Surveillance(Protocol):
    """Gatewatch's own surroundings, as AWS shows them. Every method may raise CannotTell."""

    def trails(self, region: str) -> Sequence[Trail]: ...

    def rule(self, name: str) -> WatchedRule | None:
        """None if there is no such rule."""

    def queue(self, url: str) -> WatchedQueue | None:
        """None if there is no such queue."""

    def ringing_alarms(self) -> Sequence[RingingAlarm]:
        """The stack's alarms about AWS's own metrics."""


class Sightings(Protocol):
    """When an event of a region was last seen at the end of its way."""

    def note(self, region: str, event_time: datetime) -> None:
        """An earlier time than the one known changes nothing."""

    def last(self, region: str) -> datetime | None: ...


class TroubleStore(Protocol):
    def load(self) -> Board: ...

    def save(self, board: Board) -> None:
        """Store as the successor of version `board.version - 1`. Raises Conflict."""


class Announcer(Protocol):
    def announce(self, announcement: Announcement) -> None:
        """Say it where alerts go. Raises NotDelivered."""
