"""What people ask for in Slack is done once, and only if they may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.builders import API, evaluation, later, violation
from tests.fakes import FakeClock

from monitor.evaluation.lifecycle import advance
from monitor.model.ask import Ask, AskKind
from monitor.model.finding import Severity, Status
from monitor.model.notice import StepKind
from monitor.model.record import ApiRecord
from monitor.orgpolicy.load import default_org_policy
from monitor.orgpolicy.people import People
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Conflict
from monitor.stores.memory import MemoryStore
from monitor.stores.notebook import MemoryNotebook
from monitor.usecases.respond import Responder, Result
from monitor.usecases.route import MUTES

PEOPLE = People(
    waive=("U0ALICE",),
    remediate=("S0SECURITY",),
    approve=("S0SECURITY",),
    undo=("S0SECURITY",),
)
PLAN = "gwp-0123456789abcdef"


@dataclass
class Members:
    groups: Mapping[str, set[str]] = field(default_factory=lambda: {"S0SECURITY": {"U0BOB"}})

    def of(self, user: str, among: Iterable[str]) -> frozenset[str]:
        return frozenset(group for group in among if user in self.groups.get(group, ()))


@dataclass
class Requests:
    sent: list[Mapping[str, Any]] = field(default_factory=list)

    def send(self, request: Mapping[str, Any]) -> None:
        self.sent.append(request)


def opened(*violations: Any) -> MemoryStore:
    store = MemoryStore()
    look = evaluation(*(violations or (violation(),)))
    outcome = advance(ApiRecord(api=API), look, now=later(0), cause=None)
    store.commit(outcome.record, None)
    return store


def policy(people: People = PEOPLE, **fields: Any) -> OrgPolicy:
    return default_org_policy().model_copy(update={"people": people, **fields})


def responder(
    store: MemoryStore, people: People = PEOPLE, requests: Requests | None = None
) -> Responder:
    return Responder(
        store=store,
        notebook=MemoryNotebook(),
        policy=lambda: policy(people),
        groups=Members(),
        clock=FakeClock(),
        remediations=requests,
    )


def ids(store: MemoryStore) -> tuple[str, ...]:
    return tuple(store.load(API).findings)


def ask(kind: AskKind, store: MemoryStore, user: str = "U0ALICE", **fields: Any) -> Ask:
    defaults: dict[str, Any] = {
        "id": f"{kind}-{user}",
        "at": later(60),
        "api": API,
        "finding_ids": ids(store),
    }
    return Ask(kind=kind, user=user, **{**defaults, **fields})


def test_acknowledged_once_however_often_it_is_pressed() -> None:
    store = opened()
    respond = responder(store)

    first = respond.take(ask(AskKind.ACKNOWLEDGE, store))
    again = respond.take(ask(AskKind.ACKNOWLEDGE, store))
    other = respond.take(ask(AskKind.ACKNOWLEDGE, store, "U0CAROL"))

    assert (first.result, again.result, other.result) == (
        Result.DONE,
        Result.REPEATED,
        Result.NOTHING,
    )
    (notice,) = store.untold_of(API)
    assert [step.kind for step in notice.steps] == [StepKind.ACKNOWLEDGED]
    (finding,) = store.load(API).findings.values()
    assert finding.acknowledged is not None
    assert finding.acknowledged.who == "slack:U0ALICE"


def test_a_waiver_ends_by_itself_and_says_who_answers_for_it() -> None:
    store = opened()
    until = later(86_400)

    answer = responder(store).take(
        ask(AskKind.WAIVE, store, reason="Agreed until the move", until=until)
    )

    assert answer.result is Result.DONE
    (finding,) = store.load(API).findings.values()
    assert finding.status is Status.WAIVED
    assert finding.waiver is not None
    assert (finding.waiver.by, finding.waiver.until) == ("slack:U0ALICE", until)


def test_a_waiver_longer_than_the_policy_allows_is_refused() -> None:
    store = opened()
    too_long = later(86_400 * (policy().max_waiver_days + 3))

    answer = responder(store).take(
        ask(AskKind.WAIVE, store, reason="for ever, please", until=too_long)
    )

    assert answer.result is Result.REFUSED
    assert not store.untold_of(API)


@pytest.mark.parametrize(
    ("kind", "user"),
    [
        (AskKind.WAIVE, "U0BOB"),
        (AskKind.PLAN, "U0ALICE"),
        (AskKind.APPROVE, "U0ALICE"),
        (AskKind.UNDO, "U0ALICE"),
        (AskKind.MUTE, "U0BOB"),
    ],
)
def test_whom_the_policy_does_not_name_is_refused_and_nothing_happens(
    kind: AskKind, user: str
) -> None:
    store, requests = opened(), Requests()
    respond = responder(store, requests=requests)

    answer = respond.take(ask(kind, store, user, plan_id=PLAN, until=later(600), words="x"))

    assert answer.result is Result.REFUSED
    assert "you may not" in answer.text
    assert not store.untold_of(API)
    assert not requests.sent
    assert not respond.notebook.read(MUTES)


def test_a_refusal_does_not_turn_into_a_success_by_a_replay() -> None:
    store = opened()
    respond = responder(store, People(waive=()))
    asked = ask(AskKind.WAIVE, store, reason="Agreed with nobody", until=later(600))
    assert respond.take(asked).result is Result.REFUSED

    later_on = replace(respond, policy=lambda: policy(PEOPLE))

    assert later_on.take(asked).result is Result.REPEATED
    assert not store.untold_of(API)


def test_a_member_of_a_group_may_and_the_remediator_is_asked_once() -> None:
    store, requests = opened(), Requests()
    respond = responder(store, requests=requests)

    for _ in range(2):
        respond.take(ask(AskKind.PLAN, store, "U0BOB"))

    assert requests.sent == [
        {
            "schema": "gatewatch.remediation-request/1",
            "step": "plan",
            "requested_by": "slack:U0BOB",
            "api_id": API.api_id,
            "finding_id": ids(store)[0],
        }
    ]


def test_whoever_asked_does_not_approve() -> None:
    store, requests = opened(), Requests()
    respond = responder(store, requests=requests)
    own = ask(AskKind.APPROVE, store, "U0BOB", plan_id=PLAN, requested_by="slack:U0BOB")
    others = replace(own, id="2", requested_by="slack:U0CAROL")

    refused, done = respond.take(own), respond.take(others)

    assert refused.result is Result.REFUSED
    assert "somebody else" in refused.text
    assert done.result is Result.DONE
    assert requests.sent == [
        {
            "schema": "gatewatch.remediation-request/1",
            "step": "approve",
            "requested_by": "slack:U0CAROL",
            "approved_by": "slack:U0BOB",
            "plan_id": PLAN,
        }
    ]


def test_without_a_remediator_nothing_is_promised() -> None:
    store = opened()

    answer = responder(store).take(ask(AskKind.PLAN, store, "U0BOB"))

    assert (answer.result, "not part" in answer.text) == (Result.REFUSED, True)


def test_a_finding_that_is_over_is_said_to_be() -> None:
    store = opened()

    answer = responder(store).take(
        ask(AskKind.ACKNOWLEDGE, store, finding_ids=("gw-ffffffffffffffff",))
    )

    assert answer.result is Result.NOTHING
    assert "it was so already" in answer.text


def test_a_writer_in_between_is_no_loss() -> None:
    class Busy(MemoryStore):
        busy = 2

        def commit(self, record: ApiRecord, notice: Any) -> None:
            if notice is not None and self.busy:
                self.busy -= 1
                raise Conflict("somebody else")
            super().commit(record, notice)

    store = Busy()
    outcome = advance(ApiRecord(api=API), evaluation(violation()), now=later(0), cause=None)
    store.commit(outcome.record, None)

    assert responder(store).take(ask(AskKind.ACKNOWLEDGE, store)).result is Result.DONE


def test_died_before_the_receipt_it_does_the_same_again_and_no_more() -> None:
    class Forgetful(MemoryNotebook):
        def write(self, kind: str, name: str, text: str, *, until: Any) -> None:
            raise KeyboardInterrupt

    store = opened()
    dying = replace(responder(store), notebook=Forgetful())
    with pytest.raises(KeyboardInterrupt):
        dying.take(ask(AskKind.ACKNOWLEDGE, store))

    responder(store).take(ask(AskKind.ACKNOWLEDGE, store))

    assert len(store.untold_of(API)) == 1


def test_status_open_and_explain_read_what_is_stored() -> None:
    store = opened(violation(), violation(stage="test", severity=Severity.LOW))
    respond = responder(store)

    status = respond.take(ask(AskKind.STATUS, store))
    listed = respond.take(ask(AskKind.OPEN, store))
    known = respond.take(ask(AskKind.EXPLAIN, store, words="orders"))
    unknown = respond.take(ask(AskKind.EXPLAIN, store, id="e2", words="<!here>"))

    assert "1 APIs, 1 of them public" in status.text
    assert "1 critical" in status.text
    assert [f.violation.severity for f in listed.findings] == [Severity.CRITICAL, Severity.LOW]
    assert [record.api for record in known.records] == [API]
    assert not unknown.records


def test_a_mute_names_what_exists() -> None:
    store = opened()
    respond = responder(store)
    name = policy().classes[-1].name

    wrong = respond.take(ask(AskKind.MUTE, store, words="nothing", until=later(3600)))
    right = respond.take(ask(AskKind.MUTE, store, id="m2", words=name, until=later(3600)))

    assert wrong.result is Result.REFUSED
    assert name in wrong.text
    assert right.result is Result.DONE
    assert respond.notebook.read(MUTES) == {name: later(3600).isoformat()}
