"""Every case file against the engine and against the reference."""

from __future__ import annotations

import pytest
from tests.proofs.cases import Case, all_cases
from tests.proofs.checks import engine_complaints, reference_complaints

EVERY_CASE = pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)


@EVERY_CASE
def test_engine_answers_as_expected(case: Case) -> None:
    assert list(engine_complaints(case)) == []


@EVERY_CASE
def test_reference_decides_as_expected(case: Case) -> None:
    assert list(reference_complaints(case)) == []


def test_ids_are_unique_and_reasons_are_given() -> None:
    ids = [case.id for case in all_cases()]
    assert len(set(ids)) == len(ids)
    assert all(case.question["why"] and case.question["source"] for case in all_cases())
