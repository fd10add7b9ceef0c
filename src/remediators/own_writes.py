"""Telling our own writes from those of others, when CloudTrail reports them. Pure.

The writer's role is assumed for one plan at a time, by a session that is named for it; so an event
says which plan made it, and the journal says whether that is true.
"""

from __future__ import annotations

import re

from remediators.entry import Entry

PREFIX = "gatewatch-"
_TOLD = re.compile(r"gatewatch-(?P<plan>gwp-[0-9a-f]{16}) \(role (?P<role>[^)]+)\)")


def session_name(plan_id: str) -> str:
    return PREFIX + plan_id


def plan_told_of(who: str) -> str | None:
    """The plan that a finding's change names as its author, as the monitor writes it. Not a proof:
    the journal has to know it."""
    found = _TOLD.fullmatch(who)
    return found["plan"] if found is not None else None


def confirms(entry: Entry | None, api_id: str) -> bool:
    """Whether the journal knows of a plan that changed this API: then an event of its session is
    what was to be expected, and asks for no plan of its own."""
    return entry is not None and entry.plan.api.api_id == api_id and bool(entry.steps)
