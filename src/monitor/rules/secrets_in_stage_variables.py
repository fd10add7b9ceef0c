"""A stage variable holds what looks like a secret."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.finding import Severity
from monitor.model.rule import Problem, Rule, RuleInput, saw

ID = "secrets-in-stage-variables"


def _check(given: RuleInput) -> Iterator[Problem]:
    for stage in given.snapshot.stages:
        if stage.secrets:
            names = ", ".join(dict.fromkeys(one.variable for one in stage.secrets))
            yield Problem(
                title=f"variables of stage {stage.name} look like secrets: {names}",
                stage=stage.name,
                because=tuple(
                    saw(
                        f"stage {stage.name}{', canary' if one.canary else ''}",
                        f"variable {one.variable}",
                        one.kind,
                    )
                    for one in stage.secrets
                ),
            )


RULE = Rule(
    id=ID,
    title="A stage variable holds a secret",
    severity=Severity.MEDIUM,
    attacker_view=(
        "Anyone who may read the API's settings, or a log or template that a variable goes into, "
        "has the secret."
    ),
    fix=(
        "Change the secret, keep it in Secrets Manager, and let the backend read it there; leave "
        "its name or ARN in the variable at most."
    ),
    check=_check,
    controls=("NIST 800-53 IA-5(7)", "PCI DSS v4.0.1 8.6.2"),
)
