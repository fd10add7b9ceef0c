"""Every rule there is, in the order in which findings are told."""

from __future__ import annotations

from monitor.model.rule import Rule
from monitor.rules import access_exceeds_policy, access_unknown

RULES: tuple[Rule, ...] = (access_exceeds_policy.RULE, access_unknown.RULE)
