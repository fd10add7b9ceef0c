"""Every rule on its cases: a pass, a fail, an unknown, and what it says."""

from __future__ import annotations

import pytest
from tests.rule_cases import Case, all_cases, complaints


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_a_rule_says_what_its_case_expects(case: Case) -> None:
    assert list(complaints(case)) == []
