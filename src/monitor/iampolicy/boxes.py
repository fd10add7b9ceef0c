"""Boxes: products of one set per axis, each set a bit mask over the cells of its axis.

Allow minus Deny is a list of disjoint boxes, exactly. The number of boxes is bounded: past the
budget the caller is told, and has to take a bound instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Box = tuple[int, ...]


class BudgetExceededError(Exception):
    """The policy is too entangled to be taken apart in bounded work."""


@dataclass(slots=True)
class Budget:
    """Work that may still be done. What is spent here is spent of `whole` as well."""

    left: int
    whole: Budget | None = None

    def spend(self, work: int) -> None:
        self.left -= work
        if self.whole is not None:
            self.whole.spend(work)
        if self.left < 0:
            raise BudgetExceededError

    def part(self, most: int) -> Budget:
        return Budget(most, self)


def intersect(left: Box, right: Box) -> Box | None:
    both = tuple(a & b for a, b in zip(left, right, strict=True))
    return both if all(both) else None


def subtract_one(box: Box, hole: Box) -> list[Box]:
    """What is left of a box: at most one piece per axis, disjoint."""
    common = intersect(box, hole)
    if common is None:
        return [box]
    pieces: list[Box] = []
    for axis, (mine, shared) in enumerate(zip(box, common, strict=True)):
        if outside := mine & ~shared:
            pieces.append((*common[:axis], outside, *box[axis + 1 :]))
    return pieces


def subtract(boxes: Iterable[Box], holes: Iterable[Box], budget: Budget) -> list[Box]:
    """Each mask handled costs one of the budget."""
    left = list(boxes)
    for hole in holes:
        left = [piece for box in left for piece in subtract_one(box, hole)]
        budget.spend(len(left) * len(hole))
    return left


def merged(boxes: Iterable[Box]) -> list[Box]:
    """Fewer boxes that cover the same: those that differ along one axis only become one."""
    current = list(dict.fromkeys(boxes))
    if len(current) < 2:
        return current
    for axis in range(len(current[0])):
        groups: dict[Box, int] = {}
        for box in current:
            rest = (*box[:axis], 0, *box[axis + 1 :])
            groups[rest] = groups.get(rest, 0) | box[axis]
        current = [(*rest[:axis], mask, *rest[axis + 1 :]) for rest, mask in groups.items()]
    return current


def disjoint(boxes: Iterable[Box], budget: Budget) -> list[Box]:
    """The same union without overlaps."""
    apart: list[Box] = []
    for box in merged(boxes):
        apart += subtract([box], apart, budget)
    return apart
