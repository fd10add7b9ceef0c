"""A stage writes whole requests and answers into its log."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import ApiType
from monitor.model.finding import Severity
from monitor.model.rule import Problem, Rule, RuleInput, saw

ID = "stage-data-trace-on"


def _check(given: RuleInput) -> Iterator[Problem]:
    if given.snapshot.api_type is ApiType.HTTP:
        return  # HTTP APIs have no execution log that bodies could be written to
    for stage in given.snapshot.stages:
        traced = {
            pattern: one
            for pattern, one in sorted(stage.settings.items())
            if one.data_trace and one.logging_level in ("ERROR", "INFO")
        }
        if traced:
            yield Problem(
                title=f"stage {stage.name} logs whole requests and answers",
                stage=stage.name,
                because=tuple(
                    saw(f"stage {stage.name}, settings {pattern}", "data trace", "on")
                    for pattern in traced
                ),
            )


RULE = Rule(
    id=ID,
    title="A stage logs whole requests and answers",
    severity=Severity.MEDIUM,
    attacker_view="Whoever may read the logs reads tokens and personal data out of the bodies.",
    fix="Turn data tracing off for the stage, and remove what was logged from the log group.",
    check=_check,
    controls=("NIST 800-53 AU-3(3)",),
)
