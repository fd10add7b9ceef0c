"""What one resource policy lets through to one route: sets of callers, sure and possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.access.authorization import PolicyRule
from monitor.access.circumstances import AxisName
from monitor.access.route_space import Sample, resource_masks
from monitor.access.space import Space
from monitor.access.statements import Applied
from monitor.iampolicy.boxes import Box, Budget, BudgetExceededError, intersect, merged, subtract
from monitor.iampolicy.document import Effect, PolicyDocument
from monitor.iampolicy.resources import ResourceRule

# Masks handled for one question. What needs more is answered with a bound, and said to be unknown.
BOX_BUDGET = 300_000
# For a stage as a whole: boxes and the automata of its paths.
STAGE_BUDGET = 1_000_000


@dataclass(frozen=True, slots=True)
class Let:
    """Callers let through: `sure` surely, `possible` perhaps (the former included)."""

    sure: tuple[Box, ...]
    possible: tuple[Box, ...]
    entangled: bool = False


NOBODY = Let((), ())


@dataclass(frozen=True, slots=True)
class Asked:
    """One statement with the samples of a route that its Resource surely and perhaps names."""

    applied: Applied
    yes: int
    maybe: int

    @property
    def sure(self) -> Box | None:
        box = self.applied.sure
        return None if box is None or not self.yes else (self.yes, *box[1:])

    @property
    def possible(self) -> Box | None:
        return (self.maybe, *self.applied.possible[1:]) if self.maybe else None


@dataclass(slots=True)
class PolicyOutcomes:
    """A policy against one space of callers, asked route by route; equal questions once.

    `attached` False: there is no policy. `document` None: there is one, but it was not read;
    `applied` None: nothing is known of what it says. HTTP and WebSocket APIs cannot have one.
    """

    space: Space
    document: PolicyDocument | None
    applied: tuple[Applied, ...] | None
    budget: Budget = field(default_factory=lambda: Budget(STAGE_BUDGET))
    attached: bool = True
    can_have_policy: bool = True
    _known: dict[object, Let] = field(default_factory=dict)
    _asked: dict[object, tuple[Asked, ...]] = field(default_factory=dict)
    _different: tuple[ResourceRule, ...] | None = None
    _rule_of: list[int] = field(default_factory=list)

    def asked(self, samples: Sequence[Sample]) -> tuple[Asked, ...]:
        """Every statement with what its Resource says of the samples."""
        masks = tuple(resource_masks(one, samples) for one in self.rules())
        key = (len(samples), masks)
        if key not in self._asked:
            self._asked[key] = tuple(
                Asked(one, *masks[self._rule_of[place]])
                for place, one in enumerate(self.applied or ())
            )
        return self._asked[key]

    def rules(self) -> tuple[ResourceRule, ...]:
        """The different Resource elements; statements often share one."""
        if self._different is None:
            numbers: dict[ResourceRule, int] = {}
            for one in self.applied or ():
                self._rule_of.append(numbers.setdefault(one.resource, len(numbers)))
            self._different = tuple(numbers)
        return self._different

    def let(self, rule: PolicyRule, asked: Sequence[Asked], reach: Let) -> Let:
        """The callers within `reach` whom the policy lets through under the rule."""
        if not self.attached:
            # Another account's principals need an allow of the owner's; everyone else does not.
            needed = rule is PolicyRule.ALLOWED and self.space.circumstances.signed
            return NOBODY if needed else reach
        if not reach.possible:
            return reach
        if self.applied is None:
            return Let((), reach.possible)
        key = (rule, reach, id(asked))
        if key not in self._known:
            self._known[key] = self._let(rule, asked, reach)
        return self._known[key]

    def _let(self, rule: PolicyRule, asked: Sequence[Asked], reach: Let) -> Let:
        allows = [one for one in asked if one.applied.effect is Effect.ALLOW]
        denies = [one for one in asked if one.applied.effect is Effect.DENY]
        sure_denies, possible_denies = _boxes(denies, True), _boxes(denies, False)
        if rule is PolicyRule.NOT_DENIED:
            sure_allows, possible_allows = list(reach.sure), list(reach.possible)
        else:
            sure_allows = _within(_boxes(allows, True), reach.sure)
            possible_allows = _within(_boxes(allows, False), reach.possible)
        try:
            budget = self.budget.part(BOX_BUDGET)
            possible = _remaining(possible_allows, sure_denies, budget)
            exact = sure_allows == possible_allows and sure_denies == possible_denies
            sure = possible if exact else _remaining(sure_allows, possible_denies, budget)
            return Let(tuple(self._in_every_reading(sure, budget)), tuple(possible))
        except BudgetExceededError:
            return Let((), tuple(merged(possible_allows)), entangled=True)

    def _in_every_reading(self, sure: list[Box], budget: Budget) -> list[Box]:
        """Only what holds whichever way AWS's pages are read on the keys they disagree about."""
        sure = _with_own_account_known(self.space, sure)
        for name in _READINGS:
            place = self.space.index.get(name)
            if place is None or not sure:
                continue
            full = self.space.axes[place].full
            shape = (sure[0][0], *self.space.full[1:])
            whole = (_union_of_paths(sure), *shape[1:])
            refused = subtract([whole], sure, budget)
            widened = [(*box[:place], full, *box[place + 1 :]) for box in refused]
            sure = subtract(sure, widened, budget)
        return sure


_READINGS = (AxisName.SOURCE_ARN, AxisName.ANONYMOUS_NAMES)


def _union_of_paths(boxes: Sequence[Box]) -> int:
    union = 0
    for box in boxes:
        union |= box[0]
    return union


def _with_own_account_known(space: Space, boxes: list[Box]) -> list[Box]:
    """aws:ResourceAccount holds the owner's account, as the VPC endpoint page has it; that API
    Gateway's table leaves it out only widens what is possible."""
    place = space.index.get(AxisName.RESOURCE_ACCOUNT)
    if place is None:
        return boxes
    return [(*box[:place], 1, *box[place + 1 :]) for box in boxes if box[place] & 1]


def _boxes(asked: Sequence[Asked], sure: bool) -> list[Box]:
    boxes = (one.sure if sure else one.possible for one in asked)
    return [box for box in boxes if box is not None]


def _within(boxes: Sequence[Box], reach: Sequence[Box]) -> list[Box]:
    pairs = (intersect(box, part) for box in boxes for part in reach)
    return merged(both for both in pairs if both is not None)


def _remaining(boxes: Sequence[Box], holes: Sequence[Box], budget: Budget) -> list[Box]:
    return merged(subtract(boxes, merged(holes), budget))
