"""What is wider than what: one violation than it was before."""

from __future__ import annotations

from monitor.model.access import widest
from monitor.model.finding import Violation


def is_wider(before: Violation, after: Violation) -> bool:
    """Graver, or open to more. The scope of a finding that is not about access is that of its
    stage, which has findings of its own."""
    if after.severity.rank < before.severity.rank:
        return after.status is before.status
    if before.scope is after.scope or not is_about_access(after):
        return False
    return widest(before.scope, after.scope) is after.scope


def is_about_access(violation: Violation) -> bool:
    return violation.witness is not None or bool(violation.policy_class)
