"""One contract, three stores: memory, a folder, and DynamoDB with the template's own keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.builders import API, CAUSE, NOW, later, violation
from tests.contract.tables import TABLE, findings_table
from tests.fakes import FakeClock, FakeNotifier
from tests.template import resource

from monitor.events.objects import MAX_OBJECTS
from monitor.model.access import Scope
from monitor.model.api import ApiId
from monitor.model.change import ApiFamily
from monitor.model.finding import Finding, Severity, finding_id
from monitor.model.notice import Conversation, FirstFindings, Notice, Step, StepKind
from monitor.model.objects import EVERY_API, ObjectKind, ObjectRef
from monitor.model.place import Place
from monitor.model.record import ApiRecord, Baseline, Links
from monitor.ports import Conflict, FindingStore, Notebook
from monitor.stores.dynamodb import DynamoDbStore, notice_api
from monitor.stores.files import FileStore
from monitor.stores.memory import MemoryStore
from monitor.stores.notebook import DynamoDbNotebook, FileNotebook, MemoryNotebook
from monitor.usecases.tell import Teller

OTHER = replace(API, api_id="zzzzzzzzzz")
SAID = Conversation(channel="C1", message_ts="1.000001", is_open=True)


@pytest.fixture(params=["memory", "files", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FindingStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "files":
        yield FileStore(tmp_path)
        return
    with findings_table() as client:
        yield DynamoDbStore(client, TABLE)


def finding(**fields: Any) -> Finding:
    found = violation()
    defaults: dict[str, Any] = {
        "id": finding_id(API, found),
        "api": API,
        "api_name": "orders",
        "violation": found,
        "status": found.status,
        "first_seen": NOW,
        "last_seen": NOW,
        "change": CAUSE,
    }
    return Finding(**{**defaults, **fields})


def record(version: int = 1, api: ApiId = API, **fields: Any) -> ApiRecord:
    held = finding()
    defaults: dict[str, Any] = {
        "read_at": NOW,
        "name": "orders",
        "scope": Scope.INTERNET,
        "findings": {held.id: held},
    }
    return ApiRecord(api=api, version=version, **{**defaults, **fields})


def notice(sequence: int = 1, api: ApiId = API, seconds: float = 0) -> Notice:
    held = finding()
    return Notice(
        api=api,
        api_name="orders",
        sequence=sequence,
        made_at=later(seconds),
        steps=(Step(kind=StepKind.OPENED, finding=held),),
        unresolved=(held,),
        scope_before=None,
        scope_now=Scope.INTERNET,
        cause=CAUSE,
    )


def apis_waiting(store: FindingStore, limit: int) -> list[ApiId]:
    return [one.api for one in store.waiting(limit=limit)]


def test_an_api_nobody_wrote_has_an_empty_record(store: FindingStore) -> None:
    assert store.load(API) == ApiRecord(api=API)
    assert store.conversation(API) is None
    assert not store.waiting(limit=10)


def test_what_was_committed_is_loaded_whole(store: FindingStore) -> None:
    store.commit(record(), notice())

    assert store.load(API) == record()
    assert apis_waiting(store, 10) == [API]
    assert list(store.untold_of(API)) == [notice()]
    assert store.load(OTHER) == ApiRecord(api=OTHER)


@pytest.mark.parametrize("version", [1, 3])
def test_a_writer_that_missed_a_version_is_refused_wholly(
    store: FindingStore, version: int
) -> None:
    store.commit(record(), None)

    with pytest.raises(Conflict):
        store.commit(record(version, name="late"), notice(version))

    assert store.load(API).name == "orders"
    assert not store.waiting(limit=10)


def test_notices_wait_in_order_until_they_are_told(store: FindingStore) -> None:
    store.commit(record(1), notice(1, seconds=5))
    store.commit(record(2), notice(2, seconds=6))
    store.commit(record(1, OTHER), notice(1, OTHER, seconds=1))

    assert apis_waiting(store, 10) == [OTHER, API]
    assert apis_waiting(store, 1) == [OTHER]
    assert [n.sequence for n in store.untold_of(API)] == [1, 2]

    store.mark_told(notice(1, seconds=5), SAID, now=NOW)

    assert [n.sequence for n in store.untold_of(API)] == [2]
    assert store.conversation(API) == SAID
    assert store.conversation(OTHER) is None


def test_a_notice_is_claimed_by_one_at_a_time(store: FindingStore) -> None:
    store.commit(record(), notice())
    minute = timedelta(minutes=1)

    assert store.claim(notice(), now=NOW, until=NOW + minute)
    assert not store.claim(notice(), now=later(30), until=later(90))
    # Whoever held it died: after its time the next may have it.
    assert store.claim(notice(), now=later(61), until=later(121))
    store.release(notice())
    assert store.claim(notice(), now=later(62), until=later(122))


def test_a_claim_says_which_try_it_is_and_a_release_forgets(store: FindingStore) -> None:
    store.commit(record(), notice())
    later_by = [(later(0), later(60)), (later(61), later(121)), (later(122), later(182))]

    tries = []
    for now, until in later_by:
        claim = store.claim(notice(), now=now, until=until)
        tries.append(claim and claim.tries)
    assert tries == [1, 2, 3]
    store.release(notice())

    claim = store.claim(notice(), now=later(123), until=later(183))
    assert claim is not None
    assert claim.tries == 1


def test_who_was_reached_is_kept_until_all_are(store: FindingStore) -> None:
    store.commit(record(), notice())
    store.claim(notice(), now=NOW, until=later(60))
    store.mark_reached(notice(), frozenset({"slack"}), SAID)
    store.mark_reached(notice(), frozenset({"topic"}), None)
    store.release(notice())

    claim = store.claim(notice(), now=later(1), until=later(61))
    assert claim is not None
    assert claim.reached == {"slack", "topic"}
    assert store.conversation(API) == SAID
    assert apis_waiting(store, 10) == [API]
    store.mark_told(notice(), None, now=NOW)
    assert apis_waiting(store, 10) == []
    assert store.conversation(API) == SAID


def test_the_gravest_waits_at_the_front(store: FindingStore) -> None:
    grave = notice(1, OTHER, seconds=9)
    mild = violation(severity=Severity.LOW)
    held = finding(violation=mild)
    store.commit(record(), replace(notice(), steps=(Step(kind=StepKind.OPENED, finding=held),)))
    store.commit(record(1, OTHER), grave)

    waiting = store.waiting(limit=10)

    assert [(one.api, one.severity, one.since) for one in waiting] == [
        (OTHER, Severity.CRITICAL, later(9)),
        (API, Severity.LOW, later(0)),
    ]


def test_every_record_is_listed_and_nothing_else(store: FindingStore) -> None:
    store.commit(record(), notice())
    store.commit(record(1, OTHER), None)
    store.mark_told(notice(), SAID, now=NOW)

    assert {one.api for one in store.records()} == {API, OTHER}


@pytest.fixture(params=["memory", "files", "dynamodb"])
def notebook(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Notebook]:
    if request.param == "memory":
        yield MemoryNotebook()
        return
    if request.param == "files":
        yield FileNotebook(tmp_path)
        return
    with findings_table() as client:
        yield DynamoDbNotebook(client, TABLE)


def test_notes_are_found_by_kind_and_name(notebook: Notebook) -> None:
    notebook.write("mute", "everything / else…", "one", until=later(60))
    notebook.write("mute", "everything / else…", "two", until=later(60))
    notebook.write("receipt", "../r1", "done", until=later(60))

    assert notebook.find("mute", "everything / else…") == "two"
    assert notebook.find("receipt", "../r1") == "done"
    assert notebook.find("receipt", "r2") is None
    assert notebook.read("mute") == {"everything / else…": "two"}
    assert notebook.read("other") == {}


def test_what_was_told_is_never_claimed_again(store: FindingStore) -> None:
    store.commit(record(), notice())
    store.mark_told(notice(), SAID, now=NOW)

    assert not store.claim(notice(), now=later(3600), until=later(3660))
    store.mark_told(notice(), SAID, now=later(1))
    assert not store.waiting(limit=10)


def test_a_baseline_and_its_summary_are_stored_together(store: FindingStore) -> None:
    account = replace(API, api_id="*")
    begun = Baseline(begun_at=NOW, apis=("a", "b"))
    told = replace(
        notice(2, account),
        steps=(),
        unresolved=(),
        first=FirstFindings(
            apis=2,
            public_apis=1,
            findings={Severity.HIGH: 3},
            unknown=1,
            waived=0,
            worst=(finding(baseline=True),),
        ),
    )
    store.commit(ApiRecord(api=account, version=1, baseline=begun), None)
    store.commit(ApiRecord(api=account, version=2, baseline=Baseline(rules=("x",))), told)

    assert store.load(account).baseline == Baseline(rules=("x",))
    assert [one.api for one in store.waiting(limit=1)] == [account]
    assert list(store.untold_of(account)) == [told]


def test_a_record_larger_than_an_item_still_fits(store: FindingStore) -> None:
    routes = tuple(f"GET /orders/{number}/" + "x" * 200 for number in range(3000))
    large = finding(violation=violation(routes=routes))

    store.commit(record(findings={large.id: large}), None)

    assert store.load(API).findings[large.id].violation.routes == routes


PLACE = Place(account_id=API.account_id, region=API.region, partition="aws")
DOMAIN = ObjectRef(kind=ObjectKind.DOMAIN, id="api.example.com")
ANY_KEY = ObjectRef(kind=ObjectKind.API_KEY)


def linked(version: int, api: ApiId, *refs: ObjectRef) -> ApiRecord:
    return record(version, api, rests_on=tuple(sorted(refs)))


def test_the_index_names_the_apis_behind_an_object(store: FindingStore) -> None:
    added = Links(added=frozenset({DOMAIN, EVERY_API}))
    store.commit(linked(1, API, DOMAIN, EVERY_API), None, added)
    store.commit(linked(1, OTHER, EVERY_API), None, Links(added=frozenset({EVERY_API})))
    abroad = replace(API, region="eu-west-1")
    store.commit(linked(1, abroad, DOMAIN), None, Links(added=frozenset({DOMAIN})))

    assert list(store.apis_resting_on(DOMAIN, PLACE)) == [API]
    assert list(store.apis_resting_on(EVERY_API, PLACE)) == [API, OTHER]
    assert list(store.apis_resting_on(replace(DOMAIN, id="api.example.co"), PLACE)) == []
    assert list(store.apis_resting_on(ObjectRef(kind=ObjectKind.DOMAIN), PLACE)) == [API]


def test_an_api_that_rests_on_any_of_a_kind_is_behind_each_of_it(store: FindingStore) -> None:
    store.commit(linked(1, API, ANY_KEY), None, Links(added=frozenset({ANY_KEY})))

    assert list(store.apis_resting_on(replace(ANY_KEY, id="key1"), PLACE)) == [API]


def test_links_go_when_the_api_does_not_rest_on_the_object_any_more(store: FindingStore) -> None:
    store.commit(linked(1, API, DOMAIN), None, Links(added=frozenset({DOMAIN})))
    store.commit(linked(2, API), None, Links(removed=frozenset({DOMAIN})))

    assert list(store.apis_resting_on(DOMAIN, PLACE)) == []


def test_a_refused_writer_changes_no_link(store: FindingStore) -> None:
    store.commit(linked(1, API, DOMAIN), None, Links(added=frozenset({DOMAIN})))

    with pytest.raises(Conflict):
        store.commit(linked(1, API), None, Links(removed=frozenset({DOMAIN})))

    assert list(store.apis_resting_on(DOMAIN, PLACE)) == [API]


def test_the_family_of_an_api_is_kept_with_its_link(store: FindingStore) -> None:
    http = replace(API, family=ApiFamily.V2)
    store.commit(linked(1, http, DOMAIN), None, Links(added=frozenset({DOMAIN})))

    (found,) = store.apis_resting_on(DOMAIN, PLACE)
    assert found.family is ApiFamily.V2


def test_as_many_links_as_an_api_may_have_fit_into_one_commit(store: FindingStore) -> None:
    def plans(first: str) -> frozenset[ObjectRef]:
        kind = ObjectKind.USAGE_PLAN
        return frozenset(ObjectRef(kind=kind, id=f"{first}{n}") for n in range(MAX_OBJECTS))

    store.commit(linked(1, API, *plans("a")), None, Links(added=plans("a")))
    links = Links(added=plans("b"), removed=plans("a"))
    store.commit(linked(2, API, *plans("b")), notice(2), links)

    assert list(store.apis_resting_on(min(plans("a")), PLACE)) == []
    assert list(store.apis_resting_on(min(plans("b")), PLACE)) == [API]


def test_the_record_of_an_api_that_is_gone_expires_and_no_other() -> None:
    with findings_table() as client:
        store = DynamoDbStore(client, TABLE)
        store.commit(record(), None)
        store.commit(record(1, OTHER, gone_at=NOW), None)
        items = {i["pk"]["S"].rpartition("#")[2]: i for i in client.scan(TableName=TABLE)["Items"]}

    assert "expires_at" not in items[API.api_id]
    assert int(items[OTHER.api_id]["expires_at"]["N"]) - NOW.timestamp() == 90 * 86_400


def test_the_stream_names_the_api_of_a_notice() -> None:
    keys = {"pk": {"S": "NOTICES#aws#123456789012#us-east-1#a1b2c3d4e5"}, "sk": {"S": "1"}}

    assert notice_api(keys) == API
    assert notice_api({"pk": {"S": "API#aws#123456789012#us-east-1#a1b2c3d4e5"}}) is None
    assert notice_api({}) is None


def test_the_index_of_the_outbox_is_the_templates() -> None:
    source = Path("src/monitor/stores/dynamodb.py").read_text("utf-8")
    names = [index["IndexName"] for index in resource("FindingsTable")["Properties"][
        "GlobalSecondaryIndexes"]]  # fmt: skip

    assert re.findall(r'_INDEX = "(\w+)"', source) == names


def test_a_damaged_record_is_found_anew(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.commit(record(), None)
    (path,) = tmp_path.rglob("record")
    path.write_bytes(path.read_bytes()[:-9])

    assert store.load(API) == ApiRecord(api=API)
    store.commit(record(), None)
    assert store.load(API) == record()


def test_a_store_without_an_outbox_keeps_no_notice(tmp_path: Path) -> None:
    store = FileStore(tmp_path, outbox=False)
    store.commit(record(), notice())

    assert store.load(API) == record()
    assert not store.waiting(limit=10)


def test_one_unreadable_notice_names_itself_and_holds_up_no_other_api() -> None:
    """Written by a version that this one does not know, say."""
    with findings_table() as client:
        store, notifier = DynamoDbStore(client, TABLE), FakeNotifier()
        store.commit(record(), notice())
        store.commit(record(1, OTHER), notice(1, OTHER, seconds=1))
        client.update_item(
            TableName=TABLE,
            Key={
                "pk": {"S": "NOTICES#aws#123456789012#us-east-1#a1b2c3d4e5"},
                "sk": {"S": "000000000001"},
            },
            UpdateExpression="SET #d = :junk",
            ExpressionAttributeNames={"#d": "document"},
            ExpressionAttributeValues={":junk": {"S": '{"schema": "of another day"}'}},
        )

        told = Teller(store=store, sinks={"slack": notifier}, clock=FakeClock()).tell_all()

    assert (told.delivered, len(told.failures)) == (1, 1)
    assert "000000000001" in told.failures[0]
    assert [one.api for one, _ in notifier.told] == [OTHER]
