"""An API that goes to a wider class of the org policy: what is told, what is in force meanwhile,
and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import ACCOUNT, API, NOW, configuration, gap, rest_api, route
from tests.fakes import FakeClock, FakeSource

from monitor.access.thresholds import Thresholds
from monitor.evaluation.lifecycle import acknowledge, waive
from monitor.evaluation.org_policy import load_org_policy
from monitor.evaluation.width import is_within
from monitor.model.change import Actor, Change, Ignored, LookAt, TakesEffect
from monitor.model.finding import Finding, Severity, Status, StepKind, Waiver
from monitor.model.gaps import Unknown
from monitor.model.notice import Notice
from monitor.model.organization import Bound
from monitor.model.record import ApiRecord
from monitor.orgpolicy.resolve import resolve
from monitor.orgpolicy.schema import OrgPolicy
from monitor.stores.documents import RECORD
from monitor.stores.memory import MemoryStore
from monitor.usecases.look import Looker

PLATFORM = "arn:aws:sts::123456789012:assumed-role/platform-deploy/jane"
STRANGER = "arn:aws:sts::123456789012:assumed-role/developer/joe"

POLICY = """
version: 1
organization:
  networks:
    office: 198.51.100.0/24
classes:
  - name: public
    select:
      tags: {exposure: public}
    allowed: anyone
  - name: internal
    select:
      tags: {exposure: internal}
    allowed: network office
  - name: by name
    select:
      name: open-*
    allowed: anyone
  - name: rest
    allowed: no-public-access
"""
COUNTING = (
    POLICY
    + """
tags_count_from:
  - arn:aws:iam::123456789012:role/platform-*
"""
)


def policy(text: str = POLICY) -> OrgPolicy:
    return load_org_policy(text)


def edit(arn: str, name: str = "TagResource", id_: str = "e-1") -> Change:
    return Change(
        event_id=id_,
        event_name=name,
        event_time=None,
        account_id=ACCOUNT,
        region="us-east-1",
        actor=Actor(name=arn.rpartition("/")[2], arn=arn),
        look_at=LookAt.API,
        takes_effect=TakesEffect.AT_ONCE,
    )


@dataclass
class World:
    """One API whose routes anybody can call."""

    policy: OrgPolicy
    tags: Mapping[str, str] = field(default_factory=dict)
    name: str = "orders"
    routes: tuple[str, ...] = ("GET /orders",)
    unread: bool = False
    clock: FakeClock = field(default_factory=FakeClock)
    store: MemoryStore = field(default_factory=MemoryStore)

    def look(self, *changes: Change) -> list[tuple[str, StepKind]]:
        """What is told of it, by rule."""
        snapshot = rest_api(
            configuration(*map(route, self.routes)),
            tags=self.tags,
            name=self.name,
            read_at=self.clock.now(),
        )
        if self.unread:
            snapshot = replace(snapshot, tags={}, stages=(), gaps=(gap(Unknown.API),))
        Looker(
            source=FakeSource({API: snapshot}),
            store=self.store,
            policy=self.policy,
            clock=self.clock,
        ).look_at(API, changes)
        return [
            (step.finding.violation.rule, step.kind)
            for notice in self._untold()
            for step in notice.steps
        ]

    def _untold(self) -> list[Notice]:
        notices = list(self.store.untold_of(API))
        for notice in notices:
            self.store.mark_told(notice, None, now=self.clock.now())  # type: ignore[arg-type]
        return notices

    @property
    def record(self) -> ApiRecord:
        return self.store.load(API)

    def finding(self, rule: str = "class-widened") -> Finding | None:
        return next((f for f in self.record.findings.values() if f.violation.rule == rule), None)

    def status(self, rule: str = "class-widened") -> Status | None:
        found = self.finding(rule)
        return found.status if found else None

    def ids(self) -> list[str]:
        found = self.finding()
        assert found is not None
        return [found.id]


WIDENED = ("class-widened", StepKind.OPENED)
EXCEEDS = "access-exceeds-policy"


def test_a_tag_that_makes_an_api_public_is_told_with_who_did_it() -> None:
    world = World(policy())
    world.look()
    world.tags = {"exposure": "public"}

    told = world.look(edit(STRANGER))

    found = world.finding()
    assert WIDENED in told
    assert (EXCEEDS, StepKind.RESOLVED) in told
    assert found is not None
    assert found.change is not None
    assert found.change.who == "joe"
    assert found.violation.severity is Severity.HIGH
    assert "from the class “rest” to the wider class “public”" in found.violation.title
    assert world.look() == []
    assert world.finding().change == found.change  # type: ignore[union-attr]


def test_the_change_that_led_to_the_look_is_not_blamed_for_it() -> None:
    world = World(policy())
    world.look()
    world.tags = {"exposure": "public"}

    world.look(edit(STRANGER, "CreateDeployment"))

    assert world.finding().change is None  # type: ignore[union-attr]
    late = replace(edit(PLATFORM, "TagResource", "e-2"), event_time=NOW)
    assert world.look(late) == [("class-widened", StepKind.ATTRIBUTED)]
    assert world.finding().change.who == "jane"  # type: ignore[union-attr]


def test_a_narrower_class_is_nobodys_business_and_the_way_back_is() -> None:
    world = World(policy())
    world.look()
    world.tags = {"exposure": "internal"}
    world.look()
    assert world.status() is None

    world.tags = {}
    assert WIDENED in world.look()


def test_another_name_can_widen_too() -> None:
    world = World(policy())
    world.look()
    world.name = "open-orders"

    assert WIDENED in world.look(edit(STRANGER, "UpdateRestApi"))
    assert "another name moved" in world.finding().violation.title  # type: ignore[union-attr]


def test_an_edit_of_the_org_policy_is_told_and_counts() -> None:
    world = World(policy(COUNTING))
    world.look()
    world.policy = policy(COUNTING.replace("allowed: no-public-access", "allowed: anyone"))

    told = world.look()

    assert WIDENED in told
    assert (EXCEEDS, StepKind.RESOLVED) in told
    assert "an edit of the org policy" in world.finding().violation.title  # type: ignore[union-attr]


def test_moving_back_resolves_it() -> None:
    world = World(policy())
    world.look()
    world.tags = {"exposure": "public"}
    world.look()
    world.tags = {}

    assert ("class-widened", StepKind.RESOLVED) in world.look()
    assert world.status(EXCEEDS) is Status.OPEN


def test_to_acknowledge_it_is_to_accept_the_class() -> None:
    world = World(policy(COUNTING))
    world.look()
    world.tags = {"exposure": "public"}
    world.look(edit(STRANGER))
    assert world.status(EXCEEDS) is Status.OPEN

    outcome = acknowledge(world.record, world.ids(), "sue", world.clock.now())
    world.store.commit(outcome.record, None)

    assert ("class-widened", StepKind.RESOLVED) in world.look()
    assert world.status(EXCEEDS) is Status.RESOLVED
    assert world.look() == []


def test_what_was_acknowledged_is_not_what_comes_next() -> None:
    world = World(policy(), tags={"exposure": "internal"})
    world.look()
    world.tags = {}
    world.look()
    world.store.commit(
        acknowledge(world.record, world.ids(), "sue", world.clock.now()).record, None
    )
    world.tags = {"exposure": "public"}

    told = world.look()

    assert ("class-widened", StepKind.WIDENED) in told
    assert world.finding().acknowledged is None  # type: ignore[union-attr]


# --- whose tags count --------------------------------------------------------------------------


def test_a_tag_by_somebody_else_does_not_count() -> None:
    world = World(policy(COUNTING))
    world.look()
    world.tags = {"exposure": "public"}

    told = world.look(edit(STRANGER))

    assert told == [WIDENED]
    assert world.status(EXCEEDS) is Status.OPEN
    assert "the earlier class stays in force" in world.finding().violation.title  # type: ignore[union-attr]
    assert world.look() == []
    assert world.status(EXCEEDS) is Status.OPEN


def test_a_tag_by_nobody_knows_whom_does_not_count_until_its_event_comes() -> None:
    world = World(policy(COUNTING))
    world.look()
    world.tags = {"exposure": "public"}
    assert world.look() == [WIDENED]

    told = world.look(edit(PLATFORM))

    assert set(told) == {("class-widened", StepKind.RESOLVED), (EXCEEDS, StepKind.RESOLVED)}


def test_a_tag_by_somebody_whose_tags_count_is_no_finding() -> None:
    world = World(policy(COUNTING))
    world.look()
    world.tags = {"exposure": "public"}

    assert world.look(edit(PLATFORM)) == [(EXCEEDS, StepKind.RESOLVED)]


def test_the_earlier_class_is_that_of_the_org_policy_of_now() -> None:
    """Tags that do not count keep no class alive that the org policy has narrowed since."""
    world = World(policy(COUNTING))
    world.look()
    world.tags = {"exposure": "public"}
    world.policy = policy(COUNTING.replace("allowed: no-public-access", "allowed: nobody"))

    assert WIDENED in world.look(edit(STRANGER))
    assert world.finding(EXCEEDS).violation.policy_class == "rest"  # type: ignore[union-attr]
    assert world.record.standing is not None
    world.policy = policy(COUNTING.replace("allowed: no-public-access", "allowed: anyone"))
    told = world.look()
    assert (EXCEEDS, StepKind.RESOLVED) in told
    assert "an edit of the org policy" in world.finding().violation.title  # type: ignore[union-attr]


def test_a_new_route_of_a_wider_class_was_not_moved() -> None:
    health = POLICY.replace(
        "  - name: rest",
        "  - name: health\n    select: {route: GET /health}\n    allowed: anyone\n  - name: rest",
    )
    world = World(policy(health))
    world.look()
    world.routes = ("GET /orders", "GET /health")

    assert world.look() == []


def test_two_edits_count_only_if_both_authors_do() -> None:
    world = World(policy(COUNTING))
    world.look()
    world.tags = {"exposure": "public"}

    assert world.look(edit(STRANGER), edit(PLATFORM, id_="e-2")) == [WIDENED]


def test_an_edit_that_failed_is_none() -> None:
    world = World(policy(COUNTING))
    world.look()
    world.tags = {"exposure": "public"}
    assert world.look(replace(edit(PLATFORM), ignored=Ignored.FAILED)) == [WIDENED]


def test_an_api_that_is_made_with_the_tag_is_no_way_round() -> None:
    stranger = World(policy(COUNTING), tags={"exposure": "public"})
    known = World(policy(COUNTING), tags={"exposure": "public"})
    found = World(policy(COUNTING), tags={"exposure": "public"})

    stranger.look(edit(STRANGER, "CreateRestApi"))
    known.look(edit(PLATFORM, "CreateRestApi"))
    found.look()

    assert stranger.status() is Status.OPEN
    assert stranger.status(EXCEEDS) is Status.OPEN
    assert known.status() is None
    assert found.status() is None


# --- waived ------------------------------------------------------------------------------------


def waived(world: World, days: int) -> None:
    until = world.clock.time + timedelta(days=days)
    waiver = Waiver(reason="launch", owner="sue", until=until, by="sue")
    outcome = waive(world.record, world.ids(), waiver, world.clock.now())
    world.store.commit(outcome.record, None)


def test_waived_the_wider_class_is_in_force_until_the_waiver_ends() -> None:
    world = World(policy(COUNTING))
    world.look()
    world.tags = {"exposure": "public"}
    world.look(edit(STRANGER))
    waived(world, 30)

    assert world.look() == [(EXCEEDS, StepKind.RESOLVED)]
    assert world.status() is Status.WAIVED
    world.clock.time += timedelta(days=31)
    told = world.look()

    assert ("class-widened", StepKind.REOPENED) in told


def test_a_waiver_covers_the_move_that_it_was_given_for() -> None:
    world = World(policy(COUNTING), tags={"exposure": "internal"})
    world.look()
    world.tags = {}
    world.look(edit(STRANGER))
    waived(world, 30)
    world.look()
    world.tags = {"exposure": "public"}

    assert ("class-widened", StepKind.WIDENED) in world.look(edit(STRANGER))
    assert world.status() is Status.OPEN


def test_a_waiver_of_an_earlier_move_does_not_cover_another() -> None:
    world = World(policy(COUNTING))
    world.look()
    world.tags = {"exposure": "public"}
    world.look()
    waived(world, 30)
    world.tags = {}
    world.look()
    world.tags = {"exposure": "public"}

    assert ("class-widened", StepKind.REOPENED) in world.look()
    assert world.status() is Status.OPEN
    assert world.status(EXCEEDS) is Status.OPEN


# --- what is not read --------------------------------------------------------------------------


def test_tags_that_were_not_read_move_nothing() -> None:
    world = World(policy(), tags={"exposure": "public"})
    world.look()
    world.unread = True
    world.look()
    world.unread = False

    world.look()

    assert world.status() is None


def test_a_record_with_its_standing_survives_its_json() -> None:
    world = World(policy(), tags={"exposure": "internal"})
    world.look()
    world.tags = {}
    world.look()

    assert RECORD.validate_json(RECORD.dump_json(world.record)) == world.record


# --- the order of bounds -----------------------------------------------------------------------

_ORGANIZATION = policy().organization.resolved()


def bound(allowed: str) -> Bound:
    if allowed == "no-public-access":
        return Bound(class_name=allowed, allowed=None, clause="")
    return Bound(class_name=allowed, allowed=resolve(allowed, _ORGANIZATION, ACCOUNT), clause="")


ORDERED = ("nobody", "network office", "no-public-access", "anyone")
NARROW = ("own account", "network office", "any vpc endpoint", "token holders",
    "api key holders", "client certificate", "our organisation")  # fmt: skip


@pytest.mark.parametrize("outer", ORDERED)
@pytest.mark.parametrize("inner", ORDERED)
def test_bounds_have_an_order(inner: str, outer: str) -> None:
    wanted = ORDERED.index(inner) <= ORDERED.index(outer)

    assert is_within(bound(inner), bound(outer), Thresholds()) is wanted


@pytest.mark.parametrize("narrow", NARROW)
def test_what_is_not_public_is_within_no_public_access_and_not_the_other_way(narrow: str) -> None:
    assert is_within(bound(narrow), bound("no-public-access"), Thresholds())
    assert not is_within(bound("no-public-access"), bound(narrow), Thresholds())


def test_sets_that_overlap_are_wider_both_ways() -> None:
    for one, other in (("network office", "own account"), ("token holders", "api key holders")):
        assert not is_within(bound(one), bound(other), Thresholds())
        assert not is_within(bound(other), bound(one), Thresholds())


def test_networks_that_are_public_together_are_not_within_no_public_access() -> None:
    halves = policy(POLICY.replace("198.51.100.0/24", "[8.0.0.0/9, 9.0.0.0/9, 11.0.0.0/9]"))
    wide = resolve("network office", halves.organization.resolved(), ACCOUNT)
    wide_bound = Bound(class_name="wide", allowed=wide, clause="")

    assert not is_within(wide_bound, bound("no-public-access"), Thresholds())


@given(*[st.sampled_from([*ORDERED, *NARROW])] * 3)
def test_the_order_is_transitive(one: str, two: str, three: str) -> None:
    def within(inner: str, outer: str) -> bool:
        return is_within(bound(inner), bound(outer), Thresholds())

    assert within(one, one)
    if within(one, two) and within(two, three):
        assert within(one, three)
