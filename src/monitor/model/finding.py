"""A violation is what a rule says now; a finding is the stored thing with a life."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.access import Reason, Scope, Witness
from monitor.model.api import ApiId


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    def at_least(self, other: Severity) -> bool:
        return _SEVERITY_ORDER[self] <= _SEVERITY_ORDER[other]


_SEVERITY_ORDER = {severity: place for place, severity in enumerate(Severity)}


class Status(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    WAIVED = "waived"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What a rule found on one API at one moment, its routes inside.

    `policy_class`: the class of the org policy whose bound is exceeded, empty where none is.
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
    witness: Witness | None = None
    because: tuple[Reason, ...] = ()
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The change a finding is attributed to. `acts_at_once` False: it edited a draft, and so cannot
    have changed what is live."""

    who: str
    event_name: str
    event_id: str
    event_time: datetime | None
    source_ip: str = ""
    via: str = ""
    acts_at_once: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A violation with its life. Times are aware, UTC."""

    id: str
    api: ApiId
    api_name: str
    violation: Violation
    status: Status
    first_seen: datetime
    last_seen: datetime
    change: Cause | None = None
    reopened: int = 0
    remediations: tuple[str, ...] = ()


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
