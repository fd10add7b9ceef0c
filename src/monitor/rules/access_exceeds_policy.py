"""Callers whom the org policy does not allow can invoke a live route."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import Scope, StageAccess
from monitor.model.finding import Severity, Status, Violation
from monitor.model.rule import Rule, RuleInput

ID = "access-exceeds-policy"

_WHO = {
    Scope.INTERNET: "anyone on the internet",
    Scope.INTERNET_EXCEPT_CIDRS: "anyone on the internet, but for a few addresses,",
    Scope.BROAD_CIDR: "anyone in a large part of the internet",
    Scope.ANY_AWS_ACCOUNT: "anyone with an AWS account",
}


def _check(given: RuleInput) -> Iterator[Violation]:
    if given.public_access_allowed:
        return
    for stage in given.access.stages:
        if stage.live.public:
            yield _violation(stage, given.policy_class)


def _violation(stage: StageAccess, policy_class: str) -> Violation:
    live = stage.live
    routes = tuple(dict.fromkeys(r.route for r in stage.live_routes if r.access.public))
    how_many = f"{len(routes)} route{'s' if len(routes) != 1 else ''}"
    return Violation(
        rule=ID,
        # Who needs no account at all is the larger crowd, and leaves no name behind.
        severity=Severity.CRITICAL if live.anonymous else Severity.HIGH,
        status=Status.OPEN,
        title=f"{_WHO.get(live.scope, 'the public')} can call {how_many} of stage {stage.stage}",
        scope=live.scope,
        stage=stage.stage,
        deployment_id=stage.deployment_id,
        live=True,
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
