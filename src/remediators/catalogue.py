"""Every remedy there is, in the order in which they are offered: what closes the hole with the
least besides comes first."""

from __future__ import annotations

from remediators.actions import (
    quarantine_stage,
    require_authorization,
    restrict_policy,
    rollback_stage,
)
from remediators.situation import Action

ACTIONS: tuple[Action, ...] = (
    rollback_stage.ACTION,
    restrict_policy.ACTION,
    require_authorization.ACTION,
    quarantine_stage.ACTION,
)
BY_ID = {action.id: action for action in ACTIONS}
