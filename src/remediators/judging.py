"""Whether a stage, as it is or as it would be, is what the org policy allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitor.evaluation.evaluate import Evaluation, evaluate
from monitor.model.access import ApiAccess
from monitor.model.api import ApiSnapshot
from monitor.orgpolicy.schema import OrgPolicy
from monitor.rules import access_exceeds_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`because` says what keeps a stage from being compliant; empty if it is."""

    access: ApiAccess
    compliant: bool
    because: str = ""


Judge = Callable[[ApiSnapshot], Judgement]


def judge(snapshot: ApiSnapshot, policy: OrgPolicy, *, stage: str, now: datetime) -> Judgement:
    """Compliant: nobody gets in whom the org policy does not allow, and nothing is undecided."""
    evaluation = evaluate(snapshot, policy, now=now)
    because = _exceeded(evaluation, stage) or _undecided(evaluation, stage)
    return Judgement(access=evaluation.access, compliant=not because, because=because)


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
