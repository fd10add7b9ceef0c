"""Every case file against the engine and against the reference."""

from __future__ import annotations

import pytest
from tests.proofs.cases import Case, all_cases
from tests.proofs.checks import NOW, engine_complaints, reference_complaints

from monitor.access.answer import answer
from monitor.access.question import read_question

EVERY_CASE = pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)


@EVERY_CASE
def test_engine_answers_as_expected(case: Case) -> None:
    assert list(engine_complaints(case)) == []


@EVERY_CASE
def test_reference_decides_as_expected(case: Case) -> None:
    assert list(reference_complaints(case)) == []


@pytest.mark.parametrize(
    "case",
    [case for case in all_cases() if case.requests and not case.beyond and not case.snapshot][::9],
    ids=lambda case: case.id,
)
def test_an_answer_holds_the_decisions_on_its_requests(case: Case) -> None:
    found = answer(read_question(case.question), now=NOW)
    assert found["decisions"] == case.expect["decisions"]


def test_ids_are_unique_and_reasons_are_given() -> None:
    ids = [case.id for case in all_cases()]
    assert len(set(ids)) == len(ids)
    assert all(case.question["why"] and case.question["source"] for case in all_cases())
