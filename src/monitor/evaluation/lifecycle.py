"""The life of findings: what is stored + what was found now -> what changed.

Pure, so that a repeat, a replay or another order of looks ends in the same state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.evaluation.evaluate import Evaluation
from monitor.model.access import Scope, widest
from monitor.model.api import ApiId
from monitor.model.finding import Cause, Finding, Status, Violation, finding_id
from monitor.model.notice import Notice, Step, StepKind
from monitor.model.record import ApiRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The record to store next, and what has to be told; `notice` None = nothing happened."""

    record: ApiRecord
    notice: Notice | None


def advance(
    stored: ApiRecord, looked: Evaluation, *, now: datetime, cause: Cause | None
) -> Outcome:
    """What one look at an API makes of what was known of it."""
    snapshot = looked.snapshot
    fresh = {finding_id(snapshot.api, v): v for v in looked.violations}
    steps: list[Step] = []
    findings: dict[str, Finding] = {}
    for id_, violation in fresh.items():
        finding, kind = _seen(
            stored.findings.get(id_), _finding(id_, snapshot.api, snapshot.name, violation, now),
            cause,
        )  # fmt: skip
        findings[id_] = finding
        if kind:
            steps.append(Step(kind=kind, finding=finding))
    for id_, old in stored.findings.items():
        if id_ in fresh:
            continue
        if old.status is Status.RESOLVED or any(
            doubt.covers(old.violation) for doubt in looked.doubts
        ):
            findings[id_] = old
        else:
            findings[id_] = replace(old, status=Status.RESOLVED, last_seen=now)
            steps.append(_resolved(findings[id_]))
    record = ApiRecord(
        api=snapshot.api,
        version=stored.version + 1,
        read_at=snapshot.read_at,
        name=snapshot.name or stored.name,
        scope=Scope.UNKNOWN if looked.is_blind else looked.access.scope,
        findings=findings,
    )
    return _outcome(stored, record, steps, now=now, cause=cause)


def close(stored: ApiRecord, *, read_at: datetime, now: datetime, cause: Cause | None) -> Outcome:
    """The API is gone: so is every problem with it."""
    findings = {
        id_: old
        if old.status is Status.RESOLVED
        else replace(old, status=Status.RESOLVED, last_seen=now)
        for id_, old in stored.findings.items()
    }
    steps = [
        _resolved(findings[id_])
        for id_, old in stored.findings.items()
        if old.status is not Status.RESOLVED
    ]
    record = replace(
        stored,
        version=stored.version + 1,
        read_at=read_at,
        scope=Scope.NOBODY,
        findings=findings,
    )
    return _outcome(stored, record, steps, now=now, cause=cause)


def unresolved(findings: Mapping[str, Finding]) -> Iterator[Finding]:
    """Findings somebody still has to do something about: open or unknown."""
    return (f for f in findings.values() if f.status in (Status.OPEN, Status.UNKNOWN))


def _finding(id_: str, api: ApiId, name: str, violation: Violation, now: datetime) -> Finding:
    return Finding(
        id=id_,
        api=api,
        api_name=name,
        violation=violation,
        status=violation.status,
        first_seen=now,
        last_seen=now,
    )


def _seen(
    old: Finding | None, new: Finding, cause: Cause | None
) -> tuple[Finding, StepKind | None]:
    cause = _blamed(new.violation, cause)
    if old is None:
        return replace(new, change=cause), StepKind.OPENED
    kept = replace(new, first_seen=old.first_seen, reopened=old.reopened, change=old.change)
    if old.status is Status.RESOLVED:
        return replace(kept, reopened=old.reopened + 1, change=cause), StepKind.REOPENED
    before, after = old.violation.scope, new.violation.scope
    if before is not after and widest(before, after) is after:
        return replace(kept, change=cause or old.change), StepKind.WIDENED
    if old.change is None and _came_late(cause, old):
        return replace(kept, change=cause), StepKind.ATTRIBUTED
    return kept, None


def _blamed(violation: Violation, cause: Cause | None) -> Cause | None:
    """The change, if it can have had this effect. A look can see what a change did whose event is
    still on its way; blaming the events at hand for it would name the wrong person."""
    return cause if cause is None or cause.acts_at_once or not violation.live else None


def _came_late(cause: Cause | None, finding: Finding) -> bool:
    return (
        cause is not None
        and cause.event_time is not None
        and cause.event_time <= finding.first_seen
    )


def _blamed_for(steps: list[Step], cause: Cause | None) -> Cause | None:
    return next((c for step in steps if (c := _blamed(step.finding.violation, cause))), None)


def _resolved(finding: Finding) -> Step:
    return Step(kind=StepKind.RESOLVED, finding=finding)


def _outcome(
    stored: ApiRecord,
    record: ApiRecord,
    steps: list[Step],
    *,
    now: datetime,
    cause: Cause | None,
) -> Outcome:
    if not steps:
        return Outcome(record=record, notice=None)
    notice = Notice(
        api=record.api,
        api_name=record.name,
        sequence=record.version,
        made_at=now,
        steps=tuple(steps),
        unresolved=tuple(unresolved(record.findings)),
        scope_before=stored.scope,
        scope_now=record.scope or Scope.UNKNOWN,
        cause=_blamed_for(steps, cause),
    )
    return Outcome(record=record, notice=notice)
