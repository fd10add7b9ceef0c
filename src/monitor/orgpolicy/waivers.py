"""Which waiver speaks of a violation, and which end soon."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from monitor.model.api import ApiSnapshot
from monitor.model.finding import Violation, Waiver
from monitor.orgpolicy.schema import OrgPolicy, WaiverEntry

BY = "the org policy"
_DAY = timedelta(days=1)


def waiver_for(
    policy: OrgPolicy, snapshot: ApiSnapshot, violation: Violation, now: datetime
) -> Waiver | None:
    """The waiver in force at `now` (aware) that ends first, once every route of the violation has
    one."""
    ours = policy.organization.resolved()
    fits = [
        one
        for one in policy.waivers
        if one.rule == violation.rule
        and is_in_force(one, now)
        and one.select.selects_api(snapshot, ours)
    ]
    found: list[WaiverEntry] = []
    for route in violation.routes or ("",):
        last = max(
            (one for one in fits if one.select.selects_place(violation.stage, route)),
            key=lambda one: one.expires,
            default=None,
        )
        if last is None:
            return None
        found.append(last)
    first = min(found, key=lambda one: one.expires)
    return Waiver(reason=first.reason, owner=first.owner, until=ends_at(first), by=BY)


def ends_at(waiver: WaiverEntry) -> datetime:
    """The end of its last day (UTC)."""
    return datetime.combine(waiver.expires + _DAY, time(0), UTC)


def is_in_force(waiver: WaiverEntry, now: datetime) -> bool:
    return datetime.combine(waiver.granted, time(0), UTC) <= now < ends_at(waiver)


def is_over(waiver: WaiverEntry, now: datetime) -> bool:
    return ends_at(waiver) <= now


def ends_soon(waiver: WaiverEntry, policy: OrgPolicy, now: datetime) -> bool:
    """Whether it is in force, and its end has to be announced."""
    horizon = now + timedelta(days=policy.announce_days_before)
    return is_in_force(waiver, now) and ends_at(waiver) <= horizon
