"""What a notice asks of the remediator without anybody's word: only what the org policy lets run
by itself. The remediator asks the policy again, and keeps its own limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.model.finding import Finding, Status
from monitor.model.notice import Notice, StepKind
from monitor.orgpolicy.remedies import Mode
from monitor.orgpolicy.schema import OrgPolicy

NAME = 1000
"""Characters that the remediator takes of a name; a session's name comes from outside."""

_WORSE = frozenset({StepKind.OPENED, StepKind.REOPENED, StepKind.WIDENED})


def automatic_requests(notice: Notice, policy: OrgPolicy) -> Iterator[dict[str, Any]]:
    """Messages for the remediator's queue, that of the gravest finding first."""
    found = [step.finding for step in notice.steps if step.kind in _WORSE]
    for finding in sorted(found, key=lambda one: one.violation.severity.rank):
        remedy = _runs_by_itself(finding, notice, policy)
        if remedy is not None:
            yield {
                "schema": "gatewatch.remediation-request/1",
                "step": "plan",
                "api_id": notice.api.api_id,
                "finding_id": finding.id,
                "action": remedy,
                "requested_by": "the org policy",
                "automatic": True,
                "changed_by": finding.change.who[:NAME] if finding.change else "",
            }


def _runs_by_itself(finding: Finding, notice: Notice, policy: OrgPolicy) -> str | None:
    """The first remedy of what is open and served that the org policy calls automatic."""
    violation = finding.violation
    if finding.status is not Status.OPEN or not violation.live:
        return None
    return next(
        (
            id_
            for id_ in violation.remediations
            if policy.remediations.mode_of(
                id_, rule=violation.rule, classes=violation.classes, tags=notice.tags
            )
            is Mode.AUTO
        ),
        None,
    )
