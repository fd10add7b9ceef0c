"""Situation + action -> a whole plan: what the engine predicts, who is hit, what it rests on.
Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.access.decide import decide
from monitor.model.access import ApiAccess, RouteAccess, Scope, StageAccess, widest
from monitor.model.api import ApiSnapshot
from monitor.model.behind import ApiKey
from remediators.iac import managed_by, suggestion
from remediators.plan import (
    BlastRadius,
    Forecast,
    Goal,
    Image,
    NotApplicable,
    ObjectRef,
    Plan,
    Precondition,
    RouteForecast,
    StageForecast,
    as_data,
    image_hash,
    plan_id,
)
from remediators.predict import predicted
from remediators.publishing import pending_endpoint
from remediators.situation import Action, Proposal, Refuse, Situation, refusal

VALID = timedelta(hours=1)
"""An approval that comes later is of a world that nobody looked at for too long."""


def mark_of(snapshot: ApiSnapshot, action: str, finding_id: str, now: datetime) -> str:
    """What names the plan before its content is known."""
    api = snapshot.api
    return plan_id((api.account_id, api.region, api.api_id, action, finding_id, now.isoformat()))


def make_plan(given: Situation, action: Action, *, now: datetime) -> Plan | NotApplicable:
    """Raises Needs for the image of an object that has to be read first."""
    try:
        proposal = action.propose(given)
        return _plan(given, action, proposal, now)
    except Refuse as error:
        return refusal(error)


def _plan(given: Situation, action: Action, proposal: Proposal, now: datetime) -> Plan:
    """Raises Refuse if the engine does not confirm what the plan promises."""
    after = predicted(given.snapshot, proposal.steps, proposal.serves, proposal.web_acl)
    judged = given.judge(after)
    if proposal.goal is Goal.COMPLIANT and not judged.compliant:
        raise Refuse(f"it would not be enough: {judged.because}")
    before = decide(given.snapshot, now=now)
    forecast = forecast_of(before, judged.access)
    wider = [f"{one.stage} {one.route}" for one in forecast.routes if _is_wider(one)]
    if wider and proposal.goal is not Goal.COMPLIANT:
        raise Refuse(f"it would open {wider[0]} further")
    warnings = [
        *proposal.warnings,
        *(f"{route} gets wider, within what the org policy allows" for route in wider),
        *pending_endpoint(given, proposal.steps),
    ]
    finding, managed = given.finding, managed_by(given.snapshot)
    return Plan(
        id=given.mark,
        action=action.id,
        finding_id=finding.id,
        rule=finding.violation.rule,
        policy_class=finding.violation.policy_class,
        classes=finding.violation.classes,
        api=given.snapshot.api,
        api_name=given.snapshot.name,
        api_type=given.snapshot.api_type,
        stage=finding.violation.stage,
        made_at=now,
        expires_at=now + VALID,
        goal=proposal.goal,
        summary=proposal.summary,
        steps=proposal.steps,
        preconditions=tuple(_preconditions(given)),
        access=forecast,
        blast_radius=_blast(forecast, proposal),
        warnings=(*warnings, *(managed.warnings if managed else ())),
        patience_seconds=proposal.patience_seconds,
        parameters=dict(given.parameters),
        tags=dict(given.snapshot.tags),
        suggestion=suggestion(managed, proposal.steps) if managed else None,
    )


def forecast_of(before: ApiAccess, after: ApiAccess) -> Forecast:
    """What changes from one to the other, stage by stage and route by route."""
    then = {one.stage: one for one in after.stages}
    pairs = [(one, then[one.stage]) for one in before.stages if one.stage in then]
    return Forecast(
        stages=tuple(
            StageForecast(stage=old.stage, before=old.live.scope, after=new.live.scope)
            for old, new in pairs
        ),
        routes=tuple(change for old, new in pairs for change in _route_changes(old, new)),
    )


def _route_changes(old: StageAccess, new: StageAccess) -> Iterator[RouteForecast]:
    before, after = _by_route(old.live_routes), _by_route(new.live_routes)
    for route in dict.fromkeys((*before, *after)):
        left, right = before.get(route, []), after.get(route, [])
        if _callers(left) != _callers(right):
            yield RouteForecast(
                stage=old.stage, route=route, before=_scope(left), after=_scope(right)
            )


def _by_route(routes: tuple[RouteAccess, ...]) -> dict[str, list[RouteAccess]]:
    found: dict[str, list[RouteAccess]] = {}
    for one in routes:
        found.setdefault(one.route, []).append(one)
    return found


def _scope(routes: list[RouteAccess]) -> Scope:
    return widest(*(one.access.scope for one in routes)) if routes else Scope.NOBODY


def _callers(routes: list[RouteAccess]) -> set[str]:
    """What tells two accesses apart, each door for itself."""
    return {
        repr((one.door, one.access.scope, one.access.source_cidrs, one.callers)) for one in routes
    }


def _is_wider(change: RouteForecast) -> bool:
    return change.before is not change.after and widest(change.before, change.after) is change.after


def _blast(forecast: Forecast, proposal: Proposal) -> BlastRadius:
    changed = [f"{one.stage} {one.route}" for one in forecast.routes]
    return BlastRadius(
        routes=tuple(dict.fromkeys((*changed, *proposal.routes))),
        callers=proposal.loses,
        others=proposal.shared,
    )


# --- what the plan rests on ---------------------------------------------------------------------


def _preconditions(given: Situation) -> Iterator[Precondition]:
    yield Precondition(object=None, sha256=snapshot_hash(given.snapshot))
    for target, image in sorted(given.images.items(), key=lambda item: str(item[0])):
        yield Precondition(object=target, sha256=image_hash(image))


def moved(
    plan: Plan, snapshot: ApiSnapshot | None, images: Mapping[ObjectRef, Image | None]
) -> str:
    """What of the world the plan was made against is not as it was; empty if all of it is."""
    if snapshot is None:
        return "the API does not exist any more"
    for one in plan.preconditions:
        seen = snapshot_hash(snapshot) if one.object is None else image_hash(images[one.object])
        if seen != one.sha256:
            return f"{one.object or 'the API as it was judged'} has changed since the plan was made"
    return ""


def snapshot_hash(snapshot: ApiSnapshot) -> str:
    """Of all that access depends on; not of dates, nor of the order in which AWS lists things."""
    timeless = replace(
        snapshot,
        read_at=_NO_TIME,
        stages=tuple(replace(one, last_updated_at=None) for one in snapshot.stages),
        usage_plans=None,
    )
    plans = snapshot.usage_plans and [_timeless(one) for one in snapshot.usage_plans]
    return image_hash(_ordered((timeless, plans)))


_NO_TIME = datetime.min.replace(tzinfo=UTC)


def _timeless(plan: Any) -> Any:
    keys: tuple[ApiKey, ...] = plan.keys or ()
    return replace(plan, keys=tuple(replace(one, last_updated_at=None) for one in keys))


def _ordered(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return _ordered(as_data(value))
    if isinstance(value, dict):
        return {str(key): _ordered(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return sorted((_ordered(inner) for inner in value), key=image_hash)
    return value
