"""What a rule is: a declaration of itself and one pure function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitor.model.access import ApiAccess
from monitor.model.api import ApiSnapshot
from monitor.model.finding import Severity, Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInput:
    """All that a rule may look at. `public_access_allowed`: the org policy's class of this API,
    `policy_class`, lets anyone invoke it."""

    snapshot: ApiSnapshot
    access: ApiAccess
    public_access_allowed: bool
    policy_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`id` is also the name of its file and its docs page."""

    id: str
    title: str
    severity: Severity
    attacker_view: str
    fix: str
    check: Callable[[RuleInput], Iterator[Violation]]
