"""Snapshot + org policy + time -> effective access and the violations of every rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.access.decide import decide
from monitor.evaluation.catalogue import RULES
from monitor.model.access import ApiAccess
from monitor.model.api import ApiSnapshot
from monitor.model.finding import Violation
from monitor.model.gaps import Unknown
from monitor.model.rule import RuleInput
from monitor.orgpolicy.schema import Allowed, OrgPolicy
from monitor.orgpolicy.selectors import class_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """`undecided` names the stages about which nothing is proven, so that no finding there may be
    called resolved; `all_undecided`: not even the stages are known."""

    snapshot: ApiSnapshot
    access: ApiAccess
    violations: tuple[Violation, ...]
    undecided: frozenset[str]
    all_undecided: bool


def evaluate(snapshot: ApiSnapshot, policy: OrgPolicy, *, now: datetime) -> Evaluation:
    """Judge one API as it was read. Pure."""
    access = decide(snapshot, now=now)
    named = class_of(snapshot, policy)
    given = RuleInput(
        snapshot=snapshot,
        access=access,
        public_access_allowed=named.allowed is Allowed.ANYONE,
        policy_class=named.name,
    )
    return Evaluation(
        snapshot=snapshot,
        access=access,
        violations=tuple(violation for rule in RULES for violation in rule.check(given)),
        undecided=frozenset(stage.stage for stage in access.stages if stage.live.public is None),
        all_undecided=any(gap.unknown in (Unknown.API, Unknown.STAGES) for gap in snapshot.gaps),
    )
