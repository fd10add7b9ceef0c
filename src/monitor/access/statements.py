"""A policy against a space of callers: for each statement, the callers it speaks of, as boxes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from monitor.access.axes import CellAxis
from monitor.access.circumstances import AxisName
from monitor.access.space import Space
from monitor.iampolicy.boxes import Box
from monitor.iampolicy.document import Condition, Effect, PolicyDocument, Statement, Version
from monitor.iampolicy.principals import matches_principal
from monitor.iampolicy.resources import ResourceRule, matches_action
from monitor.iampolicy.three_valued import Truth


@dataclass(frozen=True, slots=True)
class Applied:
    """One statement as an Allow or a Deny. `sure`: the callers it surely speaks of (None: nobody
    for sure), `possible`: those it may speak of. The resource is asked route by route."""

    statement: Statement
    effect: Effect
    sure: Box | None
    possible: Box
    resource: ResourceRule


def apply_policy(policy: PolicyDocument, space: Space, api_arn: str) -> tuple[Applied, ...]:
    """Every statement that may speak of these callers invoking something."""
    return tuple(
        applied
        for statement in policy.statements
        for effect in _effects(statement)
        if (applied := _apply(statement, effect, policy.version, space, api_arn)) is not None
    )


def _effects(statement: Statement) -> tuple[Effect, ...]:
    """An unreadable effect may be either."""
    return (Effect.ALLOW, Effect.DENY) if statement.effect is None else (statement.effect,)


def _apply(
    statement: Statement, effect: Effect, version: Version, space: Space, api_arn: str
) -> Applied | None:
    if statement.principal is None or statement.action is None or statement.resource is None:
        # AWS refuses such a statement; it grants nothing and denies nothing.
        return None
    region = _Region(space)
    region.everywhere(Truth.YES if statement.effect is effect else Truth.UNKNOWN)
    region.everywhere(matches_action(statement.action))
    region.principal(statement, effect)
    if not statement.conditions_readable:
        region.everywhere(Truth.UNKNOWN)
    ambiguous = _spelled_twice(statement.conditions)
    for condition in statement.conditions:
        if condition.operator in ambiguous:
            region.everywhere(Truth.UNKNOWN)
        else:
            region.condition(condition, version)
    if not region.alive:
        return None
    rule = ResourceRule.of(
        statement.resource, version=version, lookup=space.lookup, api_arn=api_arn
    )
    return Applied(statement, effect, region.sure, region.possible, rule)


def _spelled_twice(conditions: tuple[Condition, ...]) -> frozenset[str]:
    """The operators that hold one key in two spellings: which one counts is not documented."""
    if len(conditions) < 2:  # the usual case, in a hurry
        return frozenset()
    counts = Counter((one.operator, one.key.lower()) for one in conditions)
    return frozenset(operator for (operator, _), count in counts.items() if count > 1)


class _Region:
    """The callers that have passed every test so far."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._sure = list(space.full)
        self._possible = list(space.full)
        self._certain = True

    @property
    def alive(self) -> bool:
        return all(self._possible)

    @property
    def sure(self) -> Box | None:
        return tuple(self._sure) if self._certain and all(self._sure) else None

    @property
    def possible(self) -> Box:
        return tuple(self._possible)

    def everywhere(self, result: Truth) -> None:
        if result is Truth.NO:
            self._possible[0] = 0
        if result is not Truth.YES:
            self._certain = False

    def along(self, place: int, yes: int, maybe: int) -> None:
        self._sure[place] &= yes
        self._possible[place] &= maybe

    def principal(self, statement: Statement, effect: Effect) -> None:
        element = statement.principal
        if element is None:
            return
        signed = self._space.circumstances.signed
        place = self._space.index.get(AxisName.IDENTITY) if signed else None
        axis = None if place is None else self._space.axes[place]
        if place is None or not isinstance(axis, CellAxis):
            self.everywhere(matches_principal(element, None, effect=effect))
            return
        masks = axis.masks_of(lambda cell: matches_principal(element, cell.identity, effect=effect))
        self.along(place, masks.yes, masks.maybe)

    def condition(self, condition: Condition, version: Version) -> None:
        met = self._space.condition(condition, version)
        if isinstance(met, Truth):
            self.everywhere(met)
        else:
            self.along(met[0], met[1].yes, met[1].maybe)
