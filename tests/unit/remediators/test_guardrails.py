"""What keeps a remedy from being done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.builders import NOW, later
from tests.remedies.plans import some_plan

from monitor.model.access import Scope
from monitor.orgpolicy.load import load_org_policy
from remediators.entry import Entry, planned
from remediators.guardrails import (
    Case,
    Freeze,
    Guard,
    Mode,
    guards_of,
    lowest,
    slots,
    why_no_plan,
    why_not_approved,
    why_not_automatic,
    why_not_now,
)
from remediators.plan import Forecast, StageForecast, State

APPROVE = Guard(mode=Mode.APPROVE)
AUTO = Guard(mode=Mode.AUTO)


def entry(**fields: object) -> Entry:
    return replace(planned(some_plan(), "jane"), **fields)  # type: ignore[arg-type]


def test_nothing_is_planned_unless_it_is_switched_on() -> None:
    assert "off" in why_no_plan(Guard(), {}, "rollback-stage")
    assert why_no_plan(Guard(mode=Mode.OFFER), {}, "rollback-stage") == ""


def test_only_the_actions_that_are_allowed_are_planned() -> None:
    guard = Guard(mode=Mode.APPROVE, actions=("rollback-stage",))

    assert why_no_plan(guard, {}, "rollback-stage") == ""
    assert "restrict-policy" in why_no_plan(guard, {}, "restrict-policy")


@pytest.mark.parametrize(
    ("tags", "exempt"),
    [
        ({"gatewatch": "leave-alone"}, True),
        ({"gatewatch": "other"}, False),
        ({"vendor": "acme"}, True),
        ({}, False),
    ],
)
def test_exempt_apis_are_left_alone(tags: dict[str, str], exempt: bool) -> None:
    guard = Guard(mode=Mode.AUTO, exempt_tags={"gatewatch": "leave-alone", "vendor": ""})

    assert bool(why_no_plan(guard, tags, "rollback-stage")) is exempt


@pytest.mark.parametrize(
    ("guard", "state", "by", "at", "why"),
    [
        (APPROVE, State.PLANNED, "joe", NOW, ""),
        (APPROVE, State.PLANNED, "jane", NOW, "somebody else"),
        (Guard(mode=Mode.APPROVE, four_eyes=False), State.PLANNED, "jane", NOW, ""),
        (Guard(mode=Mode.APPROVE, approvers=("ann",)), State.PLANNED, "joe", NOW, "not among"),
        (Guard(mode=Mode.OFFER), State.PLANNED, "joe", NOW, "only shown"),
        (APPROVE, State.PLANNED, "joe", later(3601), "expired"),
        (APPROVE, State.APPROVED, "joe", NOW, "no longer open"),
        (APPROVE, State.DONE, "joe", NOW, "no longer open"),
    ],
)
def test_who_may_approve_what_and_until_when(
    guard: Guard, state: State, by: str, at: object, why: str
) -> None:
    said = why_not_approved(guard, entry(state=state), by, at)  # type: ignore[arg-type]

    assert why in said
    assert bool(said) is bool(why)


def test_nothing_is_changed_in_a_change_freeze() -> None:
    freeze = Freeze(start=later(10), end=later(20), name="the year's end")
    guard = Guard(mode=Mode.AUTO, freezes=(freeze,))

    assert [bool(why_not_now(guard, later(at))) for at in (9, 10, 19, 20)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert "the year's end" in why_not_now(guard, later(15))


def test_automatic_needs_the_mode() -> None:
    assert why_not_automatic(APPROVE, some_plan(), []) == "a person has to approve it"
    assert why_not_automatic(AUTO, some_plan(), []) == ""


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.DONE, "opened it again"),
        (State.UNDONE, "ended as undone"),
        (State.ROLLED_BACK, "ended as rolled-back"),
        (State.STUCK, "ended as stuck"),
        (State.PLANNED, ""),
    ],
)
def test_a_fix_that_did_not_last_is_not_fought_over(state: State, said: str) -> None:
    before = entry(state=state, plan=some_plan(id="gwp-before"))
    plan = some_plan(made_at=later(60))

    assert said in why_not_automatic(AUTO, plan, [before])
    assert bool(why_not_automatic(AUTO, plan, [before])) is bool(said)
    other_stage = entry(state=state, plan=some_plan(id="gwp-before", stage="test"))
    assert why_not_automatic(AUTO, plan, [other_stage]) == ""
    long_ago = some_plan(made_at=later(8 * 24 * 3600))
    assert why_not_automatic(AUTO, long_ago, [before]) == ""


def test_what_is_not_decided_is_not_changed_without_a_person() -> None:
    unknown = StageForecast(stage="prod", before=Scope.UNKNOWN, after=Scope.CIDRS)

    assert why_not_automatic(AUTO, some_plan(access=Forecast(stages=(unknown,))), [])


def test_the_circuit_breaker_has_an_api_and_the_account() -> None:
    guard = Guard(automatic_per_hour_and_api=1, automatic_per_hour=5)

    assert dict(slots(guard, some_plan())) == {
        "123456789012/us-east-1/a1b2c3d4e5": 1,
        "123456789012/us-east-1": 5,
    }


POLICY = """
version: 1
classes:
  - {name: internal, select: {tags: {exposure: internal}}, allowed: no-public-access}
  - {name: rest, allowed: no-public-access}
timezone: Europe/Berlin
remediations:
  mode: offer
  modes:
    - {class: internal, rule: access-exceeds-policy, remediation: rollback-stage, mode: auto}
    - {class: internal, mode: approve}
  exempt_tags: {vendor: acme}
  freezes: [{name: year end, from: 2026-12-20, to: 2027-01-06}]
  automatic_per_hour: {account: 3, api: 1}
"""


def guard_for(ceiling: Mode = Mode.AUTO, **fields: object) -> Guard:
    case = {
        "action": "rollback-stage", "rule": "access-exceeds-policy", "classes": ("rest",),
        "tags": {}, "now": NOW, **fields,
    }  # fmt: skip
    policy = load_org_policy(POLICY)
    return guards_of(policy, ceiling, ("rollback-stage",))(Case(**case))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "mode", "four_eyes"),
    [
        ({}, Mode.APPROVE, False),
        ({"classes": ("internal",)}, Mode.AUTO, True),
        ({"classes": ("internal",), "action": "restrict-policy"}, Mode.APPROVE, True),
        ({"classes": ("internal",), "tags": {"vendor": "acme"}}, Mode.OFF, True),
        ({"classes": ("internal",), "ceiling": Mode.APPROVE}, Mode.APPROVE, True),
        ({"ceiling": Mode.OFFER}, Mode.OFFER, False),
        # Routes of several classes: the most careful one decides.
        ({"classes": ("internal", "rest")}, Mode.APPROVE, False),
    ],
)
def test_the_org_policy_says_how_far_within_what_is_deployed(
    fields: dict[str, object], mode: Mode, four_eyes: bool
) -> None:
    guard = guard_for(**fields)  # type: ignore[arg-type]

    assert (guard.mode, guard.four_eyes) == (mode, four_eyes)
    assert guard.actions == ("rollback-stage",)
    assert (guard.automatic_per_hour, guard.automatic_per_hour_and_api) == (3, 1)


def test_freezes_are_those_of_the_org_policy_in_its_time_zone() -> None:
    last_minute = datetime(2027, 1, 6, 22, 59, tzinfo=UTC)

    assert why_not_now(guard_for(now=last_minute), last_minute)
    after = last_minute + timedelta(minutes=1)
    assert why_not_now(guard_for(now=after), after) == ""


def test_of_two_modes_the_lower_one_counts() -> None:
    assert lowest(Mode.AUTO, Mode.OFFER) is Mode.OFFER
    assert Mode.AUTO.at_least(Mode.APPROVE)
    assert not Mode.OFFER.at_least(Mode.APPROVE)
