"""What is wrong with a policy, in words."""

from __future__ import annotations

import pytest

from monitor.iampolicy.document import ProblemCode, parse
from monitor.iampolicy.faults import FaultCode, faults
from monitor.rules.policy_malformed import SAID


def test_every_fault_has_its_words() -> None:
    assert SAID.keys() == {str(code) for code in (*ProblemCode, *FaultCode)}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"Statement": null}', '{"Statement": [1, "x", [], {}]}']
)
def test_whatever_is_no_policy_has_a_fault(text: str) -> None:
    assert list(faults(parse(text)))
