"""What the model's codes are called when people read them."""

from __future__ import annotations

from monitor.model.access import Scope
from monitor.model.finding import Severity, StepKind

WHO: dict[Scope, str] = {
    Scope.INTERNET: "anyone on the internet",
    Scope.INTERNET_EXCEPT_CIDRS: "anyone on the internet, but for a few addresses",
    Scope.BROAD_CIDR: "anyone in a large part of the internet",
    Scope.ANY_AWS_ACCOUNT: "anyone with an AWS account",
    Scope.TOKEN: "whoever holds a token",
    Scope.KEY: "whoever holds an API key",
    Scope.CIDRS: "callers from certain addresses",
    Scope.ANY_VPCE: "callers through any VPC endpoint",
    Scope.ORG: "accounts of the organisation",
    Scope.AWS_PRINCIPALS: "named AWS principals",
    Scope.OWN_ACCOUNT: "this account alone",
    Scope.VPC: "callers in named VPCs",
    Scope.VPCE: "callers through named VPC endpoints",
    Scope.CLIENT_CERTIFICATE: "holders of a client certificate",
    Scope.NOBODY: "nobody",
    Scope.UNKNOWN: "unknown",
}

ICON: dict[Severity, str] = {
    Severity.CRITICAL: ":red_circle:",
    Severity.HIGH: ":large_orange_circle:",
    Severity.MEDIUM: ":large_yellow_circle:",
    Severity.LOW: ":large_blue_circle:",
    Severity.INFO: ":white_circle:",
}

STEP_WORDS = {
    StepKind.OPENED: "Opened",
    StepKind.REOPENED: "Open again",
    StepKind.WIDENED: "Wider than before",
    StepKind.LOWERED: "Less grave than before",
    StepKind.ATTRIBUTED: "Now known who",
    StepKind.UNDECIDED: "Nobody can tell any more",
    StepKind.ACKNOWLEDGED: "Acknowledged",
    StepKind.WAIVED: "Waived",
    StepKind.WAIVER_ENDS: "The waiver ends soon",
    StepKind.UNWAIVED: "Waiver withdrawn",
    StepKind.RESOLVED: "Resolved",
}


def count(number: int, noun: str) -> str:
    """`1 finding`, `12 findings`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def who(scope: Scope) -> str:
    """The scope in words, with its code, which other output uses."""
    return WHO[scope] if scope is Scope.UNKNOWN else f"{WHO[scope]} ({scope.value})"
