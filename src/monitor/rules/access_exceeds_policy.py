"""Callers whom the org policy does not allow can invoke a live route."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import Scope, StageAccess
from monitor.model.finding import Severity
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput

ID = "access-exceeds-policy"

_WHO = {
    Scope.INTERNET: "anyone on the internet",
    Scope.INTERNET_EXCEPT_CIDRS: "anyone on the internet, but for a few addresses,",
    Scope.BROAD_CIDR: "anyone in a large part of the internet",
    Scope.ANY_AWS_ACCOUNT: "anyone with an AWS account",
}


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    if given.bound.allowed is not None:
        return
    for stage in given.access.stages:
        if stage.live.public:
            yield _problem(stage, given.bound.class_name)
        elif stage.live.public is None:
            yield CannotTell(why="access cannot be decided", stage=stage.stage, live=True)


def _problem(stage: StageAccess, policy_class: str) -> Problem:
    live = stage.live
    routes = tuple(dict.fromkeys(r.route for r in stage.live_routes if r.access.public))
    how_many = f"{len(routes)} route{'s' if len(routes) != 1 else ''}"
    return Problem(
        # Who needs no account at all is the larger crowd, and leaves no name behind.
        severity=Severity.CRITICAL if live.anonymous else Severity.HIGH,
        title=f"{_WHO.get(live.scope, 'the public')} can call {how_many} of stage {stage.stage}",
        scope=live.scope,
        stage=stage.stage,
        routes=routes,
        policy_class=policy_class,
        witness=live.witness,
        because=live.because,
        caveats=live.caveats,
    )


RULE = Rule(
    id=ID,
    title="Access exceeds the org policy",
    severity=Severity.CRITICAL,
    attacker_view="Calls the API with nothing that the organisation handed out.",
    fix=(
        "Ask for authorization on the routes, fence the resource policy with an explicit Deny and "
        "deploy it, or tag the API `exposure: public` if it is meant to be."
    ),
    check=_check,
)
