"""A stage writes no access log."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.finding import Severity
from monitor.model.rule import Problem, Rule, RuleInput, saw

ID = "stage-access-logging-off"


def _check(given: RuleInput) -> Iterator[Problem]:
    for stage in given.snapshot.stages:
        if not stage.access_log_arn:
            yield Problem(
                title=f"stage {stage.name} writes no access log",
                stage=stage.name,
                because=(saw(f"stage {stage.name}", "access log", "off"),),
            )


RULE = Rule(
    id=ID,
    title="A stage writes no access log",
    severity=Severity.INFO,
    attacker_view="Nobody can say afterwards who called, from where, and what they got.",
    fix=(
        "Give the stage an access log with the caller's address and identity in its format "
        "($context.identity.sourceIp, $context.authorizer.principalId, $context.requestId)."
    ),
    check=_check,
    controls=(
        "FSBP APIGateway.9",
        "NIST 800-53 AC-4(26)",
        "NIST 800-53 AU-10",
        "NIST 800-53 AU-12",
        "NIST 800-53 AU-2",
        "NIST 800-53 AU-3",
        "NIST 800-53 AU-6(3)",
        "NIST 800-53 AU-6(4)",
        "NIST 800-53 CA-7",
        "NIST 800-53 SC-7(9)",
        "NIST 800-53 SI-7(8)",
        "PCI DSS v4.0.1 10.4.2",
    ),
    remediations=("enable-access-logging",),
)
