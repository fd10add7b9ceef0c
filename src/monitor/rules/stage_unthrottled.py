"""A stage that strangers can reach has no throttle of its own."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import Scope
from monitor.model.api import Stage
from monitor.model.behind import Throttle
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

ID = "stage-unthrottled"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    for stage in given.snapshot.stages:
        judged = given.access_of(stage.name)
        scope = judged.live.scope if judged else Scope.UNKNOWN
        if scope is Scope.UNKNOWN:
            yield CannotTell(why="access cannot be decided", stage=stage.name, live=True)
        elif scope.is_public or scope is Scope.TOKEN:
            yield from _of_stage(given, stage)


def _of_stage(given: RuleInput, stage: Stage) -> Iterator[Problem | CannotTell]:
    routes = given.routes_of(stage)
    account = given.snapshot.account
    if routes is None or account is None:
        yield CannotTell(why="routes or account were not read", stage=stage.name, live=True)
        return
    free = tuple(
        dict.fromkeys(
            route.key
            for route in routes
            if not _limits(stage.settings_of(route).throttle, account.throttle)
        )
    )
    if free:
        yield Problem(
            title=f"stage {stage.name} is throttled by nothing but the account's limit",
            stage=stage.name,
            routes=free,
            because=(
                saw(f"stage {stage.name}", "throttle", "none of its own"),
                saw("account", "requests a second", account.throttle.rate),
            ),
        )


def _limits(throttle: Throttle, account: Throttle) -> bool:
    """Whether it lets through less than the whole account may. Where a stage has settings of any
    kind AWS fills in the account's own limits; a negative one means none at all."""
    if throttle.rate is None or throttle.rate < 0:
        return False
    return account.rate is None or throttle.rate < account.rate


RULE = Rule(
    id=ID,
    title="A stage has no throttle of its own",
    severity=Severity.INFO,
    attacker_view=(
        "Uses up the limit that all APIs of the account share in the region, and with it every one "
        "of them; or guesses tokens as fast as it likes."
    ),
    fix="Set a rate and a burst on the stage that its honest callers do not reach.",
    check=_check,
    rests_on=frozenset({Unknown.LIVE_ROUTES, Unknown.LIVE_GUARDS, Unknown.DOORS, Unknown.OTHER}),
    controls=("NIST 800-53 SC-5",),
)
