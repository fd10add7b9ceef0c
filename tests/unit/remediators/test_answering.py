"""Requests from the queue: carried out once, whatever comes twice, and refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.builders import API, configuration, policy, rest_api
from tests.fakes import FakeClock
from tests.remedies.faults import Killed

from monitor.evaluation.evaluate import evaluate
from monitor.model.api import ApiId, ApiSnapshot, Stage
from monitor.model.finding import finding_id
from monitor.model.kept_export import KeptExport
from monitor.model.record import ApiRecord
from monitor.orgpolicy.load import default_org_policy
from monitor.usecases.react import Place
from remediators.answering import (
    MAX_BYTES,
    Answer,
    answer,
    answer_document,
    dump_answer,
    sweep,
)
from remediators.desk import Desk
from remediators.entry import planned
from remediators.guardrails import Freeze, Guard, Mode
from remediators.journal.memory import MemoryJournal
from remediators.judging import judge
from remediators.own_writes import session_name
from remediators.plan import Call, Image, Kind, ObjectRef, State
from remediators.ports import Conflict
from remediators.requests import Request, Wanted
from remediators.runner import Runner

PLACE = Place(account_id=API.account_id, region=API.region, partition="aws")
FENCE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "execute-api:Invoke",
                "Resource": "execute-api:/*",
                "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}},
            }
        ],
    }
)
OPEN, FENCED = configuration(), configuration(policy_text=FENCE)


@dataclass
class Account:
    """One API whose stage serves d1 (fenced) or d2 (open), and writes that point it."""

    serves: str = "d2"
    writes: list[Call] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)

    def look(self, api: ApiId) -> ApiSnapshot | None:
        if api.api_id != API.api_id:
            return None
        served = {"d1": FENCED, "d2": OPEN}[self.serves]
        stages = (Stage(name="prod", deployment_id=self.serves),)
        return rest_api(live=served, draft=OPEN, stages=stages, deployments={self.serves: served})

    def read(self, target: ObjectRef) -> Image | None:
        return {
            Kind.REST_STAGE: {"deploymentId": self.serves},
            Kind.REST_DEPLOYMENTS: {
                "deployments": [{"id": "d1", "created": "1"}, {"id": "d2", "created": "2"}]
            },
            Kind.REST_LIVE: {"methods": {}},
        }[target.kind]

    def write(self, call: Call, plan_id: str) -> None:
        self.writes.append(call)
        self.sessions.add(plan_id)
        (patch,) = call.arguments["patchOperations"]
        self.serves = patch["value"]

    def get(self, _api: ApiId, deployment_id: str) -> KeptExport | None:
        if deployment_id != "d1":
            return None
        return KeptExport(
            configuration=FENCED, seen=(policy(FENCE),), policy_is_deployed=True,
            stage_version="prod", is_confirmed=True,
        )  # fmt: skip


@dataclass
class Office:
    account: Account = field(default_factory=Account)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    clock: FakeClock = field(default_factory=FakeClock)
    guard: Guard = field(default_factory=lambda: Guard(mode=Mode.APPROVE))

    def desk(self) -> Desk:
        def judged(snapshot: ApiSnapshot, plan: Any, now: Any) -> Any:
            return judge(snapshot, default_org_policy(), stage=plan.stage, now=now)

        runner = Runner(
            journal=self.journal, objects=self.account, writer=self.account,
            look=self.account.look, judge=judged, clock=self.clock, pause=lambda _: None,
        )  # fmt: skip
        return Desk(
            look=self.account.look, known=lambda api: ApiRecord(api=api), objects=self.account,
            kept=self.account, journal=self.journal,
            runner=runner, policy=default_org_policy(), guards=lambda _case: self.guard,
            clock=self.clock,
        )  # fmt: skip

    def ask(self, step: Wanted, **fields: Any) -> Answer:
        given = {"requested_by": "jane", **fields}
        return answer(self.desk(), Request(step=step, **given), PLACE)

    def finding(self) -> str:
        snapshot = self.account.look(API)
        assert snapshot is not None
        found = evaluate(snapshot, default_org_policy(), now=self.clock.now()).violations
        return next(finding_id(API, one) for one in found if one.rule == "access-exceeds-policy")

    def plan(self, **fields: Any) -> Answer:
        return self.ask(
            Wanted.PLAN, api_id=API.api_id, finding_id=self.finding(), action="rollback-stage",
            **fields,
        )  # fmt: skip


@pytest.fixture
def office() -> Office:
    return Office()


def plan_id(given: Answer) -> str:
    assert given.entry is not None, given.refused
    return given.entry.plan.id


def test_planned_approved_done_undone(office: Office) -> None:
    planned_ = office.plan()
    assert office.account.writes == []
    done = office.ask(Wanted.APPROVE, plan_id=plan_id(planned_), approved_by="joe")

    assert done.entry is not None
    assert done.entry.state is State.DONE, done.entry.because
    assert office.account.serves == "d1"
    assert office.account.sessions == {plan_id(planned_)}
    undone = office.ask(Wanted.UNDO, plan_id=plan_id(planned_))
    assert undone.entry is not None
    assert undone.entry.state is State.UNDONE
    assert office.account.serves == "d2"


def test_a_message_that_comes_twice_has_one_effect(office: Office) -> None:
    id_ = plan_id(office.plan())
    first = office.ask(Wanted.APPROVE, plan_id=id_, approved_by="joe")
    second = office.ask(Wanted.APPROVE, plan_id=id_, approved_by="joe")

    assert len(office.account.writes) == 1
    assert first.refused == ""
    assert "no longer open" in second.refused
    assert second.entry is not None
    assert second.entry.state is State.DONE


def test_whoever_asked_does_not_approve(office: Office) -> None:
    id_ = plan_id(office.plan())

    refused = office.ask(Wanted.APPROVE, plan_id=id_, approved_by="jane").refused
    assert "somebody else" in refused
    assert "somebody else" in office.ask(Wanted.APPROVE, plan_id=id_).refused
    assert office.account.writes == []


def test_where_plans_are_only_offered_nothing_is_carried_out(office: Office) -> None:
    office.guard = Guard(mode=Mode.OFFER)
    id_ = plan_id(office.plan())

    assert office.ask(Wanted.APPROVE, plan_id=id_, approved_by="joe").refused
    assert office.ask(Wanted.APPLY, plan_id=id_).refused
    assert office.account.writes == []


def test_automatic_where_the_org_policy_says_so(office: Office) -> None:
    office.guard = Guard(mode=Mode.AUTO)
    done = office.plan(automatic=True)

    assert done.entry is not None
    assert done.entry.state is State.DONE
    assert done.entry.automatic
    assert done.entry.approved_by == "org policy"


def test_automatic_elsewhere_waits_for_a_person(office: Office) -> None:
    waits = office.plan(automatic=True)

    assert waits.refused == "a person has to approve it"
    assert waits.entry is not None
    assert waits.entry.state is State.PLANNED
    assert office.account.writes == []


def test_a_fix_that_was_taken_back_is_not_made_again_without_a_person(office: Office) -> None:
    office.guard = Guard(mode=Mode.AUTO)
    office.plan(automatic=True)
    office.account.serves = "d2"  # a pipeline deployed again

    again = office.plan(automatic=True)
    assert "opened it again" in again.refused
    assert len(office.account.writes) == 1


def test_our_own_writes_ask_for_no_plan_of_their_own(office: Office) -> None:
    office.guard = Guard(mode=Mode.AUTO, four_eyes=False)
    first = plan_id(office.plan())
    office.ask(Wanted.APPROVE, plan_id=first)
    office.ask(Wanted.UNDO, plan_id=first)
    office.clock.time += timedelta(days=30)
    who = f"{session_name(first)} (role gatewatch-Writer)"

    refused = office.plan(automatic=True, changed_by=who)
    assert f"plan {first} of our own" in refused.refused
    assert office.account.serves == "d2"
    forged = office.plan(automatic=True, changed_by=who.replace(first, "gwp-" + "0" * 16))
    assert forged.entry is not None
    assert forged.entry.state is State.DONE


def test_the_circuit_breaker_opens_and_says_so(office: Office) -> None:
    office.guard = Guard(mode=Mode.AUTO, automatic_per_hour=0)
    refused = office.plan(automatic=True)

    assert refused.breaker
    assert "0 automatic actions" in refused.refused
    assert refused.entry is not None
    assert office.account.writes == []


def test_in_a_change_freeze_nothing_is_changed_and_anything_is_taken_back(office: Office) -> None:
    id_ = plan_id(office.plan())
    office.ask(Wanted.APPROVE, plan_id=id_, approved_by="joe")
    now = office.clock.now()
    office.guard = replace(office.guard, freezes=(Freeze(start=now, end=now + timedelta(hours=1)),))

    undone = office.ask(Wanted.UNDO, plan_id=id_).entry
    assert undone is not None
    assert undone.state is State.UNDONE
    other = plan_id(office.plan())
    assert "freeze" in office.ask(Wanted.APPROVE, plan_id=other, approved_by="joe").refused
    assert office.account.serves == "d2"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"api_id": "gone"}, "there is no API gone"),
        ({"finding_id": "gw-0"}, "is not open"),
        ({"action": "explode"}, "no action `explode`"),
    ],
)
def test_what_cannot_be_planned_is_said(office: Office, fields: dict[str, str], why: str) -> None:
    given = {"api_id": API.api_id, "finding_id": office.finding(), **fields}

    assert why in office.ask(Wanted.PLAN, **given).refused


def test_without_an_action_the_first_that_applies_is_planned(office: Office) -> None:
    answered = office.ask(Wanted.PLAN, api_id=API.api_id, finding_id=office.finding())

    assert answered.entry is not None
    assert answered.entry.plan.action == "rollback-stage"


def test_unknown_plans_are_refused(office: Office) -> None:
    for step in (Wanted.APPROVE, Wanted.APPLY, Wanted.UNDO, Wanted.RESUME, Wanted.ABANDON):
        assert office.ask(step, plan_id="gwp-x").refused == "there is no plan gwp-x"


def test_two_approvals_at_once_have_one_effect(office: Office) -> None:
    id_ = plan_id(office.plan())

    def approve(by: str) -> Answer:
        return office.ask(Wanted.APPROVE, plan_id=id_, approved_by=by)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(_or_conflict(approve), ("joe", "ann")))

    assert len(office.account.writes) == 1
    assert sum(one is not None and not one.refused for one in answers) == 1


def _or_conflict(ask: Callable[[str], Answer]) -> Callable[[str], Answer | None]:
    """A message that meets a conflict comes again; here it need not."""

    def asked(by: str) -> Answer | None:
        with suppress(Conflict):
            return ask(by)
        return None

    return asked


def test_the_sweep_goes_on_with_a_plan_whose_process_died(office: Office) -> None:
    id_ = plan_id(office.plan())
    desk = office.desk()
    desk.approve(id_, "joe")
    dies_at_the_first_write(office, lambda: desk.apply(id_))

    assert list(sweep(office.desk())) == [], "its lease is not over yet"
    office.clock.time += timedelta(minutes=6)
    (answered,) = sweep(office.desk())
    assert answered.entry is not None
    assert answered.entry.state is State.DONE
    assert len(office.account.writes) == 1
    assert list(sweep(office.desk())) == []


def dies_at_the_first_write(office: Office, act: Callable[[], object]) -> None:
    write = office.account.write

    def die(_call: Call, _plan_id: str) -> None:
        raise Killed

    office.account.write = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        act()
    office.account.write = write  # type: ignore[method-assign]


def test_an_answer_holds_what_slack_and_programs_need(office: Office) -> None:
    document = answer_document(office.plan())

    assert document["schema"] == "gatewatch.remediation-answer/1"
    assert document["state"] == "planned"
    assert document["plan"]["id"] == document["plan_id"]
    assert document["blocks"]
    refused = answer_document(office.ask(Wanted.APPLY, plan_id="gwp-x"))
    assert refused["refused"] == refused["text"]
    json.dumps(refused)


def test_an_answer_fits_into_a_message(office: Office) -> None:
    given = office.plan()
    assert given.entry is not None
    plan = replace(given.entry.plan, warnings=("w" * 1000,) * 1000)
    large = replace(given, entry=planned(plan, "jane"))

    assert len(dump_answer(large).encode()) <= MAX_BYTES
