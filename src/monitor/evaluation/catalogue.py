"""Every rule there is, in the order in which findings are told."""

from __future__ import annotations

from monitor.model.rule import Rule
from monitor.rules import (
    access_exceeds_policy,
    access_unknown,
    access_will_exceed_policy,
    canary_widens_access,
    draft_differs_from_live,
)

RULES: tuple[Rule, ...] = (
    access_exceeds_policy.RULE,
    access_will_exceed_policy.RULE,
    canary_widens_access.RULE,
    access_unknown.RULE,
    draft_differs_from_live.RULE,
)
