"""Routes ask for an API key, and no key opens them."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import Stage
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

ID = "key-required-without-plan"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    for stage in given.snapshot.stages:
        routes = given.routes_of(stage)
        if routes is None or any(route.api_key_required is None for route in routes):
            yield CannotTell(why="which routes ask for a key is not known", stage=stage.name)
            continue
        keyed = tuple(dict.fromkeys(route.key for route in routes if route.api_key_required))
        if not keyed:
            continue
        opened = _is_opened(given, stage)
        if opened is None:
            yield CannotTell(why="plans or keys were not read", stage=stage.name)
        elif not opened:
            yield Problem(
                title=f"no API key opens the routes of stage {stage.name} that ask for one",
                stage=stage.name,
                routes=keyed,
                because=(
                    saw(
                        f"stage {stage.name}",
                        "usage plans with an enabled key"
                        if stage.has_usage_plan
                        else "usage plans",
                        "none",
                    ),
                ),
            )


def _is_opened(given: RuleInput, stage: Stage) -> bool | None:
    """Whether a plan that covers the stage holds a key that may be used."""
    if stage.has_usage_plan is False:
        return False
    if given.snapshot.usage_plans is None:
        return None
    here = (given.snapshot.api.api_id, stage.name)
    plans = [
        plan
        for plan in given.snapshot.usage_plans
        if any((one.api_id, one.stage) == here for one in plan.stages)
    ]
    enabled = [key.enabled for plan in plans for key in plan.keys or ()]
    if True in enabled:
        return True
    return None if None in enabled or any(plan.keys is None for plan in plans) else False


RULE = Rule(
    id=ID,
    title="Routes ask for an API key that nobody has",
    severity=Severity.INFO,
    attacker_view=(
        "Nothing yet: the routes answer 403 to all. Whoever is in a hurry to mend that takes the "
        "requirement away."
    ),
    fix="Add the stage to a usage plan with a key, or ask for authorization instead of a key.",
    check=_check,
    rests_on=frozenset({Unknown.PLANS, Unknown.KEYS, Unknown.LIVE_ROUTES}),
    controls=("NIST 800-53 CM-2",),
)
