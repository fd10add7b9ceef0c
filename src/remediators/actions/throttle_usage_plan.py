"""Set a throttle on a usage plan."""

from __future__ import annotations

from remediators.changes import step
from remediators.plan import Goal, Kind, ref
from remediators.situation import Action, Proposal, Refuse, Situation


def _propose(given: Situation) -> Proposal:
    plans = {one.plan_id: one for one in given.snapshot.usage_plans or ()}
    wanted = given.text("plan") or (next(iter(plans)) if len(plans) == 1 else "")
    if wanted not in plans:
        raise Refuse(f"give the parameter `plan`, one of {', '.join(sorted(plans)) or 'none'}")
    throttle = {"rateLimit": _limit(given, "rate"), "burstLimit": int(_limit(given, "burst"))}
    image = given.image(Kind.USAGE_PLAN, wanted)
    before = image.get("throttle") or {}
    if any(before.get(name, value) < value for name, value in throttle.items()):
        raise Refuse("that would loosen the plan's throttle")
    if before == throttle:
        raise Refuse("the plan has that throttle already")
    named = plans[wanted].name or wanted
    said = f"{throttle['rateLimit']} requests a second, {throttle['burstLimit']} at once"
    return Proposal(
        summary=f"throttle usage plan {named} to {said}",
        goal=Goal.SETTING,
        steps=(
            step(
                ref(Kind.USAGE_PLAN, wanted),
                image,
                {**image, "throttle": throttle},
                key="plan",
                title=f"throttle usage plan {named} to {said}",
                undo="set the throttle that was there before, or none",
            ),
        ),
        loses=(f"keys of plan {named}, beyond that rate",),
        shared=tuple(
            f"API {one.api_id}, stage {one.stage}"
            for one in plans[wanted].stages
            if one.api_id != given.api_id
        ),
    )


def _limit(given: Situation, name: str) -> float:
    value = given.parameters.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise Refuse(f"the parameter `{name}` has to be a number of requests")
    return float(value)


ACTION = Action(
    id="throttle-usage-plan",
    title="Throttle a usage plan",
    changes="Rate and burst of the plan. Throttles of single methods stay.",
    blast="Every key of the plan, on every API and stage of the plan.",
    at_once="Yes.",
    idempotence="Setting it again changes nothing.",
    refuses=(
        "The plan is none of the API's; the throttle asked for would be looser than "
        "the one there is."
    ),
    inverse="The throttle that was there before is set, or the plan's throttle removed.",
    writes=("apigateway:UpdateUsagePlan",),
    parameters={
        "plan": "id of the plan; may be left out where the API has one only",
        "rate": "requests a second",
        "burst": "requests at once",
    },
    propose=_propose,
)
