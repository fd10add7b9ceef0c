"""Waivers: when they hold, of what, and which of several counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.builders import rest_api, violation

from monitor.model.finding import Waiver
from monitor.orgpolicy.load import load_org_policy
from monitor.orgpolicy.schema import OrgPolicy
from monitor.orgpolicy.waivers import ends_soon, is_in_force, is_over, waiver_for

RULE = "access-exceeds-policy"


def policy(*waivers: str) -> OrgPolicy:
    entries = "\n".join(
        f"  - {{granted: 2026-11-01, expires: 2026-11-30, reason: r, owner: o, {one}}}"
        for one in waivers
    )
    return load_org_policy(
        f"version: 1\nclasses: [{{name: all, allowed: nobody}}]\nwaivers:\n{entries}\n"
    )


def at(day: int, hour: int = 12, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


ENDS = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("select", "holds"),
    [
        ("name: orders", True),
        ("name: 'ord*'", True),
        ("name: pay", False),
        ("api: a1b2c3d4e5", True),
        ("api: zzz", False),
        ("api: 'a1*'", False),
        ("tags: {team: shop}", True),
        ("tags: {team: other}", False),
        ("stage: prod, name: orders", True),
        ("stage: dev, name: orders", False),
        ("route: 'GET /orders'", True),
        ("route: 'GET *'", True),
        ("route: /orders", True),
        ("route: 'POST /orders'", False),
        ("account: '123456789012', region: us-*, api_type: REST", True),
    ],
)
def test_a_waiver_is_for_what_it_selects(select: str, holds: bool) -> None:
    found = waiver_for(
        policy(f"rule: {RULE}, select: {{{select}}}"),
        rest_api(tags={"team": "shop"}),
        violation(),
        at(15),
    )

    expected = Waiver(reason="r", owner="o", until=ENDS, by="the org policy")
    assert found == (expected if holds else None)


def test_a_waiver_of_another_rule_says_nothing() -> None:
    found = policy("rule: access-unknown, select: {name: orders}")

    assert waiver_for(found, rest_api(), violation(), at(15)) is None


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        (at(31, 23, month=10), False),
        (at(1, 0), True),
        (at(30, 23), True),
        (ENDS, False),
    ],
)
def test_it_holds_from_its_first_day_to_the_end_of_its_last(now: datetime, holds: bool) -> None:
    found = policy(f"rule: {RULE}, select: {{name: orders}}")

    assert (waiver_for(found, rest_api(), violation(), now) is not None) is holds
    assert is_in_force(found.waivers[0], now) is holds
    assert is_over(found.waivers[0], now) is (now >= ENDS)


def test_a_finding_is_waived_only_with_all_its_routes() -> None:
    get = f"rule: {RULE}, select: {{route: 'GET /orders'}}"
    put = f"rule: {RULE}, select: {{route: 'PUT /orders'}}"
    both = violation(routes=("GET /orders", "PUT /orders"))

    assert waiver_for(policy(get), rest_api(), both, at(15)) is None
    assert waiver_for(policy(get, put), rest_api(), both, at(15)) is not None


def test_of_several_the_longest_counts_for_a_route_and_the_first_to_end_for_the_finding() -> None:
    found = load_org_policy(
        "version: 1\nclasses: [{name: all, allowed: nobody}]\nwaivers:\n"
        + "".join(
            f"  - {{rule: {RULE}, select: {{route: {route}}}, reason: r, owner: {owner}, "
            f"granted: 2026-11-01, expires: {expires}}}\n"
            for route, owner, expires in (
                ("/orders", "a", "2026-11-20"),
                ("/orders", "b", "2026-12-20"),
                ("/carts", "c", "2026-12-10"),
            )
        )
    )
    both = violation(routes=("GET /orders", "GET /carts"))

    only_orders = waiver_for(found, rest_api(), violation(), at(15))
    together = waiver_for(found, rest_api(), both, at(15))

    assert only_orders is not None
    assert only_orders.owner == "b"
    assert together is not None
    assert (together.owner, together.until) == ("c", datetime(2026, 12, 11, tzinfo=UTC))


def test_a_finding_without_routes_is_not_waived_by_a_waiver_of_routes() -> None:
    found = policy(f"rule: {RULE}, select: {{route: '*'}}")

    assert waiver_for(found, rest_api(), violation(routes=()), at(15)) is None


@pytest.mark.parametrize(("now", "soon"), [(at(16), False), (at(17, 1), True), (ENDS, False)])
def test_the_end_is_announced_some_days_before(now: datetime, soon: bool) -> None:
    found = policy(f"rule: {RULE}, select: {{name: orders}}")

    assert ends_soon(found.waivers[0], found, now) is soon
