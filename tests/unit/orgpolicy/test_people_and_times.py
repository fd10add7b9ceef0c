"""Who may do what, what is done by itself, which channel hears of it and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.finding import Severity
from monitor.orgpolicy.load import load_org_policy
from monitor.orgpolicy.people import Act
from monitor.orgpolicy.remedies import Mode
from monitor.orgpolicy.schema import OrgPolicy
from monitor.orgpolicy.times import Window, end_of_windows

ZURICH = ZoneInfo("Europe/Zurich")


def policy(more: str) -> OrgPolicy:
    return load_org_policy(
        "version: 1\nclasses:\n  - {name: pay, select: {name: pay-*}, allowed: nobody}\n"
        f"  - {{name: all, allowed: nobody}}\n{more}"
    )


PEOPLE = """\
people:
  names: {ana: U0000001, security: S0000001}
  acknowledge: anyone
  waive: ana
  approve: [security, W0000009]
"""


@pytest.mark.parametrize(
    ("act", "user", "groups", "allowed"),
    [
        (Act.ACKNOWLEDGE, "U9999999", (), True),
        (Act.WAIVE, "U0000001", (), True),
        (Act.WAIVE, "U0000002", ("S0000001",), False),
        (Act.APPROVE, "U0000002", ("S0000001",), True),
        (Act.APPROVE, "W0000009", (), True),
        (Act.APPROVE, "U0000001", (), False),
        (Act.UNDO, "U0000001", ("S0000001",), False),
    ],
)
def test_who_may(act: Act, user: str, groups: tuple[str, ...], allowed: bool) -> None:
    assert policy(PEOPLE).people.may(act, user, groups=groups) is allowed


def test_nobody_approves_their_own_request_unless_the_file_says_so() -> None:
    strict, easy = policy(PEOPLE), policy(PEOPLE + "  requester_may_approve: true\n")

    assert not strict.people.may(Act.APPROVE, "W0000009", requester="W0000009")
    assert strict.people.may(Act.APPROVE, "W0000009", requester="U0000001")
    assert easy.people.may(Act.APPROVE, "W0000009", requester="W0000009")
    assert strict.people.ids_of(Act.APPROVE) == {"S0000001", "W0000009"}


def test_on_the_first_day_everybody_may_acknowledge_and_nobody_else_anything() -> None:
    people = policy("").people

    assert [act for act in Act if people.may(act, "U0000001")] == [Act.ACKNOWLEDGE]


REMEDIATIONS = """\
remediations:
  modes:
    - {class: pay, remediation: quarantine, mode: "off"}
    - {class: pay, mode: approve}
    - {rule: [a, b], mode: auto}
  exempt_tags: {gatewatch: [hands-off, "no-*"]}
"""


@pytest.mark.parametrize(
    ("remediation", "rule", "classes", "tags", "mode"),
    [
        ("rollback", "c", {"all"}, {}, Mode.OFFER),
        ("rollback", "a", {"all"}, {}, Mode.AUTO),
        ("rollback", "a", {"pay"}, {}, Mode.APPROVE),
        ("quarantine", "a", {"pay"}, {}, Mode.OFF),
        ("rollback", "a", {"all", "pay"}, {}, Mode.APPROVE),
        ("quarantine", "a", {"all", "pay"}, {}, Mode.OFF),
        ("rollback", "a", {"all"}, {"gatewatch": "hands-off"}, Mode.OFF),
        ("rollback", "a", {"all"}, {"gatewatch": "no-touch"}, Mode.OFF),
        ("rollback", "a", {"all"}, {"gatewatch": "yes"}, Mode.AUTO),
    ],
)
def test_the_mode_of_a_remediation(
    remediation: str, rule: str, classes: set[str], tags: dict[str, str], mode: Mode
) -> None:
    found = policy(REMEDIATIONS).remediations

    assert found.mode_of(remediation, rule=rule, classes=classes, tags=tags) is mode


FREEZES = """\
remediations:
  freezes: [{name: end of the year, from: 2026-12-18, to: 2027-01-04}]
  weekly_freezes: {days: [fri, sat, sun], from: "18:00", to: "18:00"}
"""


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-11-18T12:00", None),
        ("2026-11-20T17:59", None),
        ("2026-11-20T18:00", "2026-11-23T18:00"),
        ("2026-11-22T12:00", "2026-11-23T18:00"),
        ("2026-11-23T18:00", None),
        ("2026-12-18T00:00", "2027-01-05T00:00"),
        ("2027-01-04T23:59", "2027-01-05T00:00"),
        ("2027-01-05T00:00", None),
    ],
)
def test_the_end_of_a_change_freeze(local: str, until: str | None) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=ZURICH)
    expected = datetime.fromisoformat(until).replace(tzinfo=ZURICH) if until else None

    assert policy(FREEZES).remediations.frozen_until(now, ZURICH) == expected


ROUTING = """\
routing:
  channel: "#general"
  fallback: C0000009
  routes:
    - {class: pay, severity: [critical, high], channel: "#pay"}
    - {tags: {team: "retail-*"}, channel: "#retail"}
    - {severity: critical, channel: "#critical"}
  quiet_hours:
    windows:
      - {days: [mon, tue, wed, thu, fri], from: "19:00", to: "07:30"}
      - {days: [sat, sun]}
"""
MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=ZURICH)


@pytest.mark.parametrize(
    ("name", "severity", "tags", "channel"),
    [
        ("pay", Severity.HIGH, {}, "#pay"),
        ("pay", Severity.LOW, {}, "#general"),
        ("pay", Severity.CRITICAL, {"team": "retail-x"}, "#pay"),
        ("all", Severity.CRITICAL, {"team": "retail-x"}, "#retail"),
        ("all", Severity.CRITICAL, {}, "#critical"),
        ("", Severity.MEDIUM, {"team": "other"}, "#general"),
    ],
)
def test_the_channel_of_a_finding(
    name: str, severity: Severity, tags: dict[str, str], channel: str
) -> None:
    found = policy(ROUTING).routing.of(
        class_name=name, severity=severity, tags=tags, now=MONDAY_NOON, zone=ZURICH
    )

    assert (found.channel, found.fallback, found.not_before) == (channel, "C0000009", None)


@pytest.mark.parametrize(
    ("local", "severity", "until"),
    [
        ("2026-11-23T12:00", Severity.LOW, None),
        ("2026-11-23T19:00", Severity.LOW, "2026-11-24T07:30"),
        ("2026-11-23T19:00", Severity.MEDIUM, None),
        ("2026-11-24T07:29", Severity.INFO, "2026-11-24T07:30"),
        ("2026-11-24T07:30", Severity.INFO, None),
        # Friday evening goes over into the weekend, and that to Monday at midnight.
        ("2026-11-20T23:00", Severity.LOW, "2026-11-23T00:00"),
        # The clocks go back in the night to the 25th of October: the hours are local ones.
        ("2026-10-25T01:00", Severity.LOW, "2026-10-26T00:00"),
    ],
)
def test_low_severities_wait_for_the_end_of_the_quiet_hours(
    local: str, severity: Severity, until: str | None
) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=ZURICH)
    found = policy(ROUTING).routing.of(
        class_name="all", severity=severity, tags={}, now=now, zone=ZURICH
    )

    expected = datetime.fromisoformat(until).replace(tzinfo=ZURICH) if until else None
    assert found.not_before == expected


def test_without_a_word_of_routing_everything_goes_to_the_channel_of_the_deployment() -> None:
    found = policy("").routing.of(
        class_name="all", severity=Severity.LOW, tags={}, now=MONDAY_NOON, zone=ZURICH
    )

    assert (found.channel, found.fallback, found.not_before) == (None, None, None)


def test_hours_that_never_end_hold_nothing_back() -> None:
    always = Window.model_validate({})

    assert end_of_windows((always,), MONDAY_NOON, ZURICH) is None


_windows = st.builds(
    lambda days, begins, ends: Window.model_validate(
        {"days": days, "from": f"{begins:02}:00", "to": f"{ends:02}:30"}
    ),
    st.lists(st.sampled_from(["mon", "wed", "sat", "sun"]), min_size=1, unique=True),
    st.integers(0, 23),
    st.integers(0, 23),
)


@given(st.lists(_windows, min_size=1, max_size=3), st.integers(0, 14 * 24 * 60))
def test_the_end_of_quiet_lies_ahead_and_in_no_window(windows: list[Window], minute: int) -> None:
    now = datetime(2026, 10, 19, tzinfo=UTC) + timedelta(minutes=minute)
    end = end_of_windows(tuple(windows), now, ZURICH)

    if end is not None:
        assert end > now
        assert all(one.end_after(end, ZURICH) is None for one in windows)
        assert end - now <= timedelta(days=21)
