"""What people and time do with a finding: acknowledge, waive, take back, and let a waiver end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from tests.builders import API, CAUSE, NOW, evaluation, later, violation

from monitor.evaluation.evaluate import Doubt, Evaluation
from monitor.evaluation.lifecycle import (
    Outcome,
    acknowledge,
    advance,
    close,
    unwaive,
    waive,
)
from monitor.evaluation.resolved import RESOLVED_KEPT, RESOLVED_KEPT_AT_MOST
from monitor.model.access import Scope
from monitor.model.finding import HISTORY, Finding, Severity, Status, StepKind, Waiver
from monitor.model.record import ApiRecord
from monitor.slack.words import STEP_WORDS

DAY = 86_400
NEVER = ApiRecord(api=API)
POLICYS = Waiver(
    reason="partner migration",
    owner="payments",
    until=NOW + timedelta(days=30),
    by="the org policy",
)
JANES = Waiver(reason="launch week", owner="jane", until=NOW + timedelta(days=10), by="jane")
OPEN = evaluation(violation())
NARROW = evaluation(violation(Scope.ANY_AWS_ACCOUNT))
FENCED = evaluation(scope=Scope.CIDRS)
HIDDEN = evaluation(violation(Scope.UNKNOWN), doubts=[Doubt(stage="prod", live=True)])
UNDECIDED = evaluation(
    violation(Scope.UNKNOWN, rule="access-exceeds-policy", title="nobody can say")
)
WAIVED = evaluation(violation(waiver=POLICYS))


def look(stored: ApiRecord, looked: Evaluation, *, days: float = 0, **fields: object) -> Outcome:
    return advance(stored, looked, now=later(days * DAY), cause=None, **fields)  # type: ignore[arg-type]


def found(*looks: Evaluation) -> ApiRecord:
    record = NEVER
    for each in looks:
        record = look(record, each).record
    return record


def ids(record: ApiRecord) -> Iterable[str]:
    return record.findings.keys()


def only(outcome: Outcome | ApiRecord) -> Finding:
    record = outcome.record if isinstance(outcome, Outcome) else outcome
    (finding,) = record.findings.values()
    return finding


def told(outcome: Outcome) -> list[StepKind]:
    return [step.kind for step in outcome.notice.steps] if outcome.notice else []


def past(outcome: Outcome) -> list[tuple[StepKind, str]]:
    return [(mark.kind, mark.who) for mark in only(outcome).history]


# --- acknowledged ------------------------------------------------------------------------------


def test_an_acknowledgement_says_who_and_when_and_is_told_once() -> None:
    opened = found(OPEN)

    outcome = acknowledge(opened, ids(opened), "jane", later(60))

    mark = only(outcome).acknowledged
    assert mark is not None
    assert (mark.who, mark.at) == ("jane", later(60))
    assert told(outcome) == [StepKind.ACKNOWLEDGED]
    assert only(outcome).status is Status.OPEN
    assert past(outcome) == [(StepKind.OPENED, ""), (StepKind.ACKNOWLEDGED, "jane")]
    again = acknowledge(outcome.record, ids(opened), "joe", later(90))
    assert again.record is outcome.record
    assert again.notice is None


def test_a_decision_about_what_is_not_there_changes_nothing() -> None:
    closed = found(OPEN, FENCED)

    for decided in (
        acknowledge(closed, [*ids(closed), "gw-unknown"], "jane", NOW),
        waive(closed, ids(closed), JANES, NOW),
        unwaive(closed, ids(closed), "jane", NOW),
    ):
        assert decided.record is closed
        assert decided.notice is None


def test_wider_or_graver_than_what_was_acknowledged_loses_the_mark_and_is_told() -> None:
    severe = evaluation(violation(Scope.ANY_AWS_ACCOUNT, severity=Severity.CRITICAL))
    mild = evaluation(violation(Scope.ANY_AWS_ACCOUNT, severity=Severity.HIGH))
    for before, after in ((NARROW, OPEN), (mild, severe)):
        seen = found(before)
        seen = acknowledge(seen, ids(seen), "jane", NOW).record

        widened = look(seen, after)

        assert told(widened) == [StepKind.WIDENED]
        assert only(widened).acknowledged is None


def test_more_routes_of_the_same_width_keep_the_mark() -> None:
    seen = found(OPEN)
    seen = acknowledge(seen, ids(seen), "jane", NOW).record

    outcome = look(seen, evaluation(violation(routes=("GET /orders", "PUT /orders"))))

    assert told(outcome) == []
    assert only(outcome).acknowledged is not None


def test_a_reopened_finding_has_to_be_acknowledged_anew() -> None:
    seen = found(OPEN)
    seen = acknowledge(seen, ids(seen), "jane", NOW).record

    reopened = look(look(seen, FENCED).record, OPEN)

    assert told(reopened) == [StepKind.REOPENED]
    assert only(reopened).acknowledged is None


# --- waived by a person ------------------------------------------------------------------------


def test_a_waived_finding_is_not_unresolved_and_says_who_accepts_it() -> None:
    opened = found(OPEN)

    outcome = waive(opened, ids(opened), JANES, later(60))

    assert told(outcome) == [StepKind.WAIVED]
    assert outcome.notice is not None
    assert outcome.notice.unresolved == ()
    assert (only(outcome).status, only(outcome).waiver) == (Status.WAIVED, JANES)
    assert past(outcome)[-1] == (StepKind.WAIVED, "jane")
    assert waive(outcome.record, ids(opened), JANES, later(61)).record is outcome.record
    assert told(look(outcome.record, OPEN)) == []


def test_a_waiver_that_is_over_waives_nothing() -> None:
    opened = found(OPEN)

    assert waive(opened, ids(opened), replace(JANES, until=NOW), NOW).record is opened


def test_a_waiver_is_announced_once_and_reopens_when_it_ends() -> None:
    opened = found(OPEN)
    waived = waive(opened, ids(opened), JANES, NOW).record

    early = look(waived, OPEN, days=2)
    soon = look(early.record, OPEN, days=4)
    again = look(soon.record, OPEN, days=5)
    over = look(again.record, OPEN, days=10)

    assert [told(each) for each in (early, soon, again, over)] == [
        [],
        [StepKind.WAIVER_ENDS],
        [],
        [StepKind.REOPENED],
    ]
    assert only(soon).status is Status.WAIVED
    assert (only(over).status, only(over).reopened, only(over).waiver) == (Status.OPEN, 1, None)
    assert told(look(over.record, OPEN, days=11)) == []


def test_a_longer_waiver_is_announced_anew() -> None:
    opened = found(OPEN)
    record = look(waive(opened, ids(opened), JANES, NOW).record, OPEN, days=4).record
    longer = replace(JANES, until=NOW + timedelta(days=40))

    renewed = waive(record, ids(record), longer, later(5 * DAY)).record

    assert told(look(renewed, OPEN, days=6)) == []
    assert told(look(renewed, OPEN, days=35)) == [StepKind.WAIVER_ENDS]


def test_how_long_before_its_end_it_is_announced_can_be_said() -> None:
    opened = found(OPEN)
    waived = waive(opened, ids(opened), JANES, NOW).record

    assert told(look(waived, OPEN, days=2, announce=timedelta(days=8))) == [StepKind.WAIVER_ENDS]
    assert told(look(waived, OPEN, days=9.5, announce=timedelta(0))) == []


def test_a_waiver_taken_back_leaves_the_finding_open() -> None:
    opened = found(OPEN)
    waived = waive(opened, ids(opened), JANES, NOW).record

    outcome = unwaive(waived, ids(waived), "joe", later(60))

    assert told(outcome) == [StepKind.UNWAIVED]
    assert (only(outcome).status, only(outcome).waiver) == (Status.OPEN, None)
    assert past(outcome)[-1] == (StepKind.UNWAIVED, "joe")
    assert unwaive(outcome.record, ids(waived), "joe", later(61)).record is outcome.record


def test_what_was_accepted_is_not_what_got_wider() -> None:
    seen = found(NARROW)
    waived = waive(seen, ids(seen), JANES, NOW).record

    widened = look(waived, OPEN)

    assert told(widened) == [StepKind.WIDENED]
    assert (only(widened).status, only(widened).waiver) == (Status.OPEN, None)


def test_a_waiver_outlives_a_resolution_but_not_its_end() -> None:
    opened = found(OPEN)
    closed = look(waive(opened, ids(opened), JANES, NOW).record, FENCED).record

    back, late = look(closed, OPEN, days=1), look(closed, OPEN, days=11)

    assert (only(closed).status, only(back).status) == (Status.RESOLVED, Status.WAIVED)
    assert told(back) == []
    assert (only(late).status, told(late)) == (Status.OPEN, [StepKind.REOPENED])


def test_a_waiver_ends_although_the_api_cannot_be_read() -> None:
    opened = found(OPEN)
    waived = waive(opened, ids(opened), JANES, NOW).record

    dark = look(waived, HIDDEN, days=11)

    statuses = sorted(finding.status for finding in dark.record.findings.values())
    assert statuses == [Status.OPEN, Status.UNKNOWN]
    assert set(told(dark)) == {StepKind.OPENED, StepKind.REOPENED}


# --- waived by the org policy ------------------------------------------------------------------


def test_what_the_org_policy_waives_from_the_start_is_not_told() -> None:
    outcome = look(NEVER, WAIVED)

    assert told(outcome) == []
    assert (only(outcome).status, only(outcome).waiver) == (Status.WAIVED, POLICYS)


def test_an_open_finding_that_the_org_policy_waives_is_told_and_comes_back_without_it() -> None:
    waived = look(found(OPEN), WAIVED)
    taken_out = look(waived.record, OPEN)

    assert told(waived) == [StepKind.WAIVED]
    assert past(waived)[-1] == (StepKind.WAIVED, "the org policy")
    assert told(taken_out) == [StepKind.REOPENED]
    assert only(taken_out).status is Status.OPEN


def test_the_org_policys_waiver_ends_as_a_persons_does() -> None:
    waived = found(WAIVED)

    assert told(look(waived, WAIVED, days=25)) == [StepKind.WAIVER_ENDS]
    over = look(waived, WAIVED, days=30)
    assert told(over) == [StepKind.REOPENED]
    assert only(over).waiver is None


def test_the_org_policys_waiver_stands_behind_a_persons() -> None:
    both = found(OPEN)
    both = look(waive(both, ids(both), JANES, NOW).record, WAIVED).record

    assert only(both).waiver == JANES
    assert only(look(both, WAIVED, days=11)).waiver == POLICYS
    taken_back = unwaive(both, ids(both), "joe", NOW)
    assert (only(taken_back).status, only(taken_back).waiver) == (Status.WAIVED, POLICYS)
    assert unwaive(taken_back.record, ids(both), "joe", NOW).record is taken_back.record


def test_the_org_policy_waives_what_it_names_however_wide() -> None:
    narrow = found(evaluation(violation(Scope.ANY_AWS_ACCOUNT, waiver=POLICYS)))

    widened = look(narrow, WAIVED)

    assert told(widened) == []
    assert past(widened)[-1][0] is StepKind.WIDENED


# --- undecided ---------------------------------------------------------------------------------


def test_open_and_undecided_are_one_finding_that_turns() -> None:
    unsure = look(found(OPEN), UNDECIDED)
    still = look(unsure.record, UNDECIDED)
    sure = look(still.record, OPEN)

    assert told(unsure) == [StepKind.UNDECIDED]
    assert only(unsure).status is Status.UNKNOWN
    assert told(still) == []
    assert told(sure) == [StepKind.OPENED]
    assert only(sure).reopened == 0
    assert told(look(unsure.record, FENCED)) == [StepKind.RESOLVED]


def test_what_is_there_counts_more_than_what_cannot_be_told_at_the_same_place() -> None:
    (sure,), (unsure,) = OPEN.violations, UNDECIDED.violations
    for both in ((sure, unsure), (unsure, sure)):
        assert only(look(NEVER, evaluation(*both))).status is Status.OPEN


# --- what is not told --------------------------------------------------------------------------


def test_who_is_behind_a_lesser_finding_is_kept_and_not_told() -> None:
    lesser = evaluation(
        violation(Scope.NOBODY, rule="stage-logging", severity=Severity.LOW, witness=None)
    )
    seen = found(lesser)

    outcome = advance(seen, lesser, now=later(60), cause=CAUSE)

    assert told(outcome) == []
    assert only(outcome).change == CAUSE
    assert past(outcome)[-1] == (StepKind.ATTRIBUTED, CAUSE.who)


def test_a_stage_that_opens_does_not_widen_findings_about_other_things() -> None:
    def logging(scope: Scope) -> Evaluation:
        return evaluation(violation(scope, rule="stage-logging", witness=None))

    assert told(look(found(logging(Scope.CIDRS)), logging(Scope.INTERNET))) == []


def test_what_is_too_light_is_not_told_and_what_becomes_so_is_told_once() -> None:
    medium = evaluation(violation(Scope.CIDRS, severity=Severity.MEDIUM))
    light = evaluation(violation(Scope.CIDRS, severity=Severity.INFO))

    opened = look(NEVER, light)
    graver = look(opened.record, medium)
    lowered = look(graver.record, light)

    assert told(opened) == []
    assert told(graver) == [StepKind.WIDENED]
    assert told(lowered) == [StepKind.LOWERED]
    assert lowered.notice is not None
    assert lowered.notice.unresolved == ()
    assert told(look(lowered.record, light)) == []
    assert told(look(lowered.record, FENCED)) == []
    assert told(look(NEVER, light, alert_from=Severity.INFO)) == [StepKind.OPENED]


def test_every_step_has_its_words() -> None:
    assert STEP_WORDS.keys() == set(StepKind)


# --- bounds ------------------------------------------------------------------------------------


def test_the_history_keeps_the_latest_marks() -> None:
    record = found(*[OPEN, FENCED] * HISTORY)

    assert len(only(record).history) == HISTORY
    assert only(record).history[-1].kind is StepKind.RESOLVED
    assert only(record).reopened == HISTORY - 1


def test_resolved_findings_do_not_fill_the_record() -> None:
    record = NEVER
    for number in range(RESOLVED_KEPT_AT_MOST + 20):
        record = look(record, evaluation(violation(stage=f"pr-{number}")), days=number / 100).record

    assert len(record.findings) == RESOLVED_KEPT_AT_MOST + 1
    assert "pr-119" in {finding.violation.stage for finding in record.findings.values()}
    much_later = RESOLVED_KEPT.days + 10
    assert len(look(record, FENCED, days=much_later).record.findings) == 1


def test_a_late_look_changes_nothing() -> None:
    stored = look(NEVER, FENCED).record
    late = replace(OPEN, snapshot=replace(OPEN.snapshot, read_at=later(-5)))

    assert look(stored, late).record is stored
    assert close(stored, read_at=later(-5), now=NOW, cause=None).record is stored


def test_a_deleted_api_closes_waived_and_unknown_findings_too() -> None:
    record = found(HIDDEN, OPEN)
    record = waive(record, [f.id for f in record.findings.values() if f.status is Status.OPEN],
        JANES, NOW).record  # fmt: skip

    gone = close(record, read_at=later(60), now=later(60), cause=CAUSE)

    assert {finding.status for finding in gone.record.findings.values()} == {Status.RESOLVED}
    assert close(gone.record, read_at=later(61), now=later(61), cause=None).notice is None
