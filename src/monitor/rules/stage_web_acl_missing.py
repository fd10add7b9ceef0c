"""A stage that strangers can reach has no web ACL."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import Scope
from monitor.model.api import ApiType, Stage
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, saw

ID = "stage-web-acl-missing"

_STRANGERS = frozenset({Scope.TOKEN, Scope.KEY})


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    if given.snapshot.api_type is not ApiType.REST:
        return  # AWS WAF protects stages of REST APIs only
    for stage in given.snapshot.stages:
        if stage.web_acl_arn:
            continue
        judged = given.access_of(stage.name)
        scope = judged.live.scope if judged else Scope.UNKNOWN
        if given.parameters["every_stage"]:
            yield _problem(stage, scope)
        elif scope is Scope.UNKNOWN:
            yield CannotTell(why="access cannot be decided", stage=stage.name, live=True)
        elif scope.is_public or scope in _STRANGERS:
            yield _problem(stage, scope)


def _problem(stage: Stage, scope: Scope) -> Problem:
    return Problem(
        title=f"no web ACL stands before stage {stage.name}",
        stage=stage.name,
        because=(
            saw(f"stage {stage.name}", "web ACL", "none"),
            saw(f"stage {stage.name}", "callers", scope.value),
        ),
    )


RULE = Rule(
    id=ID,
    title="No web ACL stands before a stage that strangers reach",
    severity=Severity.INFO,
    attacker_view="Sends floods and known attacks straight to the authorizer and the backend.",
    fix=(
        "Associate a web ACL with a rate rule and managed rule groups. If CloudFront with a web "
        "ACL stands before the API, see to it that there is no way past it, and waive this."
    ),
    check=_check,
    rests_on=frozenset({Unknown.LIVE_ROUTES, Unknown.LIVE_GUARDS, Unknown.DOORS, Unknown.MAPPINGS}),
    controls=("FSBP APIGateway.4", "NIST 800-53 AC-4(21)", "PCI DSS v4.0.1 6.4.2"),
    remediations=("block-at-waf",),
    parameters={
        "every_stage": Parameter(
            default=False,
            about=(
                "True asks it of every stage of a REST API, as Security Hub does, and not only "
                "of those that are called from the internet without a signature."
            ),
        ),
    },
)
