"""A usage plan sets its keys no rate."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import Route, Stage
from monitor.model.behind import PlanStage, Throttle, UsagePlan
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

ID = "usage-plan-unthrottled"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    for stage in given.snapshot.stages:
        routes = given.routes_of(stage)
        keyed = [route for route in routes or () if route.api_key_required is not False]
        if routes is None or any(route.api_key_required is None for route in keyed):
            yield CannotTell(why="which routes ask for a key is not known", stage=stage.name)
        elif keyed and given.snapshot.usage_plans is None:
            yield CannotTell(why="the usage plans were not read", stage=stage.name)
        elif keyed:
            yield from _of_stage(given, stage, keyed)


def _of_stage(given: RuleInput, stage: Stage, keyed: list[Route]) -> Iterator[Problem]:
    for plan in given.snapshot.usage_plans or ():
        for covered in plan.stages:
            if (covered.api_id, covered.stage) != (given.snapshot.api.api_id, stage.name):
                continue
            free = tuple(dict.fromkeys(r.key for r in keyed if not _is_limited(plan, covered, r)))
            if free:
                yield Problem(
                    title=f"usage plan {plan.name} sets no rate for the keys of stage {stage.name}",
                    stage=stage.name,
                    routes=free,
                    because=(
                        saw(f"usage plan {plan.name}", "throttle", "none"),
                        saw(f"usage plan {plan.name}", "quota", _quota(plan)),
                    ),
                )


def _is_limited(plan: UsagePlan, covered: PlanStage, route: Route) -> bool:
    own = covered.throttles.get(f"{route.path}/{route.method}")
    return any(_limits(one) for one in (own, plan.throttle))


def _limits(throttle: Throttle | None) -> bool:
    return throttle is not None and throttle.rate is not None and throttle.rate >= 0


def _quota(plan: UsagePlan) -> str:
    return f"{plan.quota.limit} a {plan.quota.period.lower()}" if plan.quota else "none"


RULE = Rule(
    id=ID,
    title="A usage plan sets no rate",
    severity=Severity.LOW,
    attacker_view="With one key, uses up what all callers share, or copies all that the API tells.",
    fix="Give the plan a rate and a burst; a quota alone does not stop a flood.",
    check=_check,
    rests_on=frozenset({Unknown.PLANS, Unknown.LIVE_ROUTES}),
    controls=("NIST 800-53 SC-5",),
    remediations=("throttle-usage-plan",),
)
