"""A small slice of `tests/proofs/smt.py`."""

from __future__ import annotations

import pytest

from tests.proofs.smt import compare


@pytest.mark.parametrize("index", range(40))
def test_engine_agrees_with_the_solver(index: int) -> None:
    decided, complaints = compare(seed=0, index=index)
    assert decided
    assert complaints == []
