"""Hand-written stand-ins for the ports, for tests of the use cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.model.api import ApiId, ApiSnapshot
from monitor.model.gaps import Gap
from monitor.model.look_request import LookRequest
from monitor.model.notice import Conversation, Notice
from monitor.ports import Listing, NotDelivered, Reach, Telling
from tests.builders import NOW


@dataclass
class FakeClock:
    """A second passes at each look at it."""

    time: datetime = NOW

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


@dataclass
class FakeSource:
    """Answers the snapshots it holds; an API it does not hold is gone."""

    snapshots: dict[ApiId, ApiSnapshot] = field(default_factory=dict)
    listing_gaps: tuple[Gap, ...] = ()
    reads: list[ApiId] = field(default_factory=list)
    forgotten: int = 0

    def list_apis(self) -> Listing:
        return Listing(apis=tuple(self.snapshots), gaps=self.listing_gaps)

    def read(self, api: ApiId, *, anew: bool = False) -> ApiSnapshot | None:
        self.reads.append(api)
        return self.snapshots.get(api)

    def apis_behind(self, domain_name: str) -> tuple[ApiId, ...]:
        return tuple(
            api
            for api, snapshot in self.snapshots.items()
            if any(d.domain_name == domain_name for d in snapshot.custom_domains or ())
        )

    def forget_surroundings(self) -> None:
        self.forgotten += 1


@dataclass
class FakeQueue:
    asked: list[LookRequest] = field(default_factory=list)
    delays: list[timedelta] = field(default_factory=list)

    def look_at(self, requests: Iterable[LookRequest], *, delay: timedelta = timedelta(0)) -> None:
        requests = list(requests)
        self.asked += requests
        self.delays += [delay] * len(requests)

    @property
    def apis(self) -> list[ApiId]:
        return [request.api for request in self.asked]


@dataclass
class FakeTimers:
    woken: list[tuple[ApiId, timedelta]] = field(default_factory=list)

    def wake(self, subject: ApiId, *, after: timedelta) -> None:
        self.woken.append((subject, after))


@dataclass
class FakeDeadLetters:
    buried: list[tuple[str, str]] = field(default_factory=list)

    def bury(self, body: str, reason: str) -> None:
        self.buried.append((body, reason))


@dataclass
class FakeNotifier:
    """Keeps what it was told, each notice once, as a sink that looks before it repeats. `before`
    may raise."""

    told: list[tuple[Notice, Conversation | None]] = field(default_factory=list)
    together: list[list[Notice]] = field(default_factory=list)
    before: Callable[[Notice], None] = lambda _notice: None

    def lane(self, notice: Notice) -> str:
        return "C1"

    def tell(self, telling: Telling) -> Conversation:
        self.before(telling.notice)
        if not (telling.again and any(n.id == telling.notice.id for n, _ in self.told)):
            self.told.append((telling.notice, telling.conversation))
        return telling.conversation or Conversation(
            channel="C1", message_ts=f"{len(self.told)}.0", is_open=True
        )

    def tell_together(self, tellings: Sequence[Telling]) -> Sequence[Conversation]:
        for telling in tellings:
            self.before(telling.notice)
        self.together.append([telling.notice for telling in tellings])
        return [self.tell(telling) for telling in tellings]


def refuse(_notice: Notice) -> None:
    raise NotDelivered("chat.postMessage: Slack answered `invalid_auth`", reach=Reach.SINK)
