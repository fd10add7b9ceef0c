"""An authorizer calls a Lambda function that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.places import WHAT_IS_LIVE, Attached, Flaw, Place, Unclear, at_each_authorizer
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(_: Place, one: Attached) -> Iterator[Flaw | Unclear]:
        arn = one.authorizer.function_arn
        if arn is None:
            return
        function = given.snapshot.functions.get(arn)
        if function is None or function.exists is None:
            yield Unclear(why=f"whether {arn} exists was not read")
        elif not function.exists:
            yield Flaw(
                title=f"the function of {one.label} does not exist",
                routes=one.routes,
                because=(saw(one.label, "calls the missing", arn),),
            )

    yield from at_each_authorizer(given, look)


RULE = Rule(
    id="authorizer-function-missing",
    title="An authorizer's function does not exist",
    severity=Severity.MEDIUM,
    attacker_view=(
        "Who may create functions in the account makes one of that name, and decides who gets in."
    ),
    fix="Point the authorizer to the function that is to decide, and deploy; or bring it back.",
    check=_check,
    rests_on=WHAT_IS_LIVE | {Unknown.FUNCTION},
    controls=("NIST 800-53 AC-3", "NIST 800-53 CM-6"),
    remediations=("rollback-stage", "quarantine-stage"),
)
