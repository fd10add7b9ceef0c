"""Throttle the stage to nothing: whoever gets in is refused with 429."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from remediators.changes import step
from remediators.plan import Goal, Image, Kind, Step, ref
from remediators.situation import Action, Proposal, Refuse, Situation

_REST = {"throttlingRateLimit": 0.0, "throttlingBurstLimit": 0}
_V2 = {"ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 0}
ALL = "*/*"


def _propose(given: Situation) -> Proposal:
    step_ = _rest(given) if given.is_rest else _v2(given)
    stage = given.stage.name
    return Proposal(
        summary=f"throttle every route of stage {stage} to zero",
        goal=Goal.CONTAINED,
        steps=(step_,),
        warnings=tuple(_warnings(given)),
        routes=tuple(f"{stage} {one.key}" for one in given.live.routes or ()),
        loses=("everybody: each request is answered with 429",),
    )


def _rest(given: Situation) -> Step:
    """A pattern of its own overrides that of all methods, so each is throttled."""
    target = ref(Kind.REST_STAGE, given.api_id, given.stage.name)
    image = given.image(target.kind, *target.ids)
    settings: Mapping[str, Mapping[str, Any]] = image.get("methodSettings") or {}
    patterns = dict.fromkeys((ALL, *settings))
    after = {one: {**(settings.get(one) or {}), **_REST} for one in patterns}
    return _step(given, target.kind, image, {**image, "methodSettings": after})


def _v2(given: Situation) -> Step:
    target = ref(Kind.V2_STAGE, given.api_id, given.stage.name)
    image = given.image(target.kind, *target.ids)
    default: Mapping[str, Any] = image.get("DefaultRouteSettings") or {}
    routes: Mapping[str, Mapping[str, Any]] = image.get("RouteSettings") or {}
    after = {**image, "DefaultRouteSettings": {**default, **_V2}}
    if routes:
        after["RouteSettings"] = {key: {**one, **_V2} for key, one in routes.items()}
    return _step(given, target.kind, image, after)


def _step(given: Situation, kind: Kind, before: Image, after: Image) -> Step:
    if before == after:
        raise Refuse(f"stage {given.stage.name} is throttled to zero already")
    return step(
        ref(kind, given.api_id, given.stage.name),
        before,
        after,
        key="stage",
        title=f"set rate and burst of stage {given.stage.name} to 0",
        undo="set rate and burst back to what they were",
    )


def _warnings(given: Situation) -> Iterator[str]:
    yield "access as configured does not change: lift the quarantine only once the hole is closed"
    covered = [
        one.name or one.plan_id
        for one in given.snapshot.usage_plans or ()
        if any(
            each.api_id == given.api_id and each.stage == given.stage.name and each.throttles
            for each in one.stages
        )
    ]
    if covered:
        yield (
            f"usage plans throttle single methods of this stage ({', '.join(covered)}), and AWS "
            "applies such limits first: callers with a key of theirs may still get through"
        )


ACTION = Action(
    id="quarantine-stage",
    title="Throttle the stage to zero",
    changes="Rate and burst of every method pattern, or of every route, of the stage.",
    blast="Every route of the stage answers 429 to everybody.",
    at_once="Yes; no deployment is made.",
    idempotence="Setting a limit to zero again changes nothing; a stage at zero gets no plan.",
    refuses=("The stage is throttled to zero already."),
    inverse="Each limit is set to what it was; patterns that had none are removed.",
    writes=("apigateway:UpdateStage", "apigatewayv2:UpdateStage"),
    propose=_propose,
)
