"""Our own writes, and those who would like to be taken for us."""

from __future__ import annotations

from tests.builders import API, NOW
from tests.remedies.plans import some_plan

from remediators.entry import Progress, planned
from remediators.own_writes import confirms, plan_told_of, session_name

PLAN = "gwp-0123456789abcdef"


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
