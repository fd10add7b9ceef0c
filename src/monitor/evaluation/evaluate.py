"""Snapshot + org policy + time -> effective access and the violations of every rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.access.counter_example import witness_of
from monitor.access.decide import decide
from monitor.access.thresholds import Thresholds
from monitor.evaluation.catalogue import RULES
from monitor.evaluation.standing import stand
from monitor.model.access import ApiAccess, Scope, Witness
from monitor.model.api import ApiSnapshot
from monitor.model.finding import Cause, Status, Violation
from monitor.model.gaps import Gap, Unknown
from monitor.model.organization import Bound
from monitor.model.record import ApiRecord
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput
from monitor.model.standing import Standing
from monitor.orgpolicy.remedies import Mode
from monitor.orgpolicy.rule_settings import is_on, parameters_of, severity_of
from monitor.orgpolicy.schema import OrgPolicy
from monitor.orgpolicy.waivers import waiver_for
from monitor.rules.class_widened import ID as CLASS_WIDENED

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
            # What is of the whole API rests on each of its stages.
            and (self.stage in ("", violation.stage) or not violation.stage)
            and self.live in (None, violation.live)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What one look at an API comes to. `standing`: its classes in the org policy, to be kept."""

    snapshot: ApiSnapshot
    access: ApiAccess
    bound: Bound
    violations: tuple[Violation, ...]
    doubts: frozenset[Doubt] = field(default=frozenset())
    standing: Standing | None = None

    @property
    def is_blind(self) -> bool:
        """Not even the stages are known."""
        return Doubt() in self.doubts

    def may_hide(self, violation: Violation) -> bool:
        """Whether the violation may be there, although it was not found this time."""
        return any(doubt.covers(violation) for doubt in self.doubts)


def evaluate(
    snapshot: ApiSnapshot,
    policy: OrgPolicy,
    *,
    now: datetime,
    before: ApiRecord | None = None,
    edits: Sequence[Cause] = (),
) -> Evaluation:
    """Judge one API as it was read. Pure; never raises, whatever the snapshot holds.

    `before`: what is stored of it, for the class of the org policy that it was in. `edits`: those
    of its tags and name that led to this look, in order.
    """
    thresholds = _thresholds(policy)
    access = decide(snapshot, now=now, thresholds=thresholds)
    stood = stand(
        snapshot,
        policy,
        thresholds,
        before=before.standing if before else None,
        edits=edits,
        is_waived=_is_waived(before, now),
    )
    given = RuleInput(
        snapshot=snapshot,
        access=access,
        now=now,
        bound=stood.classes.whole,
        bounds=stood.classes.bounds,
        organization=policy.organization.resolved(),
        move=stood.move,
    )
    violations: list[Violation] = []
    doubts = {Doubt() for gap in snapshot.gaps if gap.unknown in _HIDES_ALL}
    for rule in RULES:
        if not is_on(policy, rule):
            continue
        doubts |= {_doubt(rule, gap) for gap in snapshot.gaps if gap.unknown in rule.rests_on}
        problems: list[Problem] = []
        for answer in _answers(rule, replace(given, parameters=parameters_of(policy, rule))):
            if isinstance(answer, CannotTell):
                doubts.add(Doubt(rule=rule.id, stage=answer.stage, live=answer.live))
            else:
                problems.append(answer)
        violations += (_judged(rule, one, given, policy) for one in _merged(problems))
    return Evaluation(
        snapshot=snapshot,
        access=access,
        bound=given.bound,
        violations=tuple(violations),
        doubts=frozenset(doubts),
        standing=stood.standing,
    )


def _is_waived(before: ApiRecord | None, now: datetime) -> bool:
    """Whether somebody accepts for a time that the API is in a wider class."""
    return before is not None and any(
        finding.waiver is not None and finding.waiver.lasts(now)
        for finding in before.findings.values()
        if finding.violation.rule == CLASS_WIDENED and finding.status is Status.WAIVED
    )


def _answers(rule: Rule, given: RuleInput) -> Iterator[Problem | CannotTell]:
    """What a rule says; one that fails says that it failed, and spoils no other."""
    try:
        yield from rule.check(given)
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


def _judged(rule: Rule, problem: Problem, given: RuleInput, policy: OrgPolicy) -> Violation:
    """The problem as a violation, with what the org policy says of it."""
    found = _violation(rule, problem, given, _thresholds(policy))
    routes = problem.routes or ("",)
    classes = [given.bound_of(problem.stage, route).class_name for route in routes]
    offered = tuple(
        id_
        for id_ in rule.remediations
        if policy.remediations.mode_of(id_, rule=rule.id, classes=classes, tags=given.snapshot.tags)
        is not Mode.OFF
    )
    return replace(
        found,
        severity=severity_of(policy, rule) or found.severity,
        classes=tuple(dict.fromkeys((problem.policy_class or classes[0], *classes))),
        clause=_clause(problem, given),
        waiver=waiver_for(policy, given.snapshot, found, given.now),
        remediations=offered,
    )


def _clause(problem: Problem, given: RuleInput) -> str:
    """What the class allows whose bound is exceeded."""
    bounds = (given.bound, *given.bounds.values())
    named = (one.clause for one in bounds if one.class_name == problem.policy_class)
    return next(named, "")


def _thresholds(policy: OrgPolicy) -> Thresholds:
    limits = policy.thresholds
    return Thresholds(
        ipv4_addresses=limits.broad_ipv4_addresses, ipv6_prefix=limits.broad_ipv6_prefix
    )


def _violation(rule: Rule, problem: Problem, given: RuleInput, thresholds: Thresholds) -> Violation:
    stage = next((one for one in given.snapshot.stages if one.name == problem.stage), None)
    return Violation(
        rule=rule.id,
        severity=problem.severity or (rule.severity if problem.live else rule.severity.milder),
        status=Status.UNKNOWN if problem.undecided else Status.OPEN,
        title=problem.title,
        scope=Scope.UNKNOWN if problem.undecided else problem.scope or _scope(problem, given),
        stage=problem.stage,
        deployment_id=stage.deployment_id if stage and problem.live else None,
        live=problem.live,
        routes=problem.routes,
        policy_class=problem.policy_class,
        witness=_witness(problem, given, thresholds),
        because=problem.because,
        caveats=problem.caveats,
        caused_by=given.move.who if given.move and rule.id == CLASS_WIDENED else None,
    )


def _witness(problem: Problem, given: RuleInput, thresholds: Thresholds) -> Witness | None:
    if problem.counter_example is None:
        return None
    return witness_of(
        given.snapshot,
        problem.counter_example,
        stage=problem.stage,
        live=problem.live,
        now=given.now,
        thresholds=thresholds,
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
