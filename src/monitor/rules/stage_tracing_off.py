"""A stage of a REST API is not traced with X-Ray."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import ApiType
from monitor.model.finding import Severity
from monitor.model.rule import Problem, Rule, RuleInput, saw

ID = "stage-tracing-off"


def _check(given: RuleInput) -> Iterator[Problem]:
    if given.snapshot.api_type is not ApiType.REST:
        return  # only REST APIs can be traced
    for stage in given.snapshot.stages:
        if not stage.tracing:
            yield Problem(
                title=f"stage {stage.name} is not traced",
                stage=stage.name,
                because=(saw(f"stage {stage.name}", "X-Ray tracing", "off"),),
            )


RULE = Rule(
    id=ID,
    title="A stage is not traced",
    severity=Severity.INFO,
    attacker_view="Nothing to gain; but what an attack did behind the gateway is harder to follow.",
    fix="Turn X-Ray tracing on for the stage.",
    check=_check,
    controls=("FSBP APIGateway.3", "NIST 800-53 CA-7"),
    remediations=("enable-tracing",),
    on=False,  # it tells of the speed of an API, not of access
)
