"""Each remedy against the emulator over HTTP: planned, approved, applied, verified, undone; killed
at every moment; refused, throttled and half done; and against one another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.demo.company import FENCED, WIDE_OPEN, Company
from tests.emulator.world import World, installed
from tests.fakes import FakeClock
from tests.remedies.bench import REGION, Bench, api_id, rest_state, v2_state
from tests.remedies.faults import DyingJournal, DyingWriter, FailingWriter, Killed, Moments

from monitor.aws.pacing import Pacer
from monitor.aws.session import AwsSession
from remediators.desk import Desk
from remediators.entry import Entry
from remediators.plan import State
from remediators.runner import Refused

pytestmark = pytest.mark.skipif(not installed(), reason="no .venv-emulator: run `make emulator`")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.start(tmp_path_factory.mktemp("world")) as world:
        yield world


@dataclass
class Case:
    """An API with a hole, and the remedy that is tried on it."""

    world: World
    bench: Bench
    api: str
    action: str
    state: Callable[[], str]
    parameters: dict[str, Any]

    def planned(self, desk: Desk | None = None) -> Entry:
        return (desk or self.bench.desk()).plan(
            api_id(self.api),
            self.bench.finding(self.api),
            action=self.action,
            parameters=self.parameters,
            requested_by="jane",
        )

    def applied(self) -> Entry:
        entry = self.planned()
        self.bench.desk().approve(entry.plan.id, "joe")
        return self.bench.desk().apply(entry.plan.id)

    def is_open(self) -> bool:
        return any(one.live for one in self.bench.look(self.api).violations)


Make = Callable[[str], Case]


@pytest.fixture
def make(world: World, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.endpoint)
    person = world.assume("Developer", "jane@example.com")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")  # the account's root
    rest, v2 = world.client("apigateway", person), world.client("apigatewayv2", person)
    company, bench = Company(rest), Bench(AwsSession(REGION, pacer=Pacer(1e6)))

    def case(kind: str) -> Case:
        kind, _, action = kind.rpartition("/")
        if kind == "http":
            api = _http_api(v2)
            return Case(world, bench, api, action, lambda: v2_state(v2, api), {})
        if kind == "method":
            api = company.open_api("things")
            state = lambda: rest_state(rest, api)  # noqa: E731
            return Case(world, bench, api, action, state, {})
        api = company.orders()
        bench.look(api)
        company.save_policy(api, WIDE_OPEN)
        company.deploy(api)
        return Case(world, bench, api, action, lambda: rest_state(rest, api), {})

    return case


def _http_api(v2: Any) -> str:
    api: str = v2.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    v2.create_route(ApiId=api, RouteKey="GET /products")
    v2.create_route(ApiId=api, RouteKey="GET /health", AuthorizationType="AWS_IAM")
    v2.create_stage(ApiId=api, StageName="live", AutoDeploy=True)
    return api


CASES = (
    "policy/rollback-stage",
    "policy/restrict-policy",
    "method/require-authorization",
    "policy/quarantine-stage",
    "http/require-authorization",
    "http/quarantine-stage",
)
CLOSING = tuple(one for one in CASES if "quarantine" not in one)


@pytest.mark.parametrize("kind", CASES)
def test_a_remedy_is_applied_verified_and_undone_to_the_byte(make: Make, kind: str) -> None:
    case = make(kind)
    before = case.state()
    entry = case.planned()
    assert case.state() == before, "to plan changes nothing"
    case.bench.desk().approve(entry.plan.id, "joe")

    done = case.bench.desk().apply(entry.plan.id)

    assert done.state is State.DONE, done.because
    assert case.state() != before
    assert case.is_open() is (kind not in CLOSING)
    undone = case.bench.desk().undo(entry.plan.id, "joe")
    assert undone.state is State.UNDONE, undone.because
    assert case.state() == before
    assert case.is_open()


@pytest.mark.parametrize("kind", CLOSING)
def test_access_afterwards_is_as_predicted_route_by_route(make: Make, kind: str) -> None:
    case = make(kind)
    before = _scopes(case)
    entry = case.applied()

    after = _scopes(case)
    changed = {route for route in before if before[route] != after.get(route)}
    assert changed == {f"{one.stage} {one.route}" for one in entry.plan.access.routes}
    for one in entry.plan.access.routes:
        assert after[f"{one.stage} {one.route}"] == one.after
    assert changed <= set(entry.plan.blast_radius.routes)


def _scopes(case: Case) -> dict[str, str]:
    return {
        f"{stage.stage} {route.route}": route.access.scope
        for stage in case.bench.look(case.api).access.stages
        for route in stage.live_routes
    }


@pytest.mark.parametrize("kind", CASES)
def test_killed_at_any_moment_it_is_gone_on_with_and_nothing_is_done_twice(
    make: Make, kind: str, record_property: Any
) -> None:
    points = 0
    for undoing in (False, True):
        for moment in range(200):
            case = make(kind)
            before, entry = case.state(), case.planned()
            case.bench.desk().approve(entry.plan.id, "joe")
            if undoing:
                case.bench.desk().apply(entry.plan.id)
            moments, writers = Moments(at=moment), []
            with_faults = _dying(case.bench, moments, writers)
            try:
                _ask(with_faults, entry, undoing=undoing)
            except Killed:
                points += 1
            else:
                break
            case.bench.clock.time += timedelta(minutes=10)
            moments.at = None
            ended = _go_on(_dying(case.bench, moments, writers), entry, undoing=undoing)

            assert ended.state is (State.UNDONE if undoing else State.DONE), ended.because
            assert (case.state() == before) is undoing
            calls = [json.dumps(call.arguments, sort_keys=True) for w in writers for call in w.done]
            assert len(calls) == len(set(calls)), f"moment {moment}: {calls}"
            assert len(calls) == sum(s.inverse is not None or not undoing for s in entry.plan.steps)
        else:
            pytest.fail("it never came to an end")
    record_property("crash_points", points)
    assert points >= 16


def _dying(bench: Bench, moments: Moments, writers: list[DyingWriter]) -> Desk:
    desk = replace(bench, journal=DyingJournal(bench.journal, moments)).desk()
    writers.append(DyingWriter(desk.runner.writer, moments))
    return replace(desk, runner=replace(desk.runner, writer=writers[-1]))


def _ask(desk: Desk, entry: Entry, *, undoing: bool) -> Entry:
    return desk.undo(entry.plan.id, "joe") if undoing else desk.apply(entry.plan.id)


def _go_on(desk: Desk, entry: Entry, *, undoing: bool) -> Entry:
    """What whoever comes next does: go on, or begin where it was not begun."""
    found = desk.entry(entry.plan.id)
    if found.state.is_final and found.state is not State.DONE:
        return found
    if found.state is State.DONE:
        return desk.undo(entry.plan.id, "joe") if undoing else found
    if found.state is State.APPROVED:
        return desk.apply(entry.plan.id)
    return desk.resume(entry.plan.id)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_fault_at_any_write_is_looked_at_and_the_write_repeated_if_need_be(
    make: Make, kind: str, takes_effect: bool
) -> None:
    case = make(kind)
    for number in range(len(case.planned().plan.steps)):
        case = make(kind)
        entry = case.planned()
        case.bench.desk().approve(entry.plan.id, "joe")
        desk, writer = _failing(case.bench, {number: (takes_effect, True)})

        assert desk.apply(entry.plan.id).state is State.DONE
        assert len(writer.done) == len(entry.plan.steps)


@pytest.mark.parametrize("kind", CASES)
def test_a_denied_write_rolls_back_what_was_done_before_it(make: Make, kind: str) -> None:
    steps = len(make(kind).planned().plan.steps)
    for number in range(steps):
        case = make(kind)
        before, entry = case.state(), case.planned()
        case.bench.desk().approve(entry.plan.id, "joe")
        desk, _ = _failing(case.bench, {number: (False, False)})

        ended = desk.apply(entry.plan.id)

        assert ended.state is State.ROLLED_BACK
        assert "InternalFailure" in ended.because
        assert case.state() == before
        assert case.bench.journal.holder(api_id(case.api)) is None


def test_throttled_without_end_it_is_rolled_back(make: Make) -> None:
    case = make("policy/restrict-policy")
    before, entry = case.state(), case.planned()
    case.bench.desk().approve(entry.plan.id, "joe")
    desk, _ = _failing(case.bench, dict.fromkeys(range(1, 6), (False, True)))

    assert desk.apply(entry.plan.id).state is State.ROLLED_BACK
    assert case.state() == before


def _failing(bench: Bench, failures: dict[int, tuple[bool, bool]]) -> tuple[Desk, FailingWriter]:
    desk = bench.desk()
    writer = FailingWriter(desk.runner.writer, failures)
    return replace(desk, runner=replace(desk.runner, writer=writer)), writer


def test_a_remedy_that_does_not_close_the_hole_is_rolled_back_and_says_so(make: Make) -> None:
    case = make("policy/restrict-policy")
    before, entry = case.state(), case.planned()
    case.bench.desk().approve(entry.plan.id, "joe")
    desk = case.bench.desk()

    def not_convinced(*_: Any) -> Any:
        snapshot = desk.look(api_id(case.api))
        assert snapshot is not None
        judged = desk.runner.judge(snapshot, entry.plan, case.bench.clock.now())
        return replace(judged, compliant=False, because="anyone can still call it")

    runner = replace(desk.runner, judge=not_convinced)
    ended = replace(desk, runner=runner).apply(entry.plan.id)

    assert ended.state is State.ROLLED_BACK
    assert "anyone can still call it" in ended.because
    assert case.state() == before


def test_a_plan_is_refused_once_the_world_has_moved(make: Make) -> None:
    case = make("policy/restrict-policy")
    entry = case.planned()
    case.bench.desk().approve(entry.plan.id, "joe")
    company = Company(case.world.client("apigateway"))
    company.save_policy(case.api, FENCED)

    with pytest.raises(Refused, match="has changed since the plan was made"):
        case.bench.desk().apply(entry.plan.id)
    assert case.bench.journal.holder(api_id(case.api)) is None


def test_an_undo_is_refused_once_somebody_changed_what_the_plan_changed(make: Make) -> None:
    case = make("policy/rollback-stage")
    entry = case.applied()
    Company(case.world.client("apigateway")).deploy(case.api)

    with pytest.raises(Refused, match="somebody changed it since"):
        case.bench.desk().undo(entry.plan.id, "joe")


def test_what_others_changed_beside_the_plan_outlives_its_undo(make: Make) -> None:
    case = make("policy/quarantine-stage")
    entry = case.applied()
    client = case.world.client("apigateway")
    tracing = [{"op": "replace", "path": "/tracingEnabled", "value": "true"}]
    client.update_stage(restApiId=case.api, stageName="prod", patchOperations=tracing)

    assert case.bench.desk().undo(entry.plan.id, "joe").state is State.UNDONE
    stage = client.get_stage(restApiId=case.api, stageName="prod")
    assert stage["tracingEnabled"] is True
    assert not stage.get("methodSettings")


def test_two_plans_for_an_api_do_not_meet(make: Make) -> None:
    case = make("policy/rollback-stage")
    first, second = case.planned(), replace(case, action="quarantine-stage").planned()
    for entry in (first, second):
        case.bench.desk().approve(entry.plan.id, "joe")
    now = case.bench.clock.now()
    held = case.bench.journal.acquire(
        api_id(case.api), first.plan.id, now=now, until=now + timedelta(minutes=5)
    )

    assert held is not None
    with pytest.raises(Refused, match=f"plan {first.plan.id} holds this API"):
        case.bench.desk().apply(second.plan.id)
    case.bench.journal.release(held)
    assert case.bench.desk().apply(first.plan.id).state is State.DONE
    with pytest.raises(Refused, match="has changed since"):
        case.bench.desk().apply(second.plan.id)


def test_a_stuck_plan_keeps_its_api_until_it_is_undone_or_given_up(make: Make) -> None:
    case = make("policy/restrict-policy")
    entry = case.planned()
    case.bench.desk().approve(entry.plan.id, "joe")
    # The last write fails for good, and so does taking back what was done before it.
    desk, _ = _failing(case.bench, dict.fromkeys(range(2, 50), (False, False)))

    stuck = desk.apply(entry.plan.id)

    assert stuck.state is State.STUCK
    assert case.bench.journal.holder(api_id(case.api)) == entry.plan.id
    assert case.bench.desk().undo(entry.plan.id, "joe").state is State.UNDONE
    assert case.bench.journal.holder(api_id(case.api)) is None


def test_the_draft_is_not_published_with_what_others_drafted(make: Make) -> None:
    case = make("method/require-authorization")
    Company(case.world.client("apigateway"))._method(case.api, "unfinished", "GET")

    with pytest.raises(Refused, match="GET /unfinished is new in the draft"):
        case.planned()


def test_a_pending_change_of_the_default_endpoint_is_named(make: Make) -> None:
    case = make("policy/quarantine-stage")
    case.world.client("apigateway").update_rest_api(
        restApiId=case.api,
        patchOperations=[{"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "false"}],
    )
    warned = case.planned().plan.warnings

    assert not any("default endpoint" in one for one in warned)


def test_a_clock(make: Make) -> None:
    """An approval that comes too late is refused."""
    case = make("policy/rollback-stage")
    entry = case.planned()
    case.bench.clock.time += timedelta(hours=2)

    with pytest.raises(Refused, match="expired"):
        case.bench.desk().approve(entry.plan.id, "joe")
    assert isinstance(case.bench.clock, FakeClock)
    assert Path(__file__).exists()
