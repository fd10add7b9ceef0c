"""A table that the first release filled, under this one: findings keep their ids, their age and
their conversations, and what was still to be told is told."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.builders import API, configuration, later, rest_api, route
from tests.contract.tables import TABLE, findings_table
from tests.fakes import FakeClock, FakeNotifier, FakeSource

from monitor.model.api import ApiId, ApiSnapshot, AuthorizationType
from monitor.model.finding import Status
from monitor.orgpolicy.load import default_org_policy
from monitor.ports import Unreadable
from monitor.stores.dynamodb import DynamoDbExports, DynamoDbStore
from monitor.usecases.look import Looked, Looker
from monitor.usecases.tell import Teller

ITEMS = Path(__file__).resolve().parent.parent / "fixtures" / "schema-1" / "items.json"
APIS = ("a1b2c3d4e5", "gonegone01", "largelarge", "unreadable", "unresolved")
TOMORROW = 86_400.0


def api(api_id: str) -> ApiId:
    return replace(API, api_id=api_id)


def items() -> list[dict[str, Any]]:
    return [
        {key: _attribute(value) for key, value in item.items()}
        for item in json.loads(ITEMS.read_text("utf-8"))
    ]


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"]["base64"])} if "B" in value else value


def documents() -> dict[str, Any]:
    """API id -> its record as the first release wrote it, where that is not packed."""
    return {
        item["pk"]["S"].rpartition("#")[2]: json.loads(item["document"]["S"])
        for item in items()
        if item["sk"]["S"] == "RECORD" and "S" in item["document"]
    }


@pytest.fixture
def table() -> Iterator[Any]:
    with findings_table() as client:
        for item in items():
            client.put_item(TableName=TABLE, Item=item)
        yield client


@pytest.fixture
def store(table: Any) -> DynamoDbStore:
    return DynamoDbStore(table, TABLE)


def look(store: DynamoDbStore, api_id: str, snapshot: ApiSnapshot) -> Looked:
    source = FakeSource()
    source.snapshots[api(api_id)] = replace(
        snapshot, api=api(api_id), name=api_id, read_at=later(TOMORROW)
    )
    clock = FakeClock(later(TOMORROW))
    return Looker(source=source, store=store, policy=default_org_policy(), clock=clock).look_at(
        api(api_id)
    )


def test_the_fixture_is_of_the_first_schema() -> None:
    assert all("schema" not in document for document in documents().values())
    assert {item["sk"]["S"] for item in items()} >= {"RECORD", "CONVERSATION"}


@pytest.mark.parametrize("api_id", APIS)
def test_every_record_is_read(store: DynamoDbStore, api_id: str) -> None:
    record = store.load(api(api_id))

    assert record.version > 0
    assert record.findings
    written = documents().get(api_id)
    if written is not None:
        assert set(record.findings) == set(written["findings"])
        for id_, finding in record.findings.items():
            old = written["findings"][id_]
            assert finding.status.value == old["status"]
            assert finding.first_seen == datetime.fromisoformat(old["first_seen"])
            assert finding.change is None or finding.change.who == old["change"]["who"]


def test_what_was_still_to_be_told_is_told_and_nothing_else(store: DynamoDbStore) -> None:
    notifier = FakeNotifier()

    told = Teller(store=store, sinks={"slack": notifier}, clock=FakeClock()).tell_all()

    assert told.failures == ()
    assert [notice.api.api_id for notice, _ in notifier.told] == ["unresolved"]


def test_a_problem_that_goes_on_keeps_its_id_its_age_and_its_cause(
    store: DynamoDbStore, table: Any
) -> None:
    before = store.load(api("a1b2c3d4e5"))

    looked = look(store, "a1b2c3d4e5", rest_api())

    for id_, old in before.findings.items():
        now = looked.record.findings[id_]
        assert (now.first_seen, now.change, now.reopened) == (old.first_seen, old.change, 0)
        assert now.status is Status.OPEN
    item = table.get_item(
        TableName=TABLE,
        Key={"pk": {"S": "API#aws#123456789012#us-east-1#a1b2c3d4e5"}, "sk": {"S": "RECORD"}},
    )["Item"]
    assert json.loads(item["document"]["S"])["schema"] == "gatewatch.record/1"


def test_a_problem_that_is_mended_goes_on_in_its_old_conversation(store: DynamoDbStore) -> None:
    said = store.conversation(api("a1b2c3d4e5"))
    notifier = FakeNotifier()

    look(
        store, "a1b2c3d4e5", rest_api(configuration(route(authorization=AuthorizationType.AWS_IAM)))
    )
    Teller(store=store, sinks={"slack": notifier}, clock=FakeClock()).tell([api("a1b2c3d4e5")])

    ((notice, conversation),) = notifier.told
    assert conversation == said
    assert "resolved" in {step.kind.value for step in notice.steps}


def test_a_kept_export_is_used_or_read_again_but_never_an_error(table: Any) -> None:
    kept = DynamoDbExports(table, TABLE, FakeClock()).get(api("a1b2c3d4e5"), "d1")

    assert kept is None or kept.stage_version == "v1"


def test_a_record_of_a_later_release_is_refused_and_kept(store: DynamoDbStore, table: Any) -> None:
    key = {"pk": {"S": "API#aws#123456789012#us-east-1#a1b2c3d4e5"}, "sk": {"S": "RECORD"}}
    item = table.get_item(TableName=TABLE, Key=key)["Item"]
    later_one = {"schema": "gatewatch.record/99", **json.loads(item["document"]["S"])}
    table.put_item(TableName=TABLE, Item={**item, "document": {"S": json.dumps(later_one)}})

    with pytest.raises(Unreadable, match=r"gatewatch[.]record/99"):
        look(store, "a1b2c3d4e5", rest_api())

    kept = table.get_item(TableName=TABLE, Key=key)["Item"]
    assert json.loads(kept["document"]["S"]) == later_one
