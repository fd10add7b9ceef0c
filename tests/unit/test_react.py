"""Messages -> looks: coalesced, timed, fanned out, put off, passed over, or buried."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.builders import API, NOW, configuration, gap, rest_api, route
from tests.event_path import EventPath, Source
from tests.unit.test_cloudtrail import record

from monitor.model.access import Scope
from monitor.model.api import (
    ApiId,
    AuthorizationType,
    Authorizer,
    AuthorizerKind,
    Configuration,
    CustomDomain,
    EndpointType,
)
from monitor.model.burst import MAX_CHANGES
from monitor.model.finding import Finding, Status
from monitor.model.notice import StepKind
from monitor.orgpolicy.load import default_org_policy
from monitor.orgpolicy.schema import RuleSettings
from monitor.usecases.react import MAX_FAILURES, NEAR

OPEN = rest_api()
CLOSED = rest_api(configuration(route(authorization=AuthorizationType.AWS_IAM)))
NUMBER = iter(range(10**9))


def event(name: str = "CreateDeployment", **fields: Any) -> dict[str, Any]:
    """A record with an id of its own."""
    return record(name, **{"eventID": f"e-{next(NUMBER)}", **fields})


def path(**snapshots: Any) -> EventPath:
    """APIs by id; by default the one of the records, open."""
    found = {replace(API, api_id=name): one for name, one in snapshots.items()}
    return EventPath(Source(found or {API: OPEN}))


def finding(target: EventPath, api: ApiId = API) -> Finding:
    (found,) = target.store.load(api).findings.values()
    return found


def test_a_hundred_edits_of_a_draft_are_one_look_when_the_burst_is_over() -> None:
    target = path()
    for _ in range(100):
        target.send(event("PutMethod"))
        target.pass_time(0.5)

    assert target.source.reads == []
    target.settle()
    assert target.source.reads == [API]
    assert target.clock.time - NOW <= timedelta(seconds=82)
    assert len(target.store.untold_of(API)) == 1


def test_what_may_let_somebody_in_is_looked_at_at_once_and_again_after_the_burst() -> None:
    target = path()
    target.send(event("PutMethod"), event("CreateDeployment"))
    target.pass_time(0)

    assert target.source.reads == [API]
    assert finding(target).change.event_name == "CreateDeployment"  # type: ignore[union-attr]
    target.settle()
    assert target.source.reads == [API, API]
    assert len(target.store.untold_of(API)) == 1


def test_a_hundred_deployments_on_end_are_a_few_looks_and_one_incident() -> None:
    target = path()
    for _ in range(100):
        target.send(event("CreateDeployment"))
        target.pass_time(1)
    target.settle()

    # One at once every 20 s, one at the end; the longest burst ends after 120 s.
    assert len(target.source.reads) <= 7
    assert len(target.store.untold_of(API)) == 1


def test_a_burst_without_an_end_is_looked_at_all_the_same() -> None:
    target = path()
    for _ in range(30):
        target.send(event("PutMethod"))
        target.pass_time(10)

    assert len(target.source.reads) == 2
    assert target.store.load(API).version == 2


def test_an_open_state_in_the_middle_of_a_burst_is_one_conversation() -> None:
    """PutRestApi opens everything, and a second later a policy closes it again."""
    target = path()
    target.send(event("CreateDeployment"))
    target.pass_time(1)
    target.source.snapshots[API] = CLOSED
    target.send(event("UpdateStage"))
    target.settle()

    opened, resolved = target.store.untold_of(API)
    assert [step.kind for step in opened.steps] == [StepKind.OPENED]
    assert [step.kind for step in resolved.steps] == [StepKind.RESOLVED]


def test_duplicates_and_another_order_end_in_the_same_state() -> None:
    events = [event("PutMethod"), event("CreateDeployment"), event("UpdateStage")]
    states = []
    for order in (events, events[::-1], events * 3):
        target = path()
        target.send(*order)
        target.settle()
        states.append((finding(target).id, finding(target).change, len(target.source.reads)))

    assert states[0] == states[1] == states[2]


def test_a_duplicate_that_comes_an_hour_later_costs_nothing() -> None:
    target, one = path(), event()
    target.send(one)
    target.settle()
    reads = len(target.source.reads)

    target.pass_time(3600)
    target.send(one)
    target.settle()

    assert len(target.source.reads) == reads
    assert target.counts["Duplicates"] == 1


def test_what_is_malformed_is_buried_with_its_reason_and_spoils_nothing() -> None:
    target = path()

    target.send("{not json", event(), json.dumps({"detail": {"eventName": "x"}}), "[" * 90_000)
    target.settle()

    assert [reason.partition(":")[0] for _, reason in target.events.dead] == [
        "not JSON",
        "eventSource",
        "not JSON",
    ]
    assert set(target.source.reads) == {API}


@pytest.mark.parametrize("fields", [{"errorCode": "AccessDenied"}, {"readOnly": True}])
def test_failed_and_read_only_calls_are_passed_over(fields: dict[str, Any]) -> None:
    target = path()
    target.send(event(**fields))
    target.settle()

    assert target.source.reads == []


def test_an_unknown_name_is_looked_at_and_counted() -> None:
    target = path()
    target.send(event("OpenTheGates"))
    target.settle()

    assert set(target.source.reads) == {API}
    assert target.counts["UnknownEventNames"] == 1


def test_events_that_name_no_api_ask_for_all_of_them_once() -> None:
    other = replace(API, api_id="other")
    target = path(a1b2c3d4e5=OPEN, other=replace(OPEN, api=other))
    target.send(
        event("UpdateRestApi", requestParameters=None), event("PutRestApi", requestParameters={})
    )
    target.settle()

    assert sorted(api.api_id for api in target.source.reads) == ["a1b2c3d4e5", "other"]
    assert target.counts["FannedOut"] == 2


def test_a_listing_that_failed_is_tried_again() -> None:
    target = path()
    target.source.listing_gaps = (gap(),)
    target.send(event("UpdateRestApi", requestParameters=None))
    target.pass_time(100)
    assert target.counts["LooksPutOff"] == 2
    assert set(target.source.reads) == {API}  # what could be listed was looked at

    target.source.listing_gaps = ()
    target.settle()
    assert target.book.burst(replace(API, api_id="*region/")) is None


def test_an_api_deleted_meanwhile_closes_its_findings() -> None:
    target = path()
    target.send(event())
    target.settle()
    target.source.snapshots.clear()

    target.send(event("DeleteRestApi"))
    target.settle()

    (_, closed) = target.store.untold_of(API)
    assert [step.kind for step in closed.steps] == [StepKind.RESOLVED]
    stored = target.store.load(API)
    assert (stored.scope, stored.rests_on) == (Scope.NOBODY, ())
    assert stored.gone_at is not None


def test_an_api_recreated_under_the_same_name_is_another_one() -> None:
    target = path()
    target.send(event())
    target.settle()
    new = replace(API, api_id="recreated1")
    target.source.snapshots = {new: replace(OPEN, api=new)}

    target.send(
        event("DeleteRestApi"),
        event("CreateRestApi", requestParameters={}, responseElements={"id": "recreated1"}),
        event("CreateDeployment", requestParameters={"restApiId": "recreated1"}),
    )
    target.settle()

    assert finding(target).status is Status.RESOLVED
    assert finding(target, new).status is Status.OPEN
    assert finding(target, new).id != finding(target).id


def test_an_api_that_was_never_known_and_is_gone_leaves_nothing() -> None:
    target = EventPath(Source())
    target.send(event())
    target.settle()

    assert target.store.load(API).version == 0


def test_a_late_look_cannot_overwrite_a_newer_one() -> None:
    target = path()
    target.source.snapshots[API] = CLOSED
    target.send(event())
    target.pass_time(60)
    target.source.snapshots[API] = OPEN
    target.source.spoil = lambda snapshot: replace(snapshot, read_at=NOW - timedelta(seconds=1))
    target.send(event())
    target.settle()

    assert target.store.load(API).findings == {}


def test_a_changed_domain_makes_gatewatch_look_at_the_apis_behind_it() -> None:
    domain = CustomDomain(domain_name="api.example.com", endpoint_type=EndpointType.REGIONAL)
    other = replace(API, api_id="other")
    target = path(
        a1b2c3d4e5=replace(OPEN, custom_domains=(domain,)), other=replace(OPEN, api=other)
    )
    parameters = {"domainName": "api.example.com", "updateDomainNameInput": {}}

    target.send(event("UpdateDomainName", requestParameters=parameters))
    target.settle()

    assert set(target.source.reads) == {API}
    assert finding(target).change.event_name == "UpdateDomainName"  # type: ignore[union-attr]
    assert target.source.forgotten


def guarded(*, function: str = "", pool: str = "") -> Configuration:
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    guard = Authorizer(
        authorizer_id="au1",
        kind=AuthorizerKind.REQUEST if function else AuthorizerKind.COGNITO_USER_POOLS,
        function_uri=uri if function else None,
        user_pool_arns=(pool,) if pool else (),
    )
    kind = AuthorizationType.CUSTOM if function else AuthorizationType.COGNITO_USER_POOLS
    return Configuration(
        routes=(route(authorization=kind, authorizer_id="au1"),), authorizers={"au1": guard}
    )


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:guard:live"
POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Ab1"


@pytest.mark.parametrize(
    ("configured", "changed"),
    [
        (
            guarded(function=FUNCTION),
            {
                "name": "UpdateFunctionCode20150331v2",
                "eventSource": "lambda.amazonaws.com",
                "requestParameters": {"functionName": "guard"},
            },
        ),
        (
            guarded(pool=POOL),
            {
                "name": "UpdateUserPool",
                "eventSource": "cognito-idp.amazonaws.com",
                "requestParameters": {"userPoolId": "us-east-1_Ab1"},
            },
        ),
    ],
    ids=["function", "user pool"],
)
def test_what_a_guard_rests_on_names_the_api_it_guards(
    configured: Configuration, changed: dict[str, Any]
) -> None:
    other = replace(API, api_id="other")
    target = path(a1b2c3d4e5=rest_api(configured), other=replace(OPEN, api=other))
    target.scan()
    target.source.reads.clear()

    target.send(event(**changed))
    target.settle()

    assert set(target.source.reads) == {API}


def test_a_change_behind_which_many_apis_stand_is_left_to_the_workers() -> None:
    apis = {f"api{n}": rest_api(guarded(function=FUNCTION)) for n in range(NEAR + 1)}
    target = path(
        **{name: replace(one, api=replace(API, api_id=name)) for name, one in apis.items()}
    )
    target.scan()
    target.source.reads.clear()
    sent = target.scans.sent["requests"]

    target.send(
        event(
            "RemovePermission20150331v2",
            eventSource="lambda.amazonaws.com",
            requestParameters={"functionName": FUNCTION},
        )
    )
    target.settle()

    assert target.scans.sent["requests"] - sent == 2 * (NEAR + 1)  # at once, and after the burst
    assert {api.api_id for api in target.source.reads} == set(apis)


def test_a_throttled_read_is_told_at_once_and_looked_at_again() -> None:
    throttled = gap(error_code="TooManyRequestsException")
    target = path()
    target.source.spoil = lambda one: replace(one, deployments={}, gaps=(throttled,))
    target.send(event(), event("UpdateStage"))
    target.pass_time(1)

    assert finding(target).status is Status.UNKNOWN
    target.source.spoil = lambda one: one
    target.source.snapshots[API] = CLOSED
    target.pass_time(120)
    assert finding(target).status is Status.RESOLVED
    assert target.events.dead == []


def test_a_look_that_fails_is_put_off_and_in_the_end_the_message_fails() -> None:
    class Broken(Source):
        def read(self, api: ApiId, *, anew: bool = False) -> None:
            super().read(api, anew=anew)
            raise ConnectionError("the network is away")

    target = EventPath(Broken({API: OPEN}))
    target.send(event())
    target.settle()

    assert target.counts["LooksPutOff"] == MAX_FAILURES
    ((body, reason),) = target.events.dead
    assert "gatewatch.wake" in body
    assert reason == "tried in vain"


def test_a_refused_read_does_not_come_again() -> None:
    target = path()
    target.source.spoil = lambda one: replace(one, deployments={}, gaps=(gap(),))
    target.send(event("UpdateRestApi"))
    target.settle()

    assert target.source.reads == [API]


def test_another_accounts_caller_changes_an_api_of_ours_and_is_named() -> None:
    target = path()
    foreign = {
        "type": "AssumedRole",
        "accountId": "999999999999",
        "arn": "arn:aws:sts::999999999999:assumed-role/Partner/eve",
        "sessionContext": {"attributes": {"mfaAuthenticated": "false"}},
    }

    target.send(event(userIdentity=foreign))
    target.settle()

    cause = finding(target).change
    assert cause is not None
    assert (cause.session, cause.role, cause.foreign_account) == ("eve", "Partner", "999999999999")
    assert cause.mfa is False


def test_a_cause_says_what_was_changed_and_who_could_call_before() -> None:
    target = path()
    target.source.snapshots[API] = CLOSED
    target.scan()
    target.source.snapshots[API] = rest_api(
        configuration(route()), stages=(replace(OPEN.stages[0], deployment_id="d2"),),
        deployments={"d2": configuration(route())},
    )  # fmt: skip
    parameters = {"restApiId": "a1b2c3d4e5", "createDeploymentInput": {"stageName": "prod"}}

    target.send(event(requestParameters=parameters))
    target.settle()

    cause = finding(target).change
    assert cause is not None
    assert cause.said == "stageName prod"
    assert cause.changed == ("stage prod: GET /orders authorization AWS_IAM -> authorization NONE",)
    assert cause.access == ("prod: own-account -> internet",)


def test_what_can_blind_the_monitor_and_reads_of_keys_are_noted() -> None:
    target = path()
    stopped = event("StopLogging", eventSource="cloudtrail.amazonaws.com")
    keys = event("GetApiKeys", readOnly=True, requestParameters={"includeValues": True})
    listed = event("GetApiKeys", readOnly=True, requestParameters={"includeValues": False})
    batch = target.batch()
    bodies = [json.dumps({"detail": one}) for one in (stopped, keys, listed)]
    batch.prepare(bodies)
    for body in bodies:
        batch.take(body)

    assert [change.event_name for change in batch.noteworthy] == ["StopLogging", "GetApiKeys"]
    assert (batch.counts["MonitorChanges"], batch.counts["CredentialReads"]) == (1, 1)


def test_denied_changes_are_remembered_where_they_are_watched() -> None:
    denied = [event("UpdateRestApi", errorCode="AccessDenied") for _ in range(5)]
    settings = {"repeated-denied-changes": RuleSettings(on=True)}
    policy = default_org_policy().model_copy(update={"rules": settings})
    target = EventPath(Source({API: CLOSED}), watches_refusals=True, policy=policy)
    target.send(*denied)
    target.settle()

    titles = [one.violation.title for one in target.store.load(API).findings.values()]
    assert ["denied 5 changes" in title for title in titles] == [True]
    # An hour later nobody tries any more.
    target.pass_time(3700)
    target.scan()
    assert [one.status for one in target.store.load(API).findings.values()] == [Status.RESOLVED]


def test_a_burst_stays_small_whatever_a_tool_does() -> None:
    target = path()
    target.send(event("CreateDeployment"))
    target.send(*(event("PutMethod") for _ in range(500)))
    target.pass_time(1)

    burst = target.book.burst(API)
    assert burst is not None
    assert len(burst.changes) == MAX_CHANGES
    assert any(change.event_name == "CreateDeployment" for change in burst.changes)
