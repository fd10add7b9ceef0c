"""What the org policy makes of a rule: whether it is asked, how severe, with which parameters."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.model.finding import Severity
from monitor.model.rule import ParameterValue, Rule
from monitor.orgpolicy.schema import OrgPolicy


def is_on(policy: OrgPolicy, rule: Rule) -> bool:
    settings = policy.rules.get(rule.id)
    return rule.on if settings is None or settings.on is None else settings.on


def severity_of(policy: OrgPolicy, rule: Rule) -> Severity | None:
    """The severity of everything that the rule finds; None = what the rule says itself."""
    settings = policy.rules.get(rule.id)
    return settings.severity if settings else None


def parameters_of(policy: OrgPolicy, rule: Rule) -> Mapping[str, ParameterValue]:
    """The rule's defaults, the thresholds of the same name in their place, then its own values."""
    settings = policy.rules.get(rule.id)
    given = policy.thresholds.by_name | (settings.parameters if settings else {})
    return {name: given.get(name, one.default) for name, one in rule.parameters.items()}
