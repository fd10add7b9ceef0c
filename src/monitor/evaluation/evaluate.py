"""Snapshot + org policy + time -> effective access and the violations of every rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.access.counter_example import witness_of
from monitor.access.decide import decide
from monitor.evaluation.catalogue import RULES
from monitor.model.access import ApiAccess, Scope, Witness
from monitor.model.api import ApiSnapshot
from monitor.model.callers import EVERY_CALLER
from monitor.model.finding import Status, Violation
from monitor.model.gaps import Gap, Unknown
from monitor.model.organization import Bound
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput
from monitor.orgpolicy.schema import Allowed, OrgPolicy
from monitor.orgpolicy.selectors import class_of

_HIDES_ALL = frozenset({Unknown.API, Unknown.STAGES})
_STAGE = re.compile(r"/stages/([^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What was not found this time may be there all the same: of one rule (empty = of any), at one
    stage (empty = at any), live, drafted or (None) both."""

    rule: str = ""
    stage: str = ""
    live: bool | None = None

    def covers(self, violation: Violation) -> bool:
        return (
            self.rule in ("", violation.rule)
            and self.stage in ("", violation.stage)
            and self.live in (None, violation.live)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What one look at an API comes to."""

    snapshot: ApiSnapshot
    access: ApiAccess
    bound: Bound
    violations: tuple[Violation, ...]
    doubts: frozenset[Doubt] = field(default=frozenset())

    @property
    def is_blind(self) -> bool:
        """Not even the stages are known."""
        return Doubt() in self.doubts

    def may_hide(self, violation: Violation) -> bool:
        """Whether the violation may be there, although it was not found this time."""
        return any(doubt.covers(violation) for doubt in self.doubts)


def evaluate(snapshot: ApiSnapshot, policy: OrgPolicy, *, now: datetime) -> Evaluation:
    """Judge one API as it was read. Pure; never raises, whatever the snapshot holds."""
    access = decide(snapshot, now=now)
    named = class_of(snapshot, policy)
    bound = Bound(
        class_name=named.name,
        allowed=EVERY_CALLER if named.allowed is Allowed.ANYONE else None,
        clause=f"allowed: {named.allowed.value}",
    )
    given = RuleInput(snapshot=snapshot, access=access, now=now, bound=bound)
    violations: list[Violation] = []
    doubts = {Doubt() for gap in snapshot.gaps if gap.unknown in _HIDES_ALL}
    for rule in RULES:
        doubts |= {_doubt(rule, gap) for gap in snapshot.gaps if gap.unknown in rule.rests_on}
        problems: list[Problem] = []
        for answer in _answers(rule, given):
            if isinstance(answer, CannotTell):
                doubts.add(Doubt(rule=rule.id, stage=answer.stage, live=answer.live))
            else:
                problems.append(answer)
        violations += (_violation(rule, one, given) for one in _merged(problems))
    return Evaluation(
        snapshot=snapshot,
        access=access,
        bound=bound,
        violations=tuple(violations),
        doubts=frozenset(doubts),
    )


def _answers(rule: Rule, given: RuleInput) -> Iterator[Problem | CannotTell]:
    """What a rule says; one that fails says that it failed, and spoils no other."""
    defaults = {name: one.default for name, one in rule.parameters.items()}
    try:
        yield from rule.check(replace(given, parameters=defaults))
    except Exception as failure:  # noqa: BLE001 - whatever it is, it becomes a finding
        why = f"the rule failed: {type(failure).__name__}: {failure}"
        yield CannotTell(why=why)
        yield Problem(title=f"nobody can say whether “{rule.title}”: {why}", undecided=True)


def _merged(problems: list[Problem]) -> Iterator[Problem]:
    """One problem a place, so that 300 open methods are one conversation."""
    places: dict[tuple[str, bool, bool], Problem] = {}
    for one in problems:
        place = (one.stage, one.live, one.undecided)
        first = places.setdefault(place, one)
        if first is not one:
            places[place] = replace(
                first,
                title=first.title if one.title in first.title else f"{first.title}; {one.title}",
                routes=tuple(dict.fromkeys((*first.routes, *one.routes))),
                because=(*first.because, *one.because),
                caveats=tuple(dict.fromkeys((*first.caveats, *one.caveats))),
                severity=min(
                    (s for s in (first.severity, one.severity) if s is not None),
                    key=lambda severity: severity.rank,
                    default=None,
                ),
            )
    yield from places.values()


def _violation(rule: Rule, problem: Problem, given: RuleInput) -> Violation:
    stage = next((one for one in given.snapshot.stages if one.name == problem.stage), None)
    return Violation(
        rule=rule.id,
        severity=problem.severity or rule.severity,
        status=Status.UNKNOWN if problem.undecided else Status.OPEN,
        title=problem.title,
        scope=Scope.UNKNOWN if problem.undecided else problem.scope or _scope(problem, given),
        stage=problem.stage,
        deployment_id=stage.deployment_id if stage and problem.live else None,
        live=problem.live,
        routes=problem.routes,
        policy_class=problem.policy_class,
        witness=_witness(problem, given),
        because=problem.because,
        caveats=problem.caveats,
        remediations=rule.remediations,
    )


def _witness(problem: Problem, given: RuleInput) -> Witness | None:
    if problem.counter_example is None:
        return None
    return witness_of(
        given.snapshot,
        problem.counter_example,
        stage=problem.stage,
        live=problem.live,
        now=given.now,
    )


def _scope(problem: Problem, given: RuleInput) -> Scope:
    """Who can call the place that the problem is about."""
    access = given.access
    if not problem.stage:
        return access.scope if problem.live else access.draft_scope
    found = next((one for one in access.stages if one.stage == problem.stage), None)
    judged = found and (found.live if problem.live else found.draft)
    return judged.scope if judged else Scope.UNKNOWN


def _doubt(rule: Rule, gap: Gap) -> Doubt:
    named = _STAGE.search(gap.subject)
    return Doubt(rule=rule.id, stage=named[1] if named else "")
