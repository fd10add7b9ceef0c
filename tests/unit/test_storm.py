"""A small storm of events ends as a quiet scan does; `make storm` is the large one."""

from __future__ import annotations

import pytest
from tests.storm import COPIES, storm


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_storm_ends_as_a_quiet_scan(seed: int) -> None:
    outcome = storm(events=400, apis=12, seed=seed)

    assert outcome.wrong == ()
    assert outcome.left == 0
    assert outcome.dead == outcome.expected_dead > 0
    assert outcome.counts["Looks"] < outcome.events * COPIES / 5
    assert outcome.counts["Duplicates"] > 0
