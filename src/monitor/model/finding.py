"""A violation is what a rule says now; a finding is the stored thing with a life."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from monitor.model.access import Reason, Scope, Witness
from monitor.model.api import ApiId

HISTORY = 20
"""Marks that a finding keeps: one that opens and closes with every deployment must not grow."""


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the gravest."""
        return _SEVERITY_ORDER[self]

    @property
    def milder(self) -> Severity:
        """One step less grave: of what is not served yet. Nothing is below `low` for that."""
        order = list(Severity)
        return self if self.rank >= Severity.LOW.rank else order[self.rank + 1]

    def at_least(self, other: Severity) -> bool:
        return self.rank <= other.rank


_SEVERITY_ORDER = {severity: place for place, severity in enumerate(Severity)}


class Status(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    WAIVED = "waived"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Somebody accepts a problem until a time (aware, UTC). `by`: the org policy, or a person."""

    reason: str
    owner: str
    until: datetime
    by: str

    def lasts(self, now: datetime) -> bool:
        return self.until > now


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Somebody has seen a finding and deals with it."""

    who: str
    at: datetime


class StepKind(StrEnum):
    """What happened to a finding."""

    OPENED = "opened"
    """Also: what was undecided turned out to be there."""
    REOPENED = "reopened"
    """It was resolved, or its waiver is over."""
    WIDENED = "widened"
    LOWERED = "lowered"
    """It was told, and is less grave now than what is told."""
    ATTRIBUTED = "attributed"
    """The event of the change arrived after the finding was told."""
    UNDECIDED = "undecided"
    """It was open, and nobody can tell any more whether it still is."""
    ACKNOWLEDGED = "acknowledged"
    WAIVED = "waived"
    WAIVER_ENDS = "waiver-ends"
    """It will be open again soon."""
    UNWAIVED = "unwaived"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One step in a finding's history. `who` empty: not known, or time alone."""

    kind: StepKind
    who: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The change a finding is attributed to. `acts_at_once` False: it edited a draft, and so cannot
    have changed what is live.

    `said`: the change in the words of its request. `changed`: what was different on the API itself
    since it was last looked at, the whole burst taken together, and `access`: who could call each
    stage before, and can now. `session` and `role`: the halves of an assumed role. `mfa` None = not
    told. `foreign_account`: that of a caller from elsewhere, else empty.
    """

    who: str
    event_name: str
    event_id: str
    event_time: datetime | None
    source_ip: str = ""
    via: str = ""
    acts_at_once: bool = True
    arn: str = ""
    said: str = ""
    changed: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    session: str = ""
    role: str = ""
    mfa: bool | None = None
    foreign_account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What a rule found on one API at one moment, its routes inside.

    `policy_class`: the class of the org policy whose bound is exceeded, empty where none is;
    `clause`: what that class allows, in the policy's words. `classes`: those that its place and
    routes are of, whatever is wrong there; `policy_class` first.
    `waiver`: the org policy's, if one speaks of it now. `remediations`: ids of those on offer.
    `caused_by`: the one change among those that led here that it comes from, where that is known.
    """

    rule: str
    severity: Severity
    status: Status
    title: str
    scope: Scope
    stage: str
    deployment_id: str | None
    live: bool
    routes: tuple[str, ...] = ()
    policy_class: str = ""
    clause: str = ""
    classes: tuple[str, ...] = ()
    witness: Witness | None = None
    because: tuple[Reason, ...] = ()
    caveats: tuple[str, ...] = ()
    waiver: Waiver | None = None
    remediations: tuple[str, ...] = ()
    caused_by: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A violation with its life. Times are aware, UTC.

    `waiver`: the one in force, if waived; a person's outlives a resolution, for as long as it
    lasts. `announced`: the end of the waiver that was announced. `history`: the latest steps,
    oldest first, those nobody is told of included. `baseline`: it was there before the first scan
    of its rule ended, and is told in that scan's summary only.
    """

    id: str
    api: ApiId
    api_name: str
    violation: Violation
    status: Status
    first_seen: datetime
    last_seen: datetime
    change: Cause | None = None
    reopened: int = 0
    acknowledged: Acknowledgement | None = None
    waiver: Waiver | None = None
    announced: datetime | None = None
    history: tuple[Mark, ...] = ()
    baseline: bool = False

    @property
    def personal_waiver(self) -> Waiver | None:
        """The waiver in force, if it is not the org policy's."""
        return self.waiver if self.waiver != self.violation.waiver else None

    def marked(self, kind: StepKind, who: str, at: datetime) -> Finding:
        history = (*self.history, Mark(kind=kind, who=who, at=at))
        return replace(self, history=history[-HISTORY:])


def finding_id(api: ApiId, violation: Violation) -> str:
    """The same problem keeps its id: one per rule, API, stage and live or draft; routes and
    deployments come and go inside it."""
    parts = (
        violation.rule,
        api.account_id,
        api.region,
        api.api_id,
        violation.stage,
        "live" if violation.live else "draft",
    )
    return "gw-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
