"""Whether a stage, as it is or as it would be, is what the org policy allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitor.evaluation.evaluate import Evaluation, evaluate
from monitor.model.access import ApiAccess
from monitor.model.api import ApiSnapshot
from monitor.model.callers import CallerSet
from monitor.model.record import ApiRecord
from monitor.orgpolicy.schema import OrgPolicy
from monitor.rules import access_exceeds_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`because` says what keeps a stage from being compliant; empty if it is. `allowed`: who may
    call the API by the org policy, None where that is no set of callers."""

    access: ApiAccess
    compliant: bool
    because: str = ""
    allowed: CallerSet | None = None


Judge = Callable[[ApiSnapshot], Judgement]


def judge(
    snapshot: ApiSnapshot,
    policy: OrgPolicy,
    *,
    stage: str,
    now: datetime,
    before: ApiRecord | None = None,
) -> Judgement:
    """Compliant: nobody gets in whom the org policy does not allow, and nothing is undecided.

    `before`: what is stored of the API, for its class where tags do not count.
    """
    evaluation = evaluate(snapshot, policy, now=now, before=before)
    because = _exceeded(evaluation, stage) or _undecided(evaluation, stage)
    return Judgement(
        access=evaluation.access,
        compliant=not because,
        because=because,
        allowed=evaluation.bound.allowed,
    )


def _exceeded(evaluation: Evaluation, stage: str) -> str:
    return next(
        (
            violation.title
            for violation in evaluation.violations
            if violation.rule == access_exceeds_policy.ID
            and violation.live
            and violation.stage == stage
        ),
        "",
    )


def _undecided(evaluation: Evaluation, stage: str) -> str:
    for doubt in evaluation.doubts:
        if (
            doubt.rule in ("", access_exceeds_policy.ID)
            and doubt.stage in ("", stage)
            and doubt.live in (None, True)
        ):
            return f"nobody can say who may call stage {stage}"
    if not any(one.stage == stage for one in evaluation.access.stages):
        return f"there is no stage {stage}"
    return ""
