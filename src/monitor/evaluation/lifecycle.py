"""The life of findings: what is stored + what was found now -> what changed.

Pure, so that a repeat, a replay or a late look ends in the same state and is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.evaluation.evaluate import Evaluation
from monitor.evaluation.resolved import without_the_oldest
from monitor.evaluation.standing import claims_more
from monitor.evaluation.width import is_about_access, is_wider
from monitor.model.access import Scope
from monitor.model.finding import (
    Acknowledgement,
    Cause,
    Finding,
    Severity,
    Status,
    Violation,
    Waiver,
    finding_id,
)
from monitor.model.notice import Notice, Step, StepKind
from monitor.model.record import ApiRecord
from monitor.rules.class_widened import ID as CLASS_WIDENED

ANNOUNCE = timedelta(days=7)
"""How long before a waiver's end it is announced, where the org policy does not say."""

IN_FLIGHT = timedelta(hours=1)
"""How late the event of a change may come that the baseline saw before it."""


PUBLISHES = frozenset({"CreateDeployment"})
"""Changes that put a draft before callers: they end what is wrong with it, and begin nothing."""

ALERT_FROM = Severity.LOW
"""The least severity that is told, where the org policy does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The record to store next, and what has to be told; `notice` None = nothing has to be.
    The record that was given = there is nothing to store either."""

    record: ApiRecord
    notice: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What applies to all findings of one look. `settled`: the rules whose baseline was told; what
    others find for the first time, and no change explains, waits for the summary. `claims_more`:
    the API was moved to a still wider class of the org policy. `alert_from`: what is less grave
    than that is nobody's alert. `edit`: the change that deployments leave to be blamed for a draft.
    """

    now: datetime
    cause: Cause | None
    edit: Cause | None = None
    alert_from: Severity = ALERT_FROM
    announce: timedelta = ANNOUNCE
    settled: Collection[str] | None = None
    claims_more: bool = False

    def blames(self, violation: Violation, *, gone: bool = False) -> Cause | None:
        """The change, if it can have had this effect. A look can see what a change did whose event
        is still on its way; blaming the events at hand for it would name the wrong person."""
        if violation.rule == CLASS_WIDENED:
            return violation.caused_by
        cause = self.cause
        if cause is not None and cause.event_name in PUBLISHES and not (violation.live or gone):
            return self.edit
        return cause if cause is None or cause.acts_at_once or not violation.live else None

    def tells(self, violation: Violation) -> bool:
        return violation.severity.at_least(self.alert_from)

    def is_baseline(self, violation: Violation) -> bool:
        is_settled = self.settled is None or violation.rule in self.settled
        return not is_settled and self.blames(violation) is None


def advance(
    stored: ApiRecord,
    looked: Evaluation,
    *,
    now: datetime,
    cause: Cause | None,
    edit: Cause | None = None,
    announce: timedelta = ANNOUNCE,
    settled: Collection[str] | None = None,
    alert_from: Severity = ALERT_FROM,
) -> Outcome:
    """What one look at an API makes of what was known of it. A look at an older snapshot than the
    stored one changes nothing.

    `cause`: the change to blame; `edit`: the last that is no deployment, to blame for what is only
    drafted. `announce`: how long before its end a waiver is told of. `settled` None = the baseline
    of every rule was told. `alert_from`: what is less grave makes no step.
    """
    snapshot = looked.snapshot
    if _is_late(stored, snapshot.read_at):
        return Outcome(record=stored)
    look = _Look(
        now=now,
        cause=cause,
        edit=edit,
        alert_from=alert_from,
        announce=announce,
        settled=settled,
        claims_more=claims_more(looked.standing, stored.standing),
    )
    findings: dict[str, Finding] = {}
    steps: list[Step] = []
    for id_, violation in _by_id(looked).items():
        new = Finding(
            id=id_,
            api=snapshot.api,
            api_name=snapshot.name,
            violation=violation,
            status=violation.status,
            first_seen=now,
            last_seen=now,
        )
        findings[id_], told = _seen(stored.findings.get(id_), new, look)
        steps += told
    for id_, old in stored.findings.items():
        if id_ in findings:
            continue
        findings[id_], told = _not_found(old, looked, look)
        steps += told
    record = replace(
        stored,
        version=stored.version + 1,
        read_at=snapshot.read_at,
        name=snapshot.name or stored.name,
        tags=snapshot.tags,
        scope=Scope.UNKNOWN if looked.is_blind else looked.access.scope,
        findings=without_the_oldest(findings, now),
        standing=looked.standing or stored.standing,
    )
    return _outcome(stored, record, steps, look)


def close(stored: ApiRecord, *, read_at: datetime, now: datetime, cause: Cause | None) -> Outcome:
    """The API is gone: so is every problem with it."""
    if _is_late(stored, read_at):
        return Outcome(record=stored)
    look = _Look(now=now, cause=cause)
    findings: dict[str, Finding] = {}
    steps: list[Step] = []
    for id_, old in stored.findings.items():
        findings[id_], told = (old, ()) if old.status is Status.RESOLVED else _gone(old, look)
        steps += told
    record = replace(
        stored,
        version=stored.version + 1,
        read_at=read_at,
        scope=Scope.NOBODY,
        findings=without_the_oldest(findings, now),
    )
    return _outcome(stored, record, steps, look)


def acknowledge(stored: ApiRecord, finding_ids: Iterable[str], who: str, now: datetime) -> Outcome:
    """Somebody has seen these findings and deals with them. The first one's name stays. To have
    seen that an API is in a wider class of the org policy is to accept it."""

    def acknowledged(old: Finding) -> Finding | None:
        if old.acknowledged is not None:
            return None
        return replace(old, acknowledged=Acknowledgement(who=who, at=now))

    outcome = _decided(stored, finding_ids, StepKind.ACKNOWLEDGED, who, now, acknowledged)
    steps = outcome.notice.steps if outcome.notice else ()
    agreed = any(step.finding.violation.rule == CLASS_WIDENED for step in steps)
    if not agreed or stored.standing is None:
        return outcome
    return replace(outcome, record=replace(outcome.record, standing=stored.standing.agreed))


def waive(stored: ApiRecord, finding_ids: Iterable[str], waiver: Waiver, now: datetime) -> Outcome:
    """Somebody accepts these findings until the waiver ends, or until they widen. One that is over
    already changes nothing."""

    def waived(old: Finding) -> Finding | None:
        if old.waiver == waiver or not waiver.lasts(now):
            return None
        return replace(old, waiver=waiver, status=Status.WAIVED)

    return _decided(stored, finding_ids, StepKind.WAIVED, waiver.by, now, waived)


def unwaive(stored: ApiRecord, finding_ids: Iterable[str], who: str, now: datetime) -> Outcome:
    """A person's waiver is withdrawn. What the org policy waives stays waived."""

    def unwaived(old: Finding) -> Finding | None:
        if old.personal_waiver is None:
            return None
        policys = _policys(old.violation, now)
        return replace(old, waiver=policys, status=_status(old.violation, policys))

    return _decided(stored, finding_ids, StepKind.UNWAIVED, who, now, unwaived)


def unresolved(findings: Mapping[str, Finding]) -> Iterator[Finding]:
    """Findings somebody still has to do something about: open or unknown."""
    return (f for f in findings.values() if f.status in (Status.OPEN, Status.UNKNOWN))


def _decided(
    stored: ApiRecord,
    finding_ids: Iterable[str],
    kind: StepKind,
    who: str,
    now: datetime,
    decide: Callable[[Finding], Finding | None],
) -> Outcome:
    """A person's decision on some findings. Those that are unknown here, resolved, or decided so
    already are left as they are."""
    findings = dict(stored.findings)
    steps: list[Step] = []
    for id_ in dict.fromkeys(finding_ids):
        old = findings.get(id_)
        if old is None or old.status is Status.RESOLVED or (new := decide(old)) is None:
            continue
        findings[id_] = new.marked(kind, who, now)
        steps.append(Step(kind=kind, finding=findings[id_]))
    if not steps:
        return Outcome(record=stored)
    record = replace(stored, version=stored.version + 1, findings=findings)
    return _outcome(stored, record, steps, _Look(now=now, cause=None))


def _seen(old: Finding | None, new: Finding, look: _Look) -> tuple[Finding, tuple[Step, ...]]:
    """A finding that is there, and the step to tell. `new` has everything but its past."""
    violation, cause = new.violation, look.blames(new.violation)
    if old is None:
        waiver = _policys(violation, look.now)
        quiet = look.is_baseline(violation)
        new = replace(
            new, change=cause, waiver=waiver, status=_status(violation, waiver), baseline=quiet
        )
        return _told(
            new, StepKind.OPENED, look, tell=not (quiet or waiver) and look.tells(violation)
        )
    wider = is_wider(old.violation, violation)
    if violation.rule == CLASS_WIDENED:
        # Another move than the one that somebody saw, although it is told in the same place.
        wider = wider or look.claims_more or old.status is Status.RESOLVED
    waiver = _in_force(old, violation, look.now, wider=wider)
    status = _status(violation, waiver)
    kept = replace(
        new,
        first_seen=old.first_seen,
        change=old.change,
        reopened=old.reopened,
        acknowledged=old.acknowledged,
        waiver=waiver,
        status=status,
        announced=old.announced,
        history=old.history,
        baseline=old.baseline,
    )
    kind = _what_happened(old, kept, look, wider=wider)
    if kind is None:
        return kept, ()
    # What is less grave than what is told is told all the same if it was more: it ends there.
    was_told = old.status is not Status.RESOLVED and look.tells(old.violation)
    tell = _is_told(kind, old, kept) and (was_told or look.tells(violation))
    if kind in _NEWS:
        came_back = kind is StepKind.REOPENED
        kept = replace(
            kept,
            # The end of a waiver is nobody's change.
            change=cause if old.status is Status.RESOLVED else cause or old.change,
            reopened=old.reopened + came_back,
            acknowledged=None,
            baseline=False,
        )
    elif kind is StepKind.ATTRIBUTED:
        kept = replace(kept, change=cause)
    elif kind is StepKind.WAIVER_ENDS and waiver is not None:
        kept = replace(kept, announced=waiver.until)
    return _told(kept, kind, look, tell=tell)


_NEWS = frozenset({StepKind.OPENED, StepKind.REOPENED, StepKind.WIDENED})
"""After these a finding is another one than was talked about."""


def _what_happened(old: Finding, new: Finding, look: _Look, *, wider: bool) -> StepKind | None:
    if old.status is Status.RESOLVED:
        return StepKind.REOPENED
    if wider and (new.status is old.status or new.status is not Status.WAIVED):
        return StepKind.WIDENED
    if old.status is not new.status:
        return _turned(old.status, new.status)
    if look.tells(old.violation) and not look.tells(new.violation):
        return StepKind.LOWERED
    if old.change is None and _came_late(look.blames(new.violation), old):
        # What the baseline held for old has a change behind it that is not.
        return StepKind.OPENED if old.baseline else StepKind.ATTRIBUTED
    if new.waiver and new.waiver.until - look.now <= look.announce:
        return StepKind.WAIVER_ENDS if old.announced != new.waiver.until else None
    return None


def _turned(before: Status, after: Status) -> StepKind:
    if after is Status.WAIVED:
        return StepKind.WAIVED
    if before is Status.WAIVED:
        return StepKind.REOPENED
    return StepKind.OPENED if after is Status.OPEN else StepKind.UNDECIDED


def _is_told(kind: StepKind, old: Finding, new: Finding) -> bool:
    """Nobody has to hear of what stays waived, of the author of a lesser finding, nor that the org
    policy waives what only the summary of the baseline told."""
    if kind in (StepKind.WAIVED, StepKind.LOWERED) and old.baseline:
        return False
    if kind is StepKind.WAIVED:
        return True
    if kind is StepKind.ATTRIBUTED:
        return is_about_access(new.violation) or new.violation.severity.at_least(Severity.HIGH)
    return kind is StepKind.WAIVER_ENDS or new.status is not Status.WAIVED


def _not_found(old: Finding, looked: Evaluation, look: _Look) -> tuple[Finding, tuple[Step, ...]]:
    """A finding that this look did not find: over, unless something hides it."""
    if old.status is Status.RESOLVED:
        return old, ()
    if looked.may_hide(old.violation):
        # Nobody saw it go, but its waiver may have ended.
        return _seen(old, replace(old, status=old.violation.status), look)
    return _gone(old, look)


def _gone(old: Finding, look: _Look) -> tuple[Finding, tuple[Step, ...]]:
    new = replace(
        old,
        status=Status.RESOLVED,
        last_seen=look.now,
        acknowledged=None,
        waiver=old.personal_waiver,
        baseline=False,
    )
    return _told(
        new,
        StepKind.RESOLVED,
        look,
        tell=old.status is not Status.WAIVED and look.tells(old.violation),
    )


def _told(
    finding: Finding, kind: StepKind, look: _Look, *, tell: bool
) -> tuple[Finding, tuple[Step, ...]]:
    marked = finding.marked(kind, _author(finding, kind, look), look.now)
    return marked, (Step(kind=kind, finding=marked),) if tell else ()


def _author(finding: Finding, kind: StepKind, look: _Look) -> str:
    if kind is StepKind.WAIVED and finding.waiver is not None:
        return finding.waiver.by
    cause = look.blames(finding.violation, gone=kind is StepKind.RESOLVED)
    return cause.who if cause is not None and kind is not StepKind.WAIVER_ENDS else ""


def _in_force(old: Finding, violation: Violation, now: datetime, *, wider: bool) -> Waiver | None:
    """A person's waiver holds for what they saw; the org policy's for whatever it names."""
    personal = old.personal_waiver
    if personal is not None and not wider and personal.lasts(now):
        return personal
    return _policys(violation, now)


def _policys(violation: Violation, now: datetime) -> Waiver | None:
    waiver = violation.waiver
    return waiver if waiver is not None and waiver.lasts(now) else None


def _status(violation: Violation, waiver: Waiver | None) -> Status:
    return violation.status if waiver is None else Status.WAIVED


def _came_late(cause: Cause | None, finding: Finding) -> bool:
    if cause is None or cause.event_time is None or cause.event_time > finding.first_seen:
        return False
    return not finding.baseline or finding.first_seen - cause.event_time <= IN_FLIGHT


def _is_late(stored: ApiRecord, read_at: datetime) -> bool:
    return stored.read_at is not None and stored.read_at > read_at


def _by_id(looked: Evaluation) -> Mapping[str, Violation]:
    """A rule can say of one place that something is there, and that something else cannot be told:
    what is there counts."""
    found: dict[str, Violation] = {}
    for violation in looked.violations:
        id_ = finding_id(looked.snapshot.api, violation)
        if id_ not in found or found[id_].status is Status.UNKNOWN:
            found[id_] = violation
    return found


def _outcome(stored: ApiRecord, record: ApiRecord, steps: list[Step], look: _Look) -> Outcome:
    if not steps:
        return Outcome(record=record)
    blamed = (
        look.blames(step.finding.violation, gone=step.kind is StepKind.RESOLVED) for step in steps
    )
    notice = Notice(
        api=record.api,
        api_name=record.name,
        sequence=record.version,
        made_at=look.now,
        steps=tuple(steps),
        unresolved=tuple(one for one in unresolved(record.findings) if look.tells(one.violation)),
        scope_before=stored.scope,
        scope_now=record.scope or Scope.UNKNOWN,
        tags=record.tags,
        cause=next((cause for cause in blamed if cause is not None), None),
    )
    return Outcome(record=record, notice=notice)
