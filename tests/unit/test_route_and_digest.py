"""Where notices go and when, and what the digest says of it all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.builders import API, NOW, evaluation, later, rest_api, violation
from tests.slack_samples import story

from monitor.evaluation.lifecycle import acknowledge, advance, waive
from monitor.model.access import Scope
from monitor.model.digest import Digest
from monitor.model.finding import Severity, Waiver
from monitor.model.notice import Notice
from monitor.model.record import ApiRecord, Baseline
from monitor.orgpolicy.load import load_org_policy
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import NotDelivered
from monitor.stores.memory import MemoryStore
from monitor.stores.notebook import MemoryNotebook
from monitor.usecases.digest import DigestTeller, digest_of
from monitor.usecases.route import MUTES, Router

POLICY = """\
version: 1
classes:
  - name: everything else
    allowed: no-public-access
routing:
  channel: C0DEFAULT1
  fallback: C0FALLBACK1
  routes:
    - severity: [critical]
      channel: C0CRITICAL1
    - tags: {team: [payments]}
      channel: C0PAYMENTS1
  quiet_hours:
    windows: [{from: "00:00", to: "23:59"}]
    severities: [low]
"""


@dataclass
class Clock:
    time: Any = NOW

    def now(self) -> Any:
        return self.time


def policy(text: str = POLICY) -> OrgPolicy:
    return load_org_policy(text, "policy.yaml")


def router(text: str = POLICY, notebook: MemoryNotebook | None = None) -> Router:
    return Router(
        policy=lambda: policy(text),
        notebook=notebook or MemoryNotebook(),
        clock=Clock(),
        channel="C0STACK0001",
        fallback="C0STACK0002",
    )


def notice(severity: Severity = Severity.HIGH, **tags: str) -> Notice:
    found = violation(severity=severity, classes=("everything else",))
    look = evaluation(found, snapshot=rest_api(tags=tags))
    outcome = advance(ApiRecord(api=API), look, now=NOW, cause=None)
    assert outcome.notice is not None
    return outcome.notice


def test_the_org_policy_names_the_channel_by_severity_and_tags() -> None:
    route = router().route

    assert route(notice()) == ("C0DEFAULT1", "C0FALLBACK1")
    assert route(notice(Severity.CRITICAL)).channel == "C0CRITICAL1"
    assert route(notice(team="payments")).channel == "C0PAYMENTS1"


def test_the_class_of_a_place_counts_whatever_is_wrong_there() -> None:
    by_class = POLICY.replace("severity: [critical]", "class: [everything else]")

    assert notice().steps[0].finding.violation.policy_class == ""
    assert router(by_class).route(notice()).channel == "C0CRITICAL1"


def test_without_routing_the_stacks_own_channels_count() -> None:
    bare = POLICY.partition("routing:")[0]

    assert router(bare).route(notice()) == ("C0STACK0001", "C0STACK0002")


def test_quiet_hours_hold_back_what_is_low_and_nothing_else() -> None:
    holds = router().holds

    assert holds(notice(Severity.LOW), NOW)
    assert not holds(notice(Severity.HIGH), NOW)


def test_a_mute_holds_back_its_class_until_its_end() -> None:
    notebook = MemoryNotebook()
    notebook.write(MUTES, "everything else", later(3600).isoformat(), until=later(3600))
    holds = router(notebook=notebook).holds

    assert holds(notice(), NOW)
    assert not holds(notice(), later(3600))
    other = notice()
    step = other.steps[0]
    elsewhere = replace(step.finding.violation, classes=("payments",), rule="another-rule")
    step = replace(step, finding=replace(step.finding, violation=elsewhere))
    assert not holds(replace(other, steps=(step,)), NOW)
    assert not holds(replace(other, steps=(*other.steps, step)), NOW)


def test_the_end_of_a_story_and_what_people_do_are_never_held_back() -> None:
    notebook = MemoryNotebook()
    for name in ("everything else", "customer data", "access-exceeds-policy"):
        notebook.write(MUTES, name, later(3600).isoformat(), until=later(3600))
    opened, acknowledged, planned, resolved = story()
    holds = router(notebook=notebook).holds

    assert holds(opened, NOW)
    for one in (acknowledged, planned, resolved):
        assert not holds(one, NOW)


# --- digest -----------------------------------------------------------------------------------


def record(api_id: str = "a1b2c3d4e5", *found: Any, at: Any = NOW) -> ApiRecord:
    api = replace(API, api_id=api_id)
    look = evaluation(*found, snapshot=rest_api(api=api, name=f"name-{api_id}"))
    return advance(ApiRecord(api=api), look, now=at, cause=None).record


def digest(*records: ApiRecord, **options: Any) -> Digest | None:
    defaults: dict[str, Any] = {"now": NOW, "announce": timedelta(days=14), "last": None}
    return digest_of(records, **{**defaults, **options})


def test_nothing_to_say_is_not_said() -> None:
    assert digest() is None
    assert digest(record()) is None
    assert digest(record(), last=(later(-86_400), 0)) is None


def test_that_all_is_well_again_is_said_once() -> None:
    found = digest(record(), last=(later(-86_400), 3))

    assert found is not None
    assert (found.open, found.before) == (0, 3)


def test_by_class_and_age_the_gravest_first_against_last_time() -> None:
    old = record("a", violation(severity=Severity.LOW), at=later(-9 * 86_400))
    grave = record("b", violation(policy_class="customer data"))

    found = digest(old, grave, last=(later(-86_400), 1))

    assert found is not None
    assert [line.name for line in found.classes] == ["customer data", "access-exceeds-policy"]
    assert (found.open, found.before, found.new) == (2, 1, 1)
    assert (NOW - found.classes[1].oldest).days == 9


def test_waivers_that_end_soon_and_what_nobody_can_tell() -> None:
    open_ = record("a", violation())
    ids = tuple(open_.findings)

    def waived(days: int) -> ApiRecord:
        waiver = Waiver(reason="r", owner="o", until=NOW + timedelta(days=days), by="slack:U0BOB")
        return waive(open_, ids, waiver, NOW).record

    soon = digest(waived(5), record("b", violation(Scope.UNKNOWN)))

    assert soon is not None
    assert (len(soon.ending), len(soon.undecided), soon.open) == (1, 1, 0)
    assert len(soon.blind) == 1
    assert digest(waived(90)) is None


def test_an_acknowledged_finding_is_still_open_and_a_baseline_is_no_api() -> None:
    open_ = record("a", violation())
    seen = acknowledge(open_, tuple(open_.findings), "slack:U0BOB", NOW).record
    all_ = ApiRecord(api=replace(API, api_id="*"), baseline=Baseline())

    found = digest(seen, all_)

    assert found is not None
    assert (found.apis, found.open) == (1, 1)


@dataclass
class Herald:
    heard: list[Digest] = field(default_factory=list)
    down: bool = False

    def announce(self, digest: Digest) -> None:
        if self.down:
            raise NotDelivered("Slack is down")
        self.heard.append(digest)


def test_a_digest_that_could_not_be_told_is_told_by_a_later_sweep_once() -> None:
    store, herald, clock = MemoryStore(), Herald(down=True), Clock()
    store.commit(record("a", violation()), None)
    teller = DigestTeller(
        store=store, notebook=MemoryNotebook(), policy=policy, herald=herald, clock=clock
    )
    assert not teller.tell_if_due()

    teller.ask()
    with pytest.raises(NotDelivered):
        teller.tell_if_due()
    herald.down = False
    assert teller.tell_if_due()
    assert not teller.tell_if_due()
    teller.ask()
    teller.tell_if_due()  # the same day
    clock.time = NOW + timedelta(days=7)
    teller.ask()
    assert teller.tell_if_due()

    assert [one.before for one in herald.heard] == [None, 1]
