"""Our own writes, and those who would like to be taken for us."""

from __future__ import annotations

import pytest
from tests.builders import API, NOW
from tests.remedies.plans import some_plan

from remediators.entry import Progress, planned
from remediators.own_writes import confirms, plan_of, plan_told_of, session_name

ROLE = "arn:aws:iam::123456789012:role/gatewatch-RemediateWriterRole-1ABC"
PLAN = "gwp-0123456789abcdef"


def caller(role: str, session: str, account: str = "123456789012") -> str:
    return f"arn:aws:sts::{account}:assumed-role/{role}/{session}"


def test_a_session_names_its_plan() -> None:
    assert plan_of(caller("gatewatch-RemediateWriterRole-1ABC", session_name(PLAN)), ROLE) == PLAN


@pytest.mark.parametrize(
    "arn",
    [
        caller("Developer", session_name(PLAN)),
        caller("gatewatch-RemediateWriterRole-1ABC", "jane@example.com"),
        caller("gatewatch-RemediateWriterRole-1ABC", session_name(PLAN), "999999999999"),
        caller("gatewatch-RemediateWriterRole-1ABC", session_name(PLAN) + "/x"),
        f"arn:aws:iam::123456789012:user/{session_name(PLAN)}",
        "",
    ],
)
def test_everybody_else_is_not_us(arn: str) -> None:
    assert plan_of(arn, ROLE) is None


def test_a_finding_names_the_session_too() -> None:
    assert plan_told_of(f"{session_name(PLAN)} (role gatewatch-RemediateWriterRole-1ABC)") == PLAN
    assert plan_told_of("jane@example.com (role Developer)") is None
    assert plan_told_of("") is None


def test_the_journal_has_to_know_the_write() -> None:
    entry = planned(some_plan(), "jane")

    assert not confirms(None, API.api_id)
    assert not confirms(entry, API.api_id), "nothing was begun"
    begun = entry.with_step(entry.plan.steps[0], Progress.BEGUN, NOW)
    assert confirms(begun, API.api_id)
    assert not confirms(begun, "another")
