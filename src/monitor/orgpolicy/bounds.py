"""Which class of the org policy an API, a stage or a route is of, and what that allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from monitor.model.api import ApiSnapshot
from monitor.model.callers import EVERY_CALLER
from monitor.model.organization import Bound, Organization
from monitor.orgpolicy.resolve import resolve
from monitor.orgpolicy.schema import ApiClass, OrgPolicy
from monitor.orgpolicy.sets import NO_PUBLIC_ACCESS, clause

Place = tuple[str, str]
"""A stage and a route key; both empty: the API as a whole."""

WHOLE: Place = ("", "")
_PREFLIGHT = "a preflight request, which API Gateway answers itself"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one API: `of_api`, and those of the stages and routes that classes name."""

    of_api: Bound
    of_places: Mapping[Place, Bound]


def bound_for(policy: OrgPolicy, snapshot: ApiSnapshot, stage: str = "", route: str = "") -> Bound:
    """The bound of one route of a stage; without them, that of the API as a whole, which is of no
    class that names stages or routes."""
    ours = policy.organization.resolved()
    candidates = _candidates(policy, snapshot, ours)
    return _bound(_class_at(candidates, (stage, route)), ours, snapshot)


def bounds_of(policy: OrgPolicy, snapshot: ApiSnapshot, places: Iterable[Place]) -> Bounds:
    """The bounds of the API and of each of the places whose class is another than the API's."""
    ours = policy.organization.resolved()
    candidates = _candidates(policy, snapshot, ours)
    known = {one.name: _bound(one, ours, snapshot) for one in candidates}
    whole = _class_at(candidates, WHOLE)
    of_places = {}
    if len(candidates) > 1:
        found = ((place, _class_at(candidates, place)) for place in places)
        of_places = {place: known[one.name] for place, one in found if one is not whole}
    for place in _preflights(snapshot):
        bound = of_places.get(place, known[whole.name])
        of_places[place] = replace(bound, allowed=EVERY_CALLER, clause=_PREFLIGHT)
    return Bounds(known[whole.name], of_places)


def _preflights(snapshot: ApiSnapshot) -> Iterator[Place]:
    """Routes that API Gateway answers itself wherever they are served, for browsers that ask
    whether they may call: anyone may, since nothing behind them is reached."""
    routes = [
        route
        for one in (*snapshot.deployments.values(), snapshot.draft)
        for route in (one.routes if one else None) or ()
    ]
    answered = {route.key for route in routes if route.answers_preflight}
    answered -= {route.key for route in routes if not route.answers_preflight}
    yield from ((stage.name, key) for stage in snapshot.stages for key in sorted(answered))


def classes_of(
    policy: OrgPolicy, snapshot: ApiSnapshot, places: Iterable[Place]
) -> tuple[str, ...]:
    """The names of the classes that the API and its places are of, in the order of the file."""
    candidates = _candidates(policy, snapshot, policy.organization.resolved())
    found = {_class_at(candidates, place).name for place in (WHOLE, *places)}
    return tuple(one.name for one in candidates if one.name in found)


def places_of(snapshot: ApiSnapshot) -> Iterator[Place]:
    """Every stage, every route that is served or would be after a deployment, and both together."""
    routes = routes_of(snapshot)
    for stage in ("", *(one.name for one in snapshot.stages)):
        yield from ((stage, route) for route in ("", *routes))


def routes_of(snapshot: ApiSnapshot) -> list[str]:
    """The keys of all routes, live or drafted."""
    configurations = (*snapshot.deployments.values(), snapshot.draft)
    return sorted(
        {route.key for one in configurations if one is not None for route in one.routes or ()}
    )


def _candidates(
    policy: OrgPolicy, snapshot: ApiSnapshot, ours: Organization
) -> tuple[ApiClass, ...]:
    """The classes that may select a part of the API, in order; the last of them takes the rest."""
    found = []
    for one in policy.classes:
        if one.select is None or one.select.selects_api(snapshot, ours):
            found.append(one)
            if not one.narrows:
                break
    return tuple(found)


def _class_at(candidates: tuple[ApiClass, ...], place: Place) -> ApiClass:
    return next(one for one in candidates if one.select is None or one.select.selects_place(*place))


def _bound(of: ApiClass, ours: Organization, snapshot: ApiSnapshot) -> Bound:
    measured = of.allowed == NO_PUBLIC_ACCESS
    return Bound(
        class_name=of.name,
        allowed=None if measured else resolve(of.allowed, ours, snapshot.api.account_id),
        clause=f"allowed: {clause(of.allowed)}",
    )
