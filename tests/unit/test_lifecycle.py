"""The life of a finding, as a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import API, CAUSE, NOW, evaluation, later, rest_api, violation

from monitor.evaluation.evaluate import Doubt, Evaluation
from monitor.evaluation.lifecycle import Outcome, advance, close
from monitor.model.access import Scope
from monitor.model.finding import Finding, Severity, Status
from monitor.model.notice import StepKind
from monitor.model.record import ApiRecord

OPEN = evaluation(violation())
FENCED = evaluation(scope=Scope.CIDRS)
IN_PROD = Doubt(stage="prod", live=True)
UNKNOWN = evaluation(
    violation(Scope.UNKNOWN), doubts=[Doubt(stage="prod", live=True)], scope=Scope.UNKNOWN
)
NEVER = ApiRecord(api=API)


def live(*looks: Evaluation, stored: ApiRecord = NEVER) -> list[Outcome]:
    """The outcomes of one look after the other, a minute apart."""
    outcomes = []
    for minute, look in enumerate(looks):
        outcomes.append(advance(stored, look, now=later(60 * minute), cause=CAUSE))
        stored = outcomes[-1].record
    return outcomes


def steps(outcome: Outcome) -> list[tuple[StepKind, Status]]:
    found = outcome.notice.steps if outcome.notice else ()
    return [(step.kind, step.finding.status) for step in found]


def only(outcome: Outcome) -> Finding:
    (finding,) = outcome.record.findings.values()
    return finding


def test_a_new_problem_opens_and_names_its_cause() -> None:
    (outcome,) = live(OPEN)

    assert steps(outcome) == [(StepKind.OPENED, Status.OPEN)]
    assert only(outcome).change == CAUSE
    assert outcome.notice is not None
    assert outcome.notice.scope_before is None
    assert outcome.notice.scope_now is Scope.INTERNET
    assert outcome.notice.sequence == outcome.record.version == 1


REMARK = violation(rule="stage-access-logging-off", severity=Severity.INFO)


def test_a_remark_is_kept_and_closed_without_a_word() -> None:
    opened, closed = live(evaluation(REMARK), evaluation(scope=Scope.CIDRS))

    assert (opened.notice, closed.notice) == (None, None)
    assert only(opened).status is Status.OPEN
    assert only(closed).status is Status.RESOLVED
    assert [mark.kind for mark in only(closed).history] == [StepKind.OPENED, StepKind.RESOLVED]


def test_a_conversation_is_over_although_remarks_are_left() -> None:
    opened, closed = live(evaluation(violation(), REMARK), evaluation(REMARK, scope=Scope.CIDRS))

    assert opened.notice is not None
    assert [one.violation.severity is Severity.INFO for one in opened.notice.unresolved] == [False]
    assert closed.notice is not None
    assert closed.notice.unresolved == ()
    assert steps(closed) == [(StepKind.RESOLVED, Status.RESOLVED)]


def test_the_same_look_again_says_nothing_and_keeps_first_seen() -> None:
    _, again = live(OPEN, OPEN)

    assert again.notice is None
    assert (only(again).first_seen, only(again).last_seen) == (NOW, later(60))


def test_closing_it_resolves_and_opening_it_again_reopens() -> None:
    _, closed, reopened = live(OPEN, FENCED, OPEN)

    assert steps(closed) == [(StepKind.RESOLVED, Status.RESOLVED)]
    assert closed.notice is not None
    assert closed.notice.unresolved == ()
    assert steps(reopened) == [(StepKind.REOPENED, Status.OPEN)]
    assert only(reopened).reopened == 1
    assert only(reopened).first_seen == NOW


def test_what_could_not_be_read_resolves_nothing() -> None:
    _, dark, closed = live(OPEN, UNKNOWN, FENCED)

    statuses = sorted(finding.status for finding in dark.record.findings.values())
    assert statuses == [Status.OPEN, Status.UNKNOWN]
    assert steps(dark) == [(StepKind.OPENED, Status.UNKNOWN)]
    assert [kind for kind, _ in steps(closed)] == [StepKind.RESOLVED, StepKind.RESOLVED]


def test_an_api_that_cannot_be_read_at_all_keeps_every_finding() -> None:
    dark = evaluation(violation(Scope.UNKNOWN, stage=""), doubts=[Doubt()])

    _, outcome = live(OPEN, dark)

    assert {finding.status for finding in outcome.record.findings.values()} == {
        Status.OPEN,
        Status.UNKNOWN,
    }
    assert outcome.record.scope is Scope.UNKNOWN


def test_a_wider_scope_is_told_a_narrower_one_is_not() -> None:
    narrow = evaluation(violation(Scope.ANY_AWS_ACCOUNT))

    _, widened, narrowed = live(narrow, OPEN, narrow)

    assert steps(widened) == [(StepKind.WIDENED, Status.OPEN)]
    assert narrowed.notice is None


def test_other_routes_and_another_deployment_are_the_same_finding() -> None:
    moved = evaluation(violation(routes=("GET /a", "PUT /b"), deployment_id="d2"))

    _, outcome = live(OPEN, moved)

    assert outcome.notice is None
    assert only(outcome).violation.routes == ("GET /a", "PUT /b")


def test_stages_have_findings_of_their_own() -> None:
    both = evaluation(violation(), violation(stage="test"))

    (outcome,) = live(both)

    assert len(outcome.record.findings) == 2


def test_a_deleted_api_closes_what_was_open() -> None:
    (opened,) = live(OPEN)

    gone = close(opened.record, read_at=later(60), now=later(60), cause=CAUSE)

    assert steps(gone) == [(StepKind.RESOLVED, Status.RESOLVED)]
    again = close(gone.record, read_at=later(90), now=later(90), cause=None)
    assert again.notice is None


def test_an_edit_of_the_draft_is_not_blamed_for_what_is_live() -> None:
    """The look for the edit saw a deployment whose own event was still on its way."""
    draft_edit = replace(CAUSE, event_name="UpdateRestApi", acts_at_once=False)
    seen = advance(NEVER, OPEN, now=later(0), cause=draft_edit)

    assert only(seen).change is None
    assert seen.notice is not None
    assert seen.notice.cause is None
    told = advance(seen.record, OPEN, now=later(20), cause=CAUSE)
    assert steps(told) == [(StepKind.ATTRIBUTED, Status.OPEN)]
    assert only(told).change == CAUSE
    assert advance(told.record, OPEN, now=later(40), cause=CAUSE).notice is None


def test_a_deployment_is_not_blamed_for_what_is_in_the_draft() -> None:
    """The look for an earlier deployment saw an edit whose own event was still on its way."""
    draft = evaluation(replace(violation(), live=False))
    seen = advance(NEVER, draft, now=later(0), cause=CAUSE)
    assert only(seen).change is None

    edit = replace(CAUSE, event_name="UpdateRestApi", event_id="e-2", acts_at_once=False)
    told = advance(seen.record, draft, now=later(20), cause=CAUSE, edit=edit)
    assert only(told).change == edit

    gone = advance(told.record, FENCED, now=later(40), cause=CAUSE, edit=edit)
    assert gone.notice is not None
    assert gone.notice.cause == CAUSE, "to deploy a draft ends what was wrong with it"


def test_a_change_made_after_the_finding_did_not_cause_it() -> None:
    seen = advance(NEVER, OPEN, now=later(0), cause=None)
    afterwards = replace(CAUSE, event_time=later(60))

    again = advance(seen.record, OPEN, now=later(90), cause=afterwards)

    assert again.notice is None
    assert only(again).change is None


LOOKS = st.sampled_from([OPEN, FENCED, UNKNOWN])


@given(st.lists(LOOKS, min_size=1, max_size=8), st.data())
def test_repeating_any_look_changes_nothing_and_tells_nothing(
    looks: Sequence[Evaluation], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(looks) - 1))
    doubled = [*looks[: place + 1], looks[place], *looks[place + 1 :]]

    once, twice = live(*looks)[-1], live(*doubled)

    assert twice[place + 1].notice is None
    assert [_timeless(f) for f in twice[-1].record.findings.values()] == [
        _timeless(f) for f in once.record.findings.values()
    ]


@given(st.lists(LOOKS, min_size=1, max_size=8))
def test_an_open_finding_never_vanishes(looks: Sequence[Evaluation]) -> None:
    for before, after in zip(outcomes := live(*looks), outcomes[1:], strict=False):
        assert before.record.findings.keys() <= after.record.findings.keys()


def _timeless(finding: Finding) -> Finding:
    history = tuple(replace(mark, at=NOW) for mark in finding.history)
    return replace(finding, first_seen=NOW, last_seen=NOW, history=history)


@pytest.mark.parametrize("look", [OPEN, FENCED, UNKNOWN])
def test_the_record_says_when_its_snapshot_was_read(look: Evaluation) -> None:
    moved = replace(look, snapshot=rest_api(read_at=later(7)))

    assert advance(NEVER, moved, now=later(9), cause=None).record.read_at == later(7)
