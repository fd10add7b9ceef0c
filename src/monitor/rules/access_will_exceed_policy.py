"""The draft lets in callers whom the org policy does not allow: the next deployment opens them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from monitor.model.access import StageAccess
from monitor.model.excess import excess_of
from monitor.model.excess_problem import problem_of
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput

ID = "access-will-exceed-policy"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    for stage in given.access.stages:
        yield from _at(stage, given)


def _at(stage: StageAccess, given: RuleInput) -> Iterator[Problem | CannotTell]:
    bound_of = partial(given.bound_of, stage.stage)
    unread = stage.live.public is None and not stage.live_routes
    if unread and any(gap.may_pass for gap in given.snapshot.gaps):
        # What is open already would be told a second time, as if it were still to come.
        yield CannotTell(why="what is live was not read", stage=stage.stage, live=False)
        return
    live = excess_of(stage.live_routes, bound_of)
    # What is open already is told as such; a deployment would not open it.
    known = frozenset((*live.exceeding, *live.undecided))
    drafted = excess_of((one for one in stage.draft_routes if one.route not in known), bound_of)
    if drafted.example is not None:
        yield problem_of(drafted, drafted.example, given, stage=stage.stage, live=False)
    if drafted.undecided or live.undecided or stage.draft is None:
        yield CannotTell(why="the draft cannot be decided", stage=stage.stage, live=False)


RULE = Rule(
    id=ID,
    title="The next deployment exceeds the org policy",
    severity=Severity.HIGH,
    attacker_view="Waits for the next deployment, which opens the API unbeknown to who deploys it.",
    fix=(
        "Correct the draft before anybody deploys it: authorization on the routes, or the resource "
        "policy."
    ),
    check=_check,
    rests_on=frozenset({Unknown.DRAFT_ROUTES, Unknown.AUTHORIZERS}),
    controls=("NIST 800-53 AC-3", "NIST 800-53 CM-3"),
    remediations=("restrict-policy", "require-authorization"),
)
