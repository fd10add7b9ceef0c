"""Which class of the org policy an API, a stage or a route is of, and what that allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.model.api import ApiSnapshot
from monitor.model.organization import Bound, Organization
from monitor.orgpolicy.resolve import resolve
from monitor.orgpolicy.schema import ApiClass, OrgPolicy
from monitor.orgpolicy.sets import NO_PUBLIC_ACCESS, clause

Place = tuple[str, str]
"""A stage and a route key; both empty: the API as a whole."""

WHOLE: Place = ("", "")


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
    return Bounds(known[whole.name], of_places)


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
