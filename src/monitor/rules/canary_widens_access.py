"""A canary lets in callers whom the stage's main deployment keeps out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from monitor.model.access import StageAccess
from monitor.model.callers import NO_CALLERS, Caller, CallerSet
from monitor.model.excess import who
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

ID = "canary-widens-access"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    percents = {
        stage.name: stage.canary_percent
        for stage in given.snapshot.stages
        if stage.canary_deployment_id is not None
    }
    for stage in given.access.stages:
        if stage.stage not in percents:
            continue
        if stage.live.public is None:
            yield CannotTell(why="the canary cannot be decided", stage=stage.stage, live=True)
            continue
        widened = _widened(stage)
        if not widened:
            continue
        caller = next(iter(widened.values()))
        percent = percents[stage.stage]
        yield Problem(
            title=(
                f"the canary of stage {stage.stage} lets in {who(caller, _owner(given))} "
                f"whom the stage itself keeps out"
            ),
            stage=stage.stage,
            routes=tuple(widened),
            because=(saw(f"stage {stage.stage}", "the canary's share of calls", f"{percent:g} %"),),
        )


def _widened(stage: StageAccess) -> dict[str, Caller]:
    """Routes of the canary with one caller whom only the canary lets in."""
    stable: dict[tuple[str, str], CallerSet] = defaultdict(lambda: NO_CALLERS)
    for one in stage.live_routes[: len(stage.live_routes) - len(stage.canary_routes)]:
        stable[one.route, one.door.host] |= one.callers
    found: dict[str, Caller] = {}
    for one in stage.canary_routes:
        caller = one.callers.is_within(stable[one.route, one.door.host])
        if caller is not None and caller.proven:
            found.setdefault(one.route, caller)
    return found


def _owner(given: RuleInput) -> str:
    return given.snapshot.api.account_id


RULE = Rule(
    id=ID,
    title="A canary widens access",
    severity=Severity.MEDIUM,
    attacker_view="Repeats a call until the canary, which asks for less, happens to answer it.",
    fix="Give the canary the guards of the stage, or end the canary.",
    check=_check,
    rests_on=frozenset({Unknown.LIVE_ROUTES, Unknown.LIVE_GUARDS, Unknown.CANARY}),
    controls=("NIST 800-53 AC-3", "NIST 800-53 CM-3"),
    remediations=("quarantine-stage",),
)
