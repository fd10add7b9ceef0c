"""The org policy, held to the rules that there are."""

from __future__ import annotations

from monitor.evaluation.catalogue import RULES
from monitor.orgpolicy import load
from monitor.orgpolicy.schema import OrgPolicy


def load_org_policy(text: str, name: str = "org policy") -> OrgPolicy:
    """YAML text as an org policy. Raises monitor.orgpolicy.load.OrgPolicyError, whose message has a
    line for each mistake."""
    return load.load_org_policy(text, name, rules=RULES)
