"""Messages of one batch -> looks: coalesced, fanned out, passed over, or refused with a reason."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.builders import ACCOUNT, API, configuration, gap, later, rest_api, route
from tests.fakes import FakeClock, FakeQueue, FakeSource
from tests.unit.test_cloudtrail import record

from monitor.events.requests import MalformedMessage, dump_request
from monitor.model.access import Scope
from monitor.model.api import ApiId, AuthorizationType, CustomDomain, EndpointType
from monitor.model.finding import Status
from monitor.model.notice import StepKind
from monitor.orgpolicy.load import default_org_policy
from monitor.stores.memory import MemoryStore
from monitor.usecases.look import Looker
from monitor.usecases.react import Batch, ListingFailed, Place, Unsettled

OPEN = rest_api()
CLOSED = rest_api(configuration(route(authorization=AuthorizationType.AWS_IAM)))
PLACE = Place(account_id=ACCOUNT, region="us-east-1", partition="aws")


def body(name: str = "CreateDeployment", **fields: Any) -> str:
    return json.dumps({"detail": record(name, **fields)})


def batch(source: FakeSource, store: MemoryStore | None = None) -> Batch:
    looker = Looker(
        source=source,
        store=store or MemoryStore(),
        policy=default_org_policy(),
        clock=FakeClock(),
    )
    return Batch(looker, FakeQueue(), PLACE)


def run(target: Batch, *bodies: str) -> list[type[Exception] | None]:
    """What becomes of each message: None, or the error with which it comes again."""
    target.prepare(bodies)
    outcomes: list[type[Exception] | None] = []
    for message in bodies:
        try:
            target.take(message)
            outcomes.append(None)
        except Exception as error:  # noqa: BLE001 - the test shows which
            outcomes.append(type(error))
    return outcomes


def test_a_burst_on_one_api_is_one_look_with_the_last_change_as_its_cause() -> None:
    source, store = FakeSource({API: OPEN}), MemoryStore()
    messages = [
        body("PutMethod", eventTime="2026-11-22T11:59:01Z"),
        body("CreateDeployment", eventTime="2026-11-22T11:59:59Z"),
        body("CreateResource", eventTime="2026-11-22T11:59:00Z"),
    ]

    outcomes = run(target := batch(source, store), *messages)

    assert outcomes == [None, None, None]
    assert source.reads == [API]
    assert target.counts["Coalesced"] == 2
    (finding,) = store.load(API).findings.values()
    assert finding.change is not None
    assert finding.change.event_name == "CreateDeployment"


def test_duplicates_and_another_order_end_in_the_same_state() -> None:
    messages = [body("PutMethod"), body("CreateDeployment"), body("UpdateStage")]
    store, source = MemoryStore(), FakeSource({API: OPEN})
    run(batch(source, store), *messages)
    first = store.load(API).findings

    for order in (messages, messages[::-1], messages * 3):
        run(batch(source, store), *order)

    after = store.load(API).findings
    assert [f.id for f in after.values()] == [f.id for f in first.values()]
    assert [f.change for f in after.values()] == [f.change for f in first.values()]
    assert len(store.untold_of(API)) == 1


def test_a_malformed_message_comes_again_and_spoils_no_other() -> None:
    source = FakeSource({API: OPEN})

    outcomes = run(
        batch(source), "{not json", body(), json.dumps({"detail": {"eventName": "x"}}), "[" * 90_000
    )

    assert outcomes == [MalformedMessage, None, MalformedMessage, MalformedMessage]
    assert source.reads == [API]


@pytest.mark.parametrize("fields", [{"errorCode": "AccessDenied"}, {"readOnly": True}])
def test_failed_and_read_only_calls_are_passed_over(fields: dict[str, Any]) -> None:
    source = FakeSource({API: OPEN})

    assert run(batch(source), body(**fields)) == [None]
    assert source.reads == []


def test_an_unknown_name_is_looked_at_and_counted() -> None:
    source = FakeSource({API: OPEN})

    run(target := batch(source), body("OpenTheGates"))

    assert source.reads == [API]
    assert target.counts["UnknownEventNames"] == 1


def test_an_event_that_names_no_api_asks_for_all_of_them_once() -> None:
    other = replace(API, api_id="other")
    source = FakeSource({API: OPEN, other: OPEN})
    target = batch(source)

    run(
        target,
        body("UpdateRestApi", requestParameters=None),
        body("PutRestApi", requestParameters={}),
    )

    assert isinstance(target.queue, FakeQueue)
    assert target.queue.asked == [API, other]
    assert source.reads == []
    run(target, *map(dump_request, target.queue.asked))
    assert source.reads == [API, other]


def test_a_listing_that_failed_makes_the_message_come_again() -> None:
    source = FakeSource(listing_gaps=(gap(),))

    assert run(batch(source), body("UpdateRestApi", requestParameters=None)) == [ListingFailed]


def test_an_api_deleted_meanwhile_closes_its_findings() -> None:
    store, source = MemoryStore(), FakeSource({API: OPEN})
    run(batch(source, store), body())
    source.snapshots.clear()

    assert run(batch(source, store), body("DeleteRestApi")) == [None]

    (_, closed) = store.untold_of(API)
    assert [step.kind for step in closed.steps] == [StepKind.RESOLVED]
    assert store.load(API).scope is Scope.NOBODY


def test_an_api_that_was_never_known_and_is_gone_leaves_nothing() -> None:
    store = MemoryStore()

    assert run(batch(FakeSource(), store), body()) == [None]
    assert store.load(API).version == 0


def test_a_late_look_cannot_overwrite_a_newer_one() -> None:
    store = MemoryStore()
    run(batch(FakeSource({API: replace(CLOSED, read_at=later(60))}), store), body())

    run(late := batch(FakeSource({API: replace(OPEN, read_at=later(30))}), store), body())

    assert late.looked[API].is_late
    assert store.load(API).findings == {}


def test_a_changed_domain_makes_gatewatch_look_at_the_apis_behind_it() -> None:
    domain = CustomDomain(domain_name="api.example.com", endpoint_type=EndpointType.REGIONAL)
    other = replace(API, api_id="other")
    behind = replace(OPEN, custom_domains=(domain,))
    source, store = FakeSource({API: behind, other: replace(OPEN, api=other)}), MemoryStore()
    parameters = {"domainName": "api.example.com", "updateDomainNameInput": {}}

    run(batch(source, store), body("UpdateDomainName", requestParameters=parameters))

    assert source.reads == [API]
    (finding,) = store.load(API).findings.values()
    assert finding.change is not None
    assert finding.change.event_name == "UpdateDomainName"


def test_a_throttled_read_is_told_at_once_and_comes_again() -> None:
    throttled = gap(error_code="TooManyRequestsException")
    dark = replace(OPEN, deployments={}, gaps=(throttled,))
    source, store = FakeSource({API: dark}), MemoryStore()

    outcomes = run(batch(source, store), body(), body("UpdateStage"))

    assert outcomes == [Unsettled, Unsettled]
    assert source.reads == [API]
    assert [f.status for f in store.load(API).findings.values()] == [Status.UNKNOWN]
    assert run(batch(FakeSource({API: CLOSED}), store), body()) == [None]
    assert [f.status for f in store.load(API).findings.values()] == [Status.RESOLVED]


def test_a_refused_read_does_not_come_again() -> None:
    dark = replace(OPEN, deployments={}, gaps=(gap(),))

    assert run(batch(FakeSource({API: dark})), body()) == [None]


def test_a_look_that_fails_fails_every_message_of_its_api_once() -> None:
    class Broken(FakeSource):
        def read(self, api: ApiId) -> None:
            super().read(api)
            raise ConnectionError("the table is away")

    source = Broken()

    assert run(batch(source), body(), body("UpdateStage")) == [ConnectionError] * 2
    assert source.reads == [API]


def test_another_accounts_caller_changes_an_api_of_ours() -> None:
    source = FakeSource({API: OPEN})
    foreign = {"type": "AssumedRole", "accountId": "999999999999"}

    run(batch(source), body(userIdentity=foreign, recipientAccountId="999999999999"))

    assert source.reads == [ApiId(account_id=ACCOUNT, region="us-east-1", api_id="a1b2c3d4e5")]
