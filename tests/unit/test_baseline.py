"""The first scan of an account: one summary, whatever happens on the way, and then only changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import ACCOUNT, API, configuration, rest_api, route
from tests.fakes import FakeClock, FakeNotifier, FakeSource

from monitor.evaluation.catalogue import RULES
from monitor.evaluation.lifecycle import unresolved
from monitor.model.api import ApiId, ApiSnapshot, AuthorizationType
from monitor.model.change import Actor, Change, LookAt, TakesEffect
from monitor.model.finding import Severity, StepKind
from monitor.model.notice import FirstFindings, Notice
from monitor.orgpolicy.load import default_org_policy
from monitor.ports import Conflict
from monitor.stores.memory import MemoryStore
from monitor.usecases.baseline import ENDS_AFTER, BaselineKeeper, every_api
from monitor.usecases.look import Looker
from monitor.usecases.tell import Teller

ALL_RULES = tuple(rule.id for rule in RULES)
HERE = every_api(ACCOUNT, "us-east-1", "aws")
SHUT = configuration(route(authorization=AuthorizationType.AWS_IAM))


def api(number: int) -> ApiId:
    return replace(API, api_id=f"api{number:04d}")


def change(clock: FakeClock, name: str = "CreateDeployment", seconds: float = -30) -> Change:
    return Change(
        event_id="e-1",
        event_name=name,
        event_time=clock.time + timedelta(seconds=seconds),
        account_id=ACCOUNT,
        region="us-east-1",
        actor=Actor(name="jane"),
        look_at=LookAt.API,
        takes_effect=TakesEffect.AT_ONCE,
    )


@dataclass
class World:
    """An account; every second API of it is open to the internet."""

    size: int = 6
    rules: Sequence[str] = ALL_RULES
    clock: FakeClock = field(default_factory=FakeClock)
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self.source = FakeSource({api(n): self.snapshot(n) for n in range(self.size)})

    def snapshot(self, number: int, *, is_open: bool | None = None) -> ApiSnapshot:
        is_open = number % 2 == 0 if is_open is None else is_open
        live = configuration() if is_open else SHUT
        return rest_api(live, api=api(number), name=f"n{number}", read_at=self.clock.now())

    @property
    def keeper(self) -> BaselineKeeper:
        return BaselineKeeper(
            store=self.store, clock=self.clock, account=HERE, rules=tuple(self.rules)
        )

    def look(self, number: int, *changes: Change) -> None:
        at = api(number)
        if at in self.source.snapshots:
            snapshot = self.source.snapshots[at]
            self.source.snapshots[at] = replace(snapshot, read_at=self.clock.now())
        Looker(
            source=self.source,
            store=self.store,
            policy=default_org_policy(),
            clock=self.clock,
            baseline=self.keeper,
        ).look_at(at, changes)
        self.keeper.end_if_complete()

    def scan(self) -> None:
        apis = list(self.source.snapshots)
        self.keeper.begin(apis)
        for each in apis:
            self.look(int(each.api_id[3:]))

    def heard(self) -> list[Notice]:
        """What was told since the last time."""
        notifier = FakeNotifier()
        Teller(store=self.store, sinks={"slack": notifier}, clock=self.clock).tell_all()
        return [notice for notice, _ in notifier.told]


def summary(notices: Sequence[Notice]) -> FirstFindings:
    (notice,) = notices
    assert notice.first is not None
    return notice.first


def steps(notices: Sequence[Notice]) -> list[tuple[str, StepKind]]:
    return [(notice.api.api_id, step.kind) for notice in notices for step in notice.steps
        if step.finding.violation.rule == "access-exceeds-policy"]  # fmt: skip


def baseline_notice() -> Notice:
    """Of an account in which one API cannot be looked at."""
    world = World()
    world.keeper.begin([*world.source.snapshots, replace(API, api_id="stuck")])
    for number in range(6):
        world.look(number)
    world.clock.time += ENDS_AFTER + timedelta(minutes=1)
    world.keeper.end_if_complete()
    (notice,) = world.heard()
    return notice


def test_400_apis_with_their_findings_are_one_message() -> None:
    world = World(size=400)

    world.scan()

    told = summary(world.heard())
    assert (told.apis, told.public_apis) == (400, 200)
    assert told.findings[Severity.CRITICAL] == 200
    assert len(told.worst) == 5
    assert not told.not_looked_at
    assert told.rules == ()
    world.scan()
    assert world.heard() == []


def test_afterwards_a_change_speaks_and_nothing_else() -> None:
    world = World()
    world.scan()
    world.heard()

    world.source.snapshots[api(1)] = world.snapshot(1, is_open=True)
    world.source.snapshots[api(2)] = world.snapshot(2, is_open=False)
    world.source.snapshots[api(9)] = world.snapshot(9, is_open=True)
    world.scan()

    assert steps(world.heard()) == [
        ("api0001", StepKind.OPENED),
        ("api0002", StepKind.RESOLVED),
        ("api0009", StepKind.OPENED),
    ]


def test_a_change_speaks_before_the_baseline_is_over_too() -> None:
    """Once as somebody's doing, and once counted in the summary."""
    world = World()

    world.look(0, change(world.clock))
    assert steps(world.heard()) == [("api0000", StepKind.OPENED)]

    world.scan()
    assert summary(world.heard()).findings[Severity.CRITICAL] == 3


def test_what_gets_worse_before_the_baseline_is_over_speaks() -> None:
    world = World()
    world.keeper.begin(list(world.source.snapshots))
    world.look(1)
    world.source.snapshots[api(1)] = world.snapshot(1, is_open=True)

    world.look(1, change(world.clock))

    assert steps(world.heard()) == [("api0001", StepKind.OPENED)]


def test_a_change_whose_event_comes_after_the_scan_saw_it_speaks() -> None:
    world = World()
    world.keeper.begin(list(world.source.snapshots))
    late = change(world.clock)
    world.look(0)
    assert world.heard() == []

    world.look(0, late)

    assert steps(world.heard()) == [("api0000", StepKind.OPENED)]
    world.look(0, late)
    assert world.heard() == []


def test_an_old_event_is_not_blamed_for_what_the_baseline_found() -> None:
    world = World()
    world.keeper.begin(list(world.source.snapshots))
    old = change(world.clock, seconds=-7200)
    world.look(0)

    world.look(0, old)

    assert world.heard() == []


def test_looks_that_no_scan_asked_for_are_quiet_until_there_was_one() -> None:
    """A change of something that many APIs share makes Gatewatch look at all of them."""
    world = World()
    for number in range(6):
        world.look(number)
    assert world.heard() == []

    world.scan()

    assert summary(world.heard()).apis == 6


def test_an_api_that_is_gone_before_its_turn_holds_nothing_up() -> None:
    world = World()
    world.keeper.begin(list(world.source.snapshots))
    del world.source.snapshots[api(5)]

    for number in range(6):
        world.look(number)

    assert summary(world.heard()).findings[Severity.CRITICAL] == 3


def test_an_api_that_cannot_be_looked_at_does_not_silence_the_rest_for_ever() -> None:
    world = World()
    world.keeper.begin(list(world.source.snapshots))
    for number in range(5):
        world.look(number)
    assert world.heard() == []

    world.clock.time += ENDS_AFTER + timedelta(minutes=1)
    world.source.snapshots[api(1)] = world.snapshot(1, is_open=True)
    world.look(1)

    first, second = world.heard()
    assert steps([first, second]) == [("api0001", StepKind.OPENED)]
    told = next(notice.first for notice in (first, second) if notice.first)
    assert told.not_looked_at == ("api0005",)


def test_without_any_scan_nothing_is_quiet_for_ever() -> None:
    world = World()
    world.look(0)
    world.clock.time += ENDS_AFTER + timedelta(minutes=1)

    world.look(2)

    assert steps(world.heard()) == [("api0002", StepKind.OPENED)]


def test_new_rules_have_a_baseline_of_their_own() -> None:
    world = World(rules=("access-unknown",))
    world.scan()
    assert summary(world.heard()).rules == ()
    # As if the other rules had not been there: what they found is not known.
    for number in range(6):
        record = world.store.load(api(number))
        known = {
            id_: finding
            for id_, finding in record.findings.items()
            if finding.violation.rule == "access-unknown"
        }
        world.store.commit(replace(record, version=record.version + 1, findings=known), None)

    world.rules = ("access-unknown", "access-exceeds-policy")
    world.scan()

    told = summary([n for n in world.heard() if n.first])
    assert told.rules == ("access-exceeds-policy",)
    assert told.findings == {Severity.CRITICAL: 3}
    world.source.snapshots[api(1)] = world.snapshot(1, is_open=True)
    world.scan()
    assert steps(world.heard()) == [("api0001", StepKind.OPENED)]


def test_an_account_without_apis_has_its_baseline_at_once() -> None:
    world = World(size=0)

    world.scan()
    world.keeper.end_if_complete()

    assert summary(world.heard()).apis == 0


def test_a_second_scan_does_not_begin_the_baseline_anew() -> None:
    world = World()
    world.keeper.begin(list(world.source.snapshots))
    world.look(0)
    before = world.store.load(HERE)

    world.keeper.begin([api(0)])

    assert world.store.load(HERE) == before


def test_a_writer_that_meets_another_says_so() -> None:
    world = World()

    class Racing(MemoryStore):
        def commit(self, *args: object, **kwargs: object) -> None:
            raise Conflict("other")

    world.store = Racing()

    with pytest.raises(Conflict):
        world.keeper.begin([api(0)])
    assert world.keeper.settled() == ()


class Killed(Exception):
    pass


class Failing(MemoryStore):
    """Dies before or after a write, where its script says so."""

    script: list[str]

    def commit(self, *args: object, **kwargs: object) -> None:
        fate = self.script.pop(0) if self.script else ""
        if fate == "before":
            raise Killed
        super().commit(*args, **kwargs)  # type: ignore[arg-type]
        if fate == "after":
            raise Killed


@given(
    st.lists(st.sampled_from(["", "", "", "before", "after"]), max_size=40),
    st.permutations(range(6)),
    st.lists(st.integers(0, 5), max_size=6),
)
def test_killed_anywhere_and_in_any_order_it_is_told_once_and_whole(
    script: list[str], order: list[int], repeats: list[int]
) -> None:
    world = World(store=Failing())
    world.store.script = script  # type: ignore[attr-defined]

    def try_until_done(what: object) -> None:
        while True:
            try:
                what()  # type: ignore[operator]
            except Killed:
                continue
            return

    try_until_done(lambda: world.keeper.begin(list(world.source.snapshots)))
    for number in (*order, *repeats):
        try_until_done(lambda number=number: world.look(number))  # type: ignore[misc]
    try_until_done(world.keeper.end_if_complete)

    told = summary(world.heard())
    stored = [
        finding for n in range(6) for finding in unresolved(world.store.load(api(n)).findings)
    ]
    assert sum(told.findings.values()) + told.unknown == len(stored)
    assert all(finding.baseline for finding in stored)
    assert not world.keeper.end_if_complete()
