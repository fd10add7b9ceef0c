"""Callers whom the org policy does not allow can invoke a live route."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from monitor.model.callers import EVERY_CALLER
from monitor.model.excess import excess_of
from monitor.model.excess_problem import problem_of
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput

ID = "access-exceeds-policy"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    for stage in given.access.stages:
        bound_of = partial(given.bound_of, stage.stage)
        found = excess_of(stage.live_routes, bound_of)
        if found.example is not None:
            yield problem_of(found, found.example, given, stage=stage.stage, live=True)
        unread = stage.live.public is None and not stage.live_routes
        if found.undecided or (unread and bound_of("").allowed != EVERY_CALLER):
            yield CannotTell(why="access cannot be decided", stage=stage.stage, live=True)


RULE = Rule(
    id=ID,
    title="Access exceeds the org policy",
    severity=Severity.CRITICAL,
    attacker_view="Calls the API with nothing that the organisation meant to accept.",
    fix=(
        "Ask for authorization on the routes, fence the resource policy with an explicit Deny and "
        "deploy it, or move the API to a class of the org policy that allows these callers."
    ),
    check=_check,
    rests_on=frozenset({Unknown.LIVE_ROUTES, Unknown.LIVE_GUARDS, Unknown.CANARY}),
    controls=("NIST 800-53 AC-3", "NIST 800-53 AC-6", "PCI DSS v4.0.1 7.2.1"),
    remediations=(
        "rollback-stage",
        "restrict-policy",
        "require-authorization",
        "quarantine-stage",
        "block-at-waf",
    ),
)
