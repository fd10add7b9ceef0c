"""Where a notice goes, and whether it has to wait: the org policy's routing, and mutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.model.finding import Violation
from monitor.model.notice import Notice, StepKind
from monitor.orgpolicy.routing import Delivery
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Clock, Notebook, Route

MUTES = "mute"
"""Kind of note: by the name of a class or rule, until when (ISO 8601)."""

_NEVER_HELD = frozenset({StepKind.RESOLVED, StepKind.ACKNOWLEDGED, StepKind.WAIVED})
"""What people wait for, or did themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """`channel`, `fallback`: the deployment's own, where the org policy names none."""

    policy: Callable[[], OrgPolicy]
    notebook: Notebook
    clock: Clock
    channel: str
    fallback: str = ""

    def route(self, notice: Notice) -> Route:
        found = self._delivery(notice, self.clock.now())
        return Route(found.channel or self.channel, found.fallback or self.fallback)

    def holds(self, notice: Notice, now: datetime) -> bool:
        """Whether the notice waits: for the end of quiet hours, or of a mute of all it is about."""
        if notice.plan or notice.first or any(step.kind in _NEVER_HELD for step in notice.steps):
            return False
        quiet_until = self._delivery(notice, now).not_before
        if quiet_until is not None and quiet_until > now:
            return True
        muted = {
            name
            for name, until in self.notebook.read(MUTES).items()
            if datetime.fromisoformat(until) > now
        }
        return bool(muted) and all(_is_of(step.finding.violation, muted) for step in notice.steps)

    def _delivery(self, notice: Notice, now: datetime) -> Delivery:
        policy = self.policy()
        worst = min(
            (step.finding.violation for step in notice.steps),
            key=lambda violation: violation.severity.rank,
            default=None,
        )
        return policy.routing.of(
            class_name=worst.classes[0] if worst and worst.classes else "",
            severity=notice.severity,
            tags=notice.tags,
            now=now,
            zone=ZoneInfo(policy.timezone),
        )


def _is_of(violation: Violation, muted: set[str]) -> bool:
    """Whether its rule is muted, or every class that it is about."""
    return violation.rule in muted or (
        bool(violation.classes) and muted.issuperset(violation.classes)
    )
