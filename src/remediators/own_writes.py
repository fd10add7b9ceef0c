"""Telling our own writes from those of others, when CloudTrail reports them. Pure.

The writer's role is assumed for one plan at a time, by a session that is named for it; so an event
says by itself which plan made it, and the journal says whether that is true.
"""

from __future__ import annotations

import re

from remediators.entry import Entry

PREFIX = "gatewatch-"
_SESSION = re.compile(r":assumed-role/(?P<role>[^/]+)/gatewatch-(?P<plan>gwp-[0-9a-f]{16})\Z")
_TOLD = re.compile(r"gatewatch-(?P<plan>gwp-[0-9a-f]{16}) \(role (?P<role>[^)]+)\)")


def session_name(plan_id: str) -> str:
    return PREFIX + plan_id


def plan_of(actor_arn: str, writer_role_arn: str) -> str | None:
    """The plan whose session made a call; None for everybody else, whatever they call
    themselves: only the writer's role has such sessions."""
    found = _SESSION.search(actor_arn)
    if found is None or found["role"] != writer_role_arn.rpartition("/")[2]:
        return None
    return found["plan"] if _account(actor_arn) == _account(writer_role_arn) else None


def plan_told_of(who: str) -> str | None:
    """The plan that a finding's change names as its author, as the monitor writes it. Not a proof:
    the journal has to know it."""
    found = _TOLD.fullmatch(who)
    return found["plan"] if found is not None else None


def confirms(entry: Entry | None, api_id: str) -> bool:
    """Whether the journal knows of a plan that changed this API: then an event of its session is
    what was to be expected, and asks for no plan of its own."""
    return entry is not None and entry.plan.api.api_id == api_id and bool(entry.steps)


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""
