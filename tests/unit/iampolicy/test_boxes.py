from __future__ import annotations

from itertools import product
from random import Random

import pytest

from monitor.iampolicy.boxes import Box, Budget, BudgetExceededError, disjoint, merged, subtract

AXES = (4, 3, 5)


def points(boxes: list[Box]) -> list[tuple[int, ...]]:
    return [
        point
        for box in boxes
        for point in product(*([bit for bit in range(8) if mask >> bit & 1] for mask in box))
    ]


def random_boxes(rng: Random, count: int) -> list[Box]:
    return [tuple(rng.randrange(1, 1 << size) for size in AXES) for _ in range(count)]


@pytest.mark.parametrize("seed", range(30))
def test_subtraction_is_exact_and_stays_disjoint(seed: int) -> None:
    rng = Random(seed)
    boxes, holes = disjoint(random_boxes(rng, 3), Budget(10_000)), random_boxes(rng, 4)
    left = points(subtract(boxes, holes, Budget(10_000)))
    assert len(left) == len(set(left))
    assert set(left) == set(points(boxes)) - set(points(holes))


@pytest.mark.parametrize("seed", range(30))
def test_merging_and_parting_keep_the_union(seed: int) -> None:
    boxes = random_boxes(Random(seed), 6)
    assert set(points(merged(boxes))) == set(points(boxes))
    apart = points(disjoint(boxes, Budget(10_000)))
    assert len(apart) == len(set(apart))
    assert set(apart) == set(points(boxes))


def test_a_budget_is_spent_of_the_whole() -> None:
    whole = Budget(10)
    whole.part(8).spend(8)
    with pytest.raises(BudgetExceededError):
        whole.part(8).spend(3)
