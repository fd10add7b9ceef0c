"""The draft is stricter than what is live: a protection that is configured is not in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from monitor.model.access import DoorKind, RouteAccess, StageAccess
from monitor.model.callers import EVERY_CALLER, NO_CALLERS, CallerSet
from monitor.model.excess import excess_of
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput

ID = "draft-differs-from-live"

_Key = tuple[str, DoorKind, str]


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    for stage in given.access.stages:
        if stage.draft is None or stage.draft.public is None or stage.live.public is None:
            yield CannotTell(why="live and draft cannot be compared", stage=stage.stage)
            continue
        # Where anyone may call, a stricter draft is nobody's protection.
        bounded = (
            route
            for route in _shut_in_the_draft(stage)
            if given.bound_of(stage.stage, route).allowed != EVERY_CALLER
        )
        if shut := tuple(bounded):
            yield _problem(stage, shut, given)


def _shut_in_the_draft(stage: StageAccess) -> tuple[str, ...]:
    """Routes that let in now whom the draft would not. Routes that the draft no longer has count,
    since somebody removed them."""
    drafted = _by_route(stage.draft_routes)
    compared: dict[tuple[int, int], bool] = {}
    shut: dict[str, None] = {}
    for (route, kind, host), live in _by_route(stage.live_routes).items():
        then = drafted.get((route, kind, host), NO_CALLERS)
        key = (id(live), id(then))
        if key not in compared:
            compared[key] = live.is_within(then) is not None
        if compared[key]:
            shut[route] = None
    return tuple(shut)


def _by_route(routes: Iterable[RouteAccess]) -> Mapping[_Key, CallerSet]:
    found: dict[_Key, list[CallerSet]] = defaultdict(list)
    for one in routes:
        found[one.route, one.door.kind, one.door.host].append(one.callers)
    return {key: _union(sets) for key, sets in found.items()}


def _union(sets: list[CallerSet]) -> CallerSet:
    """The very object where there is one only: routes share their sets, and comparing is dear."""
    joined = sets[0]
    for one in sets[1:]:
        joined = joined if one is joined else joined | one
    return joined


def _problem(stage: StageAccess, shut: tuple[str, ...], given: RuleInput) -> Problem:
    exceeds = bool(excess_of(stage.live_routes, partial(given.bound_of, stage.stage)).exceeding)
    count = f"{len(shut)} route{'s' if len(shut) != 1 else ''}"
    return Problem(
        title=(f"stage {stage.stage} still lets in callers whom the draft shuts out, on {count}"),
        stage=stage.stage,
        routes=shut,
        # Somebody believes that the hole is closed.
        severity=Severity.MEDIUM if exceeds else None,
    )


RULE = Rule(
    id=ID,
    title="A stricter draft is not deployed",
    severity=Severity.INFO,
    attacker_view="Uses what everybody who looks at the console believes to be closed.",
    fix="Deploy the draft to the stage, or take the change back so that the draft tells the truth.",
    check=_check,
    rests_on=frozenset(
        {Unknown.DRAFT_ROUTES, Unknown.LIVE_ROUTES, Unknown.LIVE_GUARDS, Unknown.AUTHORIZERS}
    ),
    controls=("NIST 800-53 CM-2", "NIST 800-53 CM-6"),
)
