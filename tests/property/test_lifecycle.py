"""The life of findings under any story: looks in any order, repeated or late, people who decide
things in between, and time that passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.builders import API, CAUSE, evaluation, later, rest_api, violation

from monitor.evaluation.evaluate import Doubt, Evaluation
from monitor.evaluation.lifecycle import (
    ALERT_FROM,
    Outcome,
    acknowledge,
    advance,
    close,
    unwaive,
    waive,
)
from monitor.model.access import Scope
from monitor.model.finding import (
    HISTORY,
    Cause,
    Finding,
    Severity,
    Status,
    StepKind,
    Violation,
    Waiver,
)
from monitor.model.record import ApiRecord

MINUTE = 60
NEVER = ApiRecord(api=API)
STAGES = ("prod", "test")
UNRESOLVED = {Status.OPEN, Status.UNKNOWN}


def policys(minutes: int) -> Waiver:
    return Waiver(
        reason="so it is", owner="payments", until=later(minutes * MINUTE), by="the org policy"
    )


VIOLATIONS = st.builds(
    violation,
    st.sampled_from([Scope.ANY_AWS_ACCOUNT, Scope.INTERNET, Scope.UNKNOWN]),
    stage=st.sampled_from(STAGES),
    live=st.booleans(),
    severity=st.sampled_from([Severity.CRITICAL, Severity.LOW, Severity.INFO]),
    rule=st.sampled_from(["access-exceeds-policy", "stage-logging"]),
    waiver=st.none() | st.builds(policys, st.integers(1, 60)),
)
DOUBTS = st.builds(
    Doubt, stage=st.sampled_from(["", *STAGES]), live=st.sampled_from([None, True, False])
)
CAUSES = st.none() | st.builds(
    lambda minutes, at_once: replace(
        CAUSE, event_time=later(minutes * MINUTE), acts_at_once=at_once
    ),
    st.integers(-60, 60),
    st.booleans(),
)
CERTAIN = st.lists(VIOLATIONS, max_size=4)


def seen(violations: Sequence[Violation], doubts: Sequence[Doubt], minute: int) -> Evaluation:
    return evaluation(*violations, doubts=doubts, snapshot=rest_api(read_at=later(minute * MINUTE)))


def verdict(record: ApiRecord) -> dict[str, tuple[object, ...]]:
    """What is true of the API now, without its past."""
    return {
        id_: (finding.status, finding.violation)
        for id_, finding in record.findings.items()
        if finding.status is not Status.RESOLVED
    }


@given(st.lists(CERTAIN, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_in_whatever_order_looks_arrive_the_newest_decides(
    story: Sequence[Sequence[Violation]], random: Any
) -> None:
    looks = [seen(violations, (), minute) for minute, violations in enumerate(story)]
    shuffled = list(looks)
    random.shuffle(shuffled)
    now = later(len(looks) * MINUTE)

    def end(of: Sequence[Evaluation]) -> ApiRecord:
        record = NEVER
        for look in of:
            record = advance(record, look, now=now, cause=None).record
        return record

    assert verdict(end(shuffled)) == verdict(end(looks)) == verdict(end(looks[-1:]))


@given(
    st.lists(st.tuples(CERTAIN, st.lists(DOUBTS, max_size=2), CAUSES), min_size=1, max_size=6),
    st.data(),
)
def test_a_story_told_again_from_the_middle_ends_the_same_and_tells_nothing_new(
    story: Sequence[tuple[list[Violation], list[Doubt], Cause | None]], data: st.DataObject
) -> None:
    """A queue hands messages out more than once; the look of each is made at its own time."""
    record, past = NEVER, []
    for minute, (violations, doubts, cause) in enumerate(story):
        look = seen(violations, doubts, minute)
        past.append((look, cause))
        record = advance(record, look, now=later(minute * MINUTE), cause=cause).record
    now = later(len(story) * MINUTE)
    # The last look, at which the API is as it is now, may come again as well; older ones are late.
    again = data.draw(st.lists(st.sampled_from(past), max_size=6))
    settled = advance(record, past[-1][0], now=now, cause=past[-1][1]).record

    for look, cause in again:
        is_last = look is past[-1][0]
        outcome = advance(settled, look, now=now, cause=cause)
        assert outcome.notice is None
        assert is_last or outcome.record is settled
        assert verdict(outcome.record) == verdict(settled)
        assert histories(outcome.record) == histories(settled)
        settled = outcome.record


def histories(record: ApiRecord) -> dict[str, object]:
    return {id_: finding.history for id_, finding in record.findings.items()}


class Life(RuleBasedStateMachine):
    """One API over an hour or so; `told` holds what its notices said of each finding, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.minute = 0
        self.record = NEVER
        self.last: Evaluation | None = None
        self.told: dict[str, list[tuple[StepKind, Finding]]] = {}

    def _take(self, outcome: Outcome) -> None:
        before, self.record = self.record, outcome.record
        if outcome.record is before:
            assert outcome.notice is None
            return
        assert outcome.record.version == before.version + 1
        steps = outcome.notice.steps if outcome.notice else ()
        assert max(Counter(step.finding.id for step in steps).values(), default=0) <= 1
        for step in steps:
            assert step.finding == self.record.findings[step.finding.id]
            assert step.finding.history[-1].kind is step.kind
            self.told.setdefault(step.finding.id, []).append((step.kind, step.finding))

    @rule(violations=CERTAIN, doubts=st.lists(DOUBTS, max_size=2), cause=CAUSES)
    def looks(self, violations: list[Violation], doubts: list[Doubt], cause: Cause | None) -> None:
        self.minute += 1
        self.last = seen(violations, doubts, self.minute)
        before = self.record.findings
        self._take(
            advance(
                self.record,
                self.last,
                now=self._now(),
                cause=cause,
                announce=timedelta(minutes=5),
            )
        )
        for id_, old in before.items():
            gone = self.record.findings[id_].status is Status.RESOLVED
            if gone and old.status is not Status.RESOLVED:
                assert not self.last.may_hide(old.violation)

    @rule(minutes=st.integers(1, 30))
    def time_passes(self, minutes: int) -> None:
        self.minute += minutes

    @precondition(lambda self: self.last is not None)
    @rule()
    def looks_again_at_the_same(self) -> None:
        assert self.last is not None
        first = advance(
            self.record, self.last, now=self._now(), cause=None, announce=timedelta(minutes=5)
        )
        self._take(first)
        again = advance(
            self.record, self.last, now=self._now(), cause=None, announce=timedelta(minutes=5)
        )
        assert again.notice is None
        assert replace(again.record, version=0) == replace(first.record, version=0)

    @rule(who=st.sampled_from(["jane", "joe"]))
    def somebody_acknowledges(self, who: str) -> None:
        self._twice(lambda record: acknowledge(record, list(record.findings), who, self._now()))

    @rule(minutes=st.integers(-5, 60))
    def somebody_waives(self, minutes: int) -> None:
        until = self._now() + timedelta(minutes=minutes)
        waiver = Waiver(reason="launch", owner="jane", until=until, by="jane")
        self._twice(lambda record: waive(record, list(record.findings), waiver, self._now()))

    @rule()
    def somebody_takes_waivers_back(self) -> None:
        self._twice(lambda record: unwaive(record, list(record.findings), "joe", self._now()))

    @rule()
    def the_api_is_deleted(self) -> None:
        self.minute += 1
        self.last = None
        self._take(close(self.record, read_at=self._now(), now=self._now(), cause=CAUSE))
        assert not verdict(self.record)

    def _twice(self, decide: Callable[[ApiRecord], Outcome]) -> None:
        self._take(decide(self.record))
        assert decide(self.record).record is self.record

    def _now(self) -> datetime:
        return later(self.minute * MINUTE)

    @invariant()
    def a_waived_finding_has_its_waiver_and_an_open_one_none(self) -> None:
        for finding in self.record.findings.values():
            if finding.status is Status.WAIVED:
                assert finding.waiver is not None
            elif finding.status is not Status.RESOLVED:
                assert finding.waiver is None

    @invariant()
    def histories_are_bounded_and_in_order(self) -> None:
        for finding in self.record.findings.values():
            times = [mark.at for mark in finding.history]
            assert 0 < len(times) <= HISTORY
            assert times == sorted(times)

    @invariant()
    def ids_are_those_of_their_findings(self) -> None:
        assert all(id_ == finding.id for id_, finding in self.record.findings.items())

    @invariant()
    def nothing_is_told_twice(self) -> None:
        once = {StepKind.OPENED, StepKind.UNDECIDED, StepKind.RESOLVED}
        for told in self.told.values():
            for (kind, before), (next_, after) in pairwise(told):
                assert kind not in once or (kind, before.status) != (next_, after.status)

    @invariant()
    def whoever_heard_everything_knows_what_is_unresolved(self) -> None:
        for id_, finding in self.record.findings.items():
            told = self.told.get(id_)
            assert (open_as(told[-1][1]) if told else None) is open_as(finding)


def open_as(finding: Finding) -> Status | None:
    """What keeps a conversation open: what is less grave than what is told does not."""
    is_told = finding.violation.severity.at_least(ALERT_FROM)
    return finding.status if is_told and finding.status in UNRESOLVED else None


TestLife = Life.TestCase
TestLife.settings = settings(deadline=None, stateful_step_count=25, derandomize=True, database=None)
