"""Each remedy against the emulator over HTTP: planned, approved, applied, verified, undone; killed
at every moment; refused, throttled and half done; and against one another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.demo.company import FENCED, WIDE_OPEN, Company
from tests.emulator.world import World, installed
from tests.remedies.bench import REGION, Bench, api_id, as_text, rest_state, v2_state
from tests.remedies.faults import DyingJournal, DyingWriter, FailingWriter, Killed, Moments

from monitor.aws.pacing import Pacer
from monitor.aws.session import AwsSession
from monitor.model.finding import finding_id
from monitor.rules import access_exceeds_policy
from remediators.changes import step
from remediators.desk import Desk
from remediators.entry import Entry
from remediators.plan import Kind, State, ref
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

    def planned(self) -> Entry:
        return self.bench.desk().plan(
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
        return any(
            one.rule == access_exceeds_policy.ID for one in self.bench.look(self.api).violations
        )


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
    make: Make, kind: str
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
    print(f"{kind}: {points} moments at which it was killed")  # shown with -s
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
    assert not any("default endpoint" in one for one in case.planned().plan.warnings)
    case.world.client("apigateway").update_rest_api(
        restApiId=case.api,
        patchOperations=[
            {"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"},
            {"op": "replace", "path": "/endpointConfiguration/types/REGIONAL", "value": "REGIONAL"},
        ],
    )
    image = case.bench.desk().objects.read(ref(Kind.REST_LIVE, case.api, "prod"))

    assert image is not None
    assert image["disableExecuteApiEndpoint"] is False


def test_an_approval_that_comes_too_late_is_refused(make: Make) -> None:
    case = make("policy/rollback-stage")
    entry = case.planned()
    case.bench.clock.time += timedelta(hours=2)

    with pytest.raises(Refused, match="expired"):
        case.bench.desk().approve(entry.plan.id, "joe")


# --- settings around an API ---------------------------------------------------------------------


@pytest.fixture
def around(make: Make) -> Case:
    """An open API with a custom domain, a key in a plan, a pool, a VPC endpoint, a log role."""
    case = make("method/around")
    world, api = case.world, case.api
    rest = world.client("apigateway")
    Company(rest)._method(api, "keyed", "GET", apiKeyRequired=True)
    function = "arn:aws:lambda:us-east-1:123456789012:function:check"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    pool = world.client("cognito-idp").create_user_pool(
        PoolName="people", Policies={"PasswordPolicy": {"MinimumLength": 14}},
        AutoVerifiedAttributes=["email"],
    )["UserPool"]["Arn"]  # fmt: skip
    authorizer = rest.create_authorizer(
        restApiId=api, name="people", type="COGNITO_USER_POOLS", providerARNs=[pool],
        identitySource="method.request.header.Authorization",
    )["id"]  # fmt: skip
    Company(rest)._method(api, "mine", "GET", "COGNITO_USER_POOLS", authorizerId=authorizer)
    rest.create_authorizer(restApiId=api, name="check", type="TOKEN", authorizerUri=uri,
                           identitySource="method.request.header.Authorization")  # fmt: skip
    Company(rest).deploy(api)
    domain = f"{api}.example.com"
    rest.create_domain_name(
        domainName=domain, securityPolicy="TLS_1_0",
        regionalCertificateArn="arn:aws:acm:us-east-1:123456789012:certificate/x",
        endpointConfiguration={"types": ["REGIONAL"]},
    )  # fmt: skip
    rest.create_base_path_mapping(domainName=domain, restApiId=api, stage="prod")
    key = rest.create_api_key(name="partner", enabled=True)["id"]
    plan = rest.create_usage_plan(name="gold", apiStages=[{"apiId": api, "stage": "prod"}])["id"]
    rest.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::1:role/logs"}
    rest.update_account(patchOperations=[role])
    clients = {name: world.client(name) for name in ("cognito-idp", "wafv2")}

    def state() -> str:
        return rest_state(rest, api) + as_text(
            {
                "domain": rest.get_domain_name(domainName=domain),
                "key": rest.get_api_key(apiKey=key),
                "plan": rest.get_usage_plan(usagePlanId=plan),
                "pool": clients["cognito-idp"].describe_user_pool(
                    UserPoolId=pool.rpartition("/")[2]
                ),
                "acls": clients["wafv2"].list_web_acls(Scope="REGIONAL")["WebACLs"],
                "sets": clients["wafv2"].list_ip_sets(Scope="REGIONAL")["IPSets"],
            }
        )

    return replace(case, state=state, parameters={"key": key, "plan": plan, "rate": 5, "burst": 9,
        "destination": "arn:aws:logs:us-east-1:123456789012:log-group:access",
        "cidrs": ["203.0.113.0/24"]})  # fmt: skip


AROUND = (
    "block-at-waf",
    "close-sign-up",
    "raise-tls-policy",
    "enable-access-logging",
    "enable-execution-logging",
    "enable-tracing",
    "disable-api-key",
    "throttle-usage-plan",
)


@pytest.mark.parametrize("action", AROUND)
def test_a_setting_is_changed_verified_and_put_back_to_the_byte(around: Case, action: str) -> None:
    case = replace(around, action=action)
    before = case.state()
    done = case.applied()

    assert done.state is State.DONE, done.because
    assert case.state() != before
    undone = case.bench.desk().undo(done.plan.id, "joe")
    assert undone.state is State.UNDONE, undone.because
    assert case.state() == before
    with pytest.raises(Refused, match="there is nothing to take back"):
        case.bench.desk().undo(done.plan.id, "joe")


@pytest.mark.parametrize("action", AROUND)
def test_a_fault_that_took_effect_is_not_repeated(around: Case, action: str) -> None:
    case = replace(around, action=action)
    before, entry = case.state(), case.planned()
    case.bench.desk().approve(entry.plan.id, "joe")
    faults = dict.fromkeys(range(len(entry.plan.steps)), (True, True))
    desk, writer = _failing(case.bench, faults)

    assert desk.apply(entry.plan.id).state is State.DONE
    assert len(writer.done) == len(entry.plan.steps)
    assert case.bench.desk().undo(entry.plan.id, "joe").state is State.UNDONE
    assert case.state() == before


def test_caches_are_flushed_and_need_no_undoing(around: Case) -> None:
    case = replace(around, action="flush-authorizer-cache")
    before = case.state()
    done = case.applied()

    assert done.state is State.DONE, done.because
    assert case.state() == before
    assert case.bench.desk().undo(done.plan.id, "joe").state is State.UNDONE


def test_a_stage_that_has_a_web_acl_gets_no_other(around: Case) -> None:
    case = replace(around, action="block-at-waf")
    wafv2 = case.world.client("wafv2")
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
    theirs = wafv2.create_web_acl(
        Name=f"theirs-{case.api}", Scope="REGIONAL", DefaultAction={"Allow": {}},
        VisibilityConfig=seen, Rules=[],
    )["Summary"]["ARN"]  # fmt: skip
    stage = f"arn:aws:apigateway:us-east-1::/restapis/{case.api}/stages/prod"
    wafv2.associate_web_acl(WebACLArn=theirs, ResourceArn=stage)

    with pytest.raises(Refused, match="takes one only"):
        case.planned()


def test_the_default_endpoint_is_shut_and_opened_again(around: Case) -> None:
    case = replace(around, action="disable-default-endpoint")
    looked = case.bench.look(case.api)
    other = next(v for v in looked.violations if v.rule != access_exceeds_policy.ID)
    before = case.state()
    desk = case.bench.desk()
    entry = desk.plan(
        api_id(case.api), finding_id(looked.snapshot.api, other), action=case.action,
        requested_by="jane",
    )  # fmt: skip
    desk.approve(entry.plan.id, "joe")

    done = desk.apply(entry.plan.id)

    assert done.state is State.DONE, done.because
    updates = [one for one in done.plan.steps if one.repeatable]
    assert len(updates) == 2, "the change is published, and so is its undoing"
    described = case.world.client("apigateway").get_rest_api(restApiId=case.api)
    assert described["disableExecuteApiEndpoint"] is True
    assert desk.undo(entry.plan.id, "joe").state is State.UNDONE
    assert case.state() == before


def test_a_user_pool_that_was_changed_since_is_not_written_over(around: Case) -> None:
    case = replace(around, action="close-sign-up")
    done = case.applied()
    pool = done.plan.steps[0].object.ids[0]
    case.world.client("cognito-idp").update_user_pool(UserPoolId=pool, MfaConfiguration="OPTIONAL")

    with pytest.raises(Refused, match="somebody changed it since"):
        case.bench.desk().undo(done.plan.id, "joe")


def test_the_policy_of_a_vpc_endpoint_is_tightened_and_put_back(around: Case) -> None:
    client = around.world.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    endpoint = client.create_vpc_endpoint(
        VpcEndpointType="Interface", ServiceName="com.amazonaws.us-east-1.execute-api", VpcId=vpc,
    )["VpcEndpoint"]["VpcEndpointId"]  # fmt: skip

    def text() -> str:
        (found,) = client.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
        return str(found["PolicyDocument"])

    desk = around.bench.desk()
    before = text()
    target = ref(Kind.VPC_ENDPOINT, endpoint)
    image = desk.objects.read(target)
    assert image is not None
    tight = {**image, "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": []})}
    made = step(target, image, tight, key="endpoint", title="there", undo="back")
    assert made.inverse is not None

    desk.runner.writer.write(made.call, "gwp-0123456789abcdef")
    assert desk.objects.read(target) == tight
    desk.runner.writer.write(made.inverse.call, "gwp-0123456789abcdef")
    assert text() == before
