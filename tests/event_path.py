"""The event path in one process: the real use cases over queues and a clock of our own.

Messages wait, come again and die as SQS has them do; time passes only while nothing is to be done.
So a day of deployments takes a second, and no test waits for a timer.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from monitor.events.requests import dump_request, dump_wake
from monitor.model.api import ApiId, ApiSnapshot
from monitor.model.burst import Timing
from monitor.model.look_request import LookRequest
from monitor.model.place import Place
from monitor.orgpolicy.load import default_org_policy
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import ChangeBook, FindingStore
from monitor.stores.memory import MemoryChangeBook, MemoryStore
from monitor.usecases.fan_out import FanOut
from monitor.usecases.look import Looker
from monitor.usecases.react import Batch, Reactor
from monitor.usecases.rescan import ScanWork
from tests.builders import ACCOUNT, NOW
from tests.fakes import FakeSource

PLACE = Place(account_id=ACCOUNT, region="us-east-1", partition="aws")
VISIBILITY = timedelta(seconds=1020)
MAX_RECEIVES = 5


@dataclass
class SetClock:
    """Stands still until it is set."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time


@dataclass
class Source(FakeSource):
    """Reads what is there at the moment; `spoil` may put gaps into what is read."""

    clock: SetClock = field(default_factory=SetClock)
    spoil: Callable[[ApiSnapshot], ApiSnapshot] = lambda snapshot: snapshot

    def read(self, api: ApiId, *, anew: bool = False) -> ApiSnapshot | None:
        found = super().read(api, anew=anew)
        return self.spoil(replace(found, read_at=self.clock.now())) if found else None


@dataclass(order=True)
class Message:
    visible_at: datetime
    number: int
    body: str = field(compare=False)
    receives: int = field(default=0, compare=False)


@dataclass
class Sqs:
    """A standard queue with a dead letter queue, and the three ports that write to it."""

    clock: SetClock
    waiting: list[Message] = field(default_factory=list)
    dead: list[tuple[str, str]] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    _number: int = 0

    def send(self, body: str, delay: timedelta = timedelta(0)) -> None:
        self._number += 1
        heapq.heappush(self.waiting, Message(self.clock.now() + delay, self._number, body))

    def look_at(self, requests: Iterable[LookRequest], *, delay: timedelta = timedelta(0)) -> None:
        for request in requests:
            self.sent["requests"] += 1
            self.send(dump_request(request), delay)

    def wake(self, subject: ApiId, *, after: timedelta) -> None:
        self.sent["timers"] += 1
        # SQS counts whole seconds.
        self.send(dump_wake(subject), timedelta(seconds=-(-after // timedelta(seconds=1))))

    def bury(self, body: str, reason: str) -> None:
        self.dead.append((body, reason))

    def receive(self, most: int) -> list[Message]:
        found: list[Message] = []
        while self.waiting and len(found) < most and self.waiting[0].visible_at <= self.clock.now():
            found.append(heapq.heappop(self.waiting))
        return found

    def give_back(self, message: Message) -> None:
        if message.receives >= MAX_RECEIVES:
            self.dead.append((message.body, "tried in vain"))
            return
        message.visible_at = self.clock.now() + VISIBILITY
        heapq.heappush(self.waiting, message)


@dataclass
class EventPath:
    source: Source = field(default_factory=Source)
    store: FindingStore = field(default_factory=MemoryStore)
    book: ChangeBook = field(default_factory=MemoryChangeBook)
    timing: Timing = field(default_factory=Timing)
    batch_size: int = 100
    watches_refusals: bool = False
    policy: OrgPolicy = field(default_factory=default_org_policy)
    counts: Counter[str] = field(default_factory=Counter)
    missed: list[ApiId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = self.source.clock
        self.events, self.scans = Sqs(self.clock), Sqs(self.clock)

    @property
    def looker(self) -> Looker:
        def refused(api: ApiId, now: datetime) -> Any:
            return self.book.refused_calls(api, since=now - timedelta(hours=1))

        return Looker(
            source=self.source,
            store=self.store,
            policy=self.policy,
            clock=self.clock,
            refused_calls=refused if self.watches_refusals else None,
        )

    @property
    def fan_out(self) -> FanOut:
        return FanOut(
            source=self.source, store=self.store, queue=self.scans, place=PLACE, clock=self.clock
        )

    def batch(self) -> Batch:
        return Batch(
            Reactor(
                looker=self.looker,
                fan_out=self.fan_out,
                book=self.book,
                timers=self.events,
                dead_letters=self.events,
                place=PLACE,
                timing=self.timing,
                watches_refusals=self.watches_refusals,
            )
        )

    def send(self, *events: dict[str, Any] | str) -> None:
        for event in events:
            self.events.send(event if isinstance(event, str) else json.dumps({"detail": event}))

    def pass_time(self, seconds: float) -> None:
        """Do whatever is due in the next seconds, each at its time."""
        end = self.clock.time + timedelta(seconds=seconds)
        while (due := self._next()) is not None and due <= end:
            self.clock.time = max(self.clock.time, due)
            self._work()
        self.clock.time = end

    def settle(self) -> None:
        """Until nothing waits any more."""
        while (due := self._next()) is not None:
            self.clock.time = max(self.clock.time, due)
            self._work()

    def scan(self, *, anew: bool = False) -> None:
        self.pass_time(1)
        self.fan_out.every_api(anew=anew)
        self.settle()

    def _next(self) -> datetime | None:
        return min(
            (queue.waiting[0].visible_at for queue in (self.events, self.scans) if queue.waiting),
            default=None,
        )

    def _work(self) -> None:
        if messages := self.events.receive(self.batch_size):
            batch = self.batch()
            self._deal(self.events, messages, batch)
            batch.finish()
            self.counts += batch.counts
        if messages := self.scans.receive(5):
            work = ScanWork(self.looker, self.scans, self.book, self.scans)
            self._deal(self.scans, messages, work)
            self.counts += work.counts
            self.missed += [looked.api for looked in work.missed]

    def _deal(self, queue: Sqs, messages: list[Message], worker: Batch | ScanWork) -> None:
        for message in messages:
            message.receives += 1
        worker.prepare(message.body for message in messages)
        for message in messages:
            try:
                worker.take(message.body)
            except Exception as failure:  # noqa: BLE001 - as the handler does
                self.counts[type(failure).__name__] += 1
                queue.give_back(message)
