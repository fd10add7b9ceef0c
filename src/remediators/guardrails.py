"""What keeps a remedy from being done, however right it may be. Pure: each function answers why
not, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from monitor.model.access import Scope
from monitor.orgpolicy.remedies import Mode as PolicyMode
from monitor.orgpolicy.schema import OrgPolicy
from remediators.entry import Entry
from remediators.plan import Plan, State


class Mode(StrEnum):
    """How far a remedy may go without further ado; each contains the ones before."""

    OFF = "off"
    OFFER = "offer"
    """Plans are made and shown, never carried out."""
    APPROVE = "approve"
    """A person has to approve each."""
    AUTO = "auto"

    def at_least(self, other: Mode) -> bool:
        return _ORDER[self] >= _ORDER[other]


_ORDER = {mode: place for place, mode in enumerate(Mode)}


def lowest(*modes: Mode) -> Mode:
    return min(modes, key=_ORDER.__getitem__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A time in which nothing is changed: from `start` to before `end`, both aware."""

    start: datetime
    end: datetime
    name: str = "a change freeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The guard rails of one class and rule of the org policy.

    `actions` None: every action. `approvers` empty: whoever may ask for it; else names as the
    requests carry them. `four_eyes`: who asked for a plan does not approve it. `exempt_tags`: an
    API that carries one of them is left alone; an empty value stands for any.
    """

    mode: Mode = Mode.OFF
    actions: tuple[str, ...] | None = None
    approvers: tuple[str, ...] = ()
    four_eyes: bool = True
    freezes: tuple[Freeze, ...] = ()
    exempt_tags: Mapping[str, str] = field(default_factory=dict)
    automatic_per_hour_and_api: int = 2
    automatic_per_hour: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the guard rails of an action depend on. `classes`: those of the org policy that the
    finding's place and routes are of; the most careful one decides."""

    action: str
    rule: str
    classes: tuple[str, ...]
    tags: Mapping[str, str]
    now: datetime


Guards = Callable[[Case], Guard]


def guards_of(policy: OrgPolicy, ceiling: Mode, actions: tuple[str, ...] | None) -> Guards:
    """The guard rails of the org policy, as far as the deployment goes: `ceiling` is the most that
    it does, and `actions` are those whose writes it grants.

    The policy's `offer` lets one person ask for a plan and carry it out, its `approve` asks for a
    second one.
    """
    rules = policy.remediations
    limits = rules.automatic_per_hour

    def guard(case: Case) -> Guard:
        wanted = rules.mode_of(case.action, rule=case.rule, classes=case.classes, tags=case.tags)
        until = rules.frozen_until(case.now, ZoneInfo(policy.timezone))
        frozen = Freeze(start=case.now, end=until) if until is not None else None
        return Guard(
            mode=lowest(ceiling, _MEANS[wanted]),
            actions=actions,
            four_eyes=wanted is not PolicyMode.OFFER,
            freezes=(frozen,) if frozen else (),
            automatic_per_hour_and_api=limits.api,
            automatic_per_hour=limits.account,
        )

    return guard


_MEANS = {
    PolicyMode.OFF: Mode.OFF,
    PolicyMode.OFFER: Mode.APPROVE,
    PolicyMode.APPROVE: Mode.APPROVE,
    PolicyMode.AUTO: Mode.AUTO,
}

AGAIN_WITHIN = timedelta(days=7)
"""As long as this, a fix that did not last is not made again without a person."""


def why_no_plan(guard: Guard, tags: Mapping[str, str], action: str) -> str:
    if guard.mode is Mode.OFF:
        return "remediation is off for this class and rule"
    if guard.actions is not None and action not in guard.actions:
        return f"the org policy does not allow {action} here"
    for name, value in guard.exempt_tags.items():
        if name in tags and value in ("", tags[name]):
            return f"the API is exempt by its tag {name}={tags[name]}"
    return ""


def why_not_approved(guard: Guard, entry: Entry, by: str, now: datetime) -> str:
    if not guard.mode.at_least(Mode.APPROVE):
        return "plans are only shown here, not carried out"
    if entry.state is not State.PLANNED:
        return f"the plan is {entry.state.value}, no longer open to approval"
    if now > entry.plan.expires_at:
        return f"the plan expired at {entry.plan.expires_at:%Y-%m-%d %H:%M} UTC: make a new one"
    if guard.approvers and by not in guard.approvers:
        return f"{by} is not among those who may approve"
    if guard.four_eyes and by == entry.requested_by:
        return f"{by} asked for this plan: somebody else has to approve it"
    return ""


def why_not_now(guard: Guard, now: datetime) -> str:
    """For what is to be changed; to take something back is never refused for the time of day."""
    for freeze in guard.freezes:
        if freeze.start <= now < freeze.end:
            return f"{freeze.name} lasts until {freeze.end:%Y-%m-%d %H:%M} UTC"
    return ""


def why_not_automatic(guard: Guard, plan: Plan, history: Sequence[Entry]) -> str:
    """`history`: the API's plans. A fix that somebody undid is reported, not fought."""
    if guard.mode is not Mode.AUTO:
        return "a person has to approve it"
    for entry in history:
        same = entry.plan.id != plan.id and entry.plan.stage == plan.stage
        recent = entry.plan.made_at > plan.made_at - AGAIN_WITHIN
        if not (same and recent):
            continue
        if entry.state is State.DONE:
            return (
                f"plan {entry.plan.id} closed this before, and a person or a tool opened it again"
            )
        if entry.state in (State.UNDONE, State.ROLLED_BACK, State.STUCK, State.REFUSED):
            return f"plan {entry.plan.id} for this stage ended as {entry.state.value}"
    if any(one.before is Scope.UNKNOWN for one in plan.access.stages):
        return "access is not decided, and that is for a person to look at"
    return ""


def slots(guard: Guard, plan: Plan) -> Iterable[tuple[str, int]]:
    """What counts automatic actions, and how many an hour each allows: the circuit breaker."""
    api = plan.api
    account = f"{api.account_id}/{api.region}"
    yield f"{account}/{api.api_id}", guard.automatic_per_hour_and_api
    yield account, guard.automatic_per_hour
