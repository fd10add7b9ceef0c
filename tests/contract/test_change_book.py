"""One contract, two change books: memory, and DynamoDB with the template's own keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import API, NOW, later
from tests.contract.tables import TABLE, findings_table
from tests.unit.test_cloudtrail import record

from monitor.events.cloudtrail import parse_change
from monitor.model.burst import Burst, noted
from monitor.model.change import RefusedCall
from monitor.ports import ChangeBook, Conflict
from monitor.stores.change_book import GET_BATCH, DynamoDbChangeBook
from monitor.stores.memory import MemoryChangeBook

OTHER = replace(API, api_id="zzzzzzzzzz")


@pytest.fixture(params=["memory", "dynamodb"])
def book(request: pytest.FixtureRequest) -> Iterator[ChangeBook]:
    if request.param == "memory":
        yield MemoryChangeBook()
        return
    with findings_table() as client:
        yield DynamoDbChangeBook(client, TABLE)


def burst(version: int = 1) -> Burst:
    change = parse_change(record("CreateDeployment"))
    return replace(noted(None, API, (change,), now=NOW), version=version)


def test_a_burst_is_kept_whole_and_apart_from_others(book: ChangeBook) -> None:
    assert book.burst(API) is None
    book.put_burst(burst())

    assert book.burst(API) == burst()
    assert book.burst(OTHER) is None


@pytest.mark.parametrize("version", [1, 3])
def test_who_missed_a_version_is_refused(book: ChangeBook, version: int) -> None:
    book.put_burst(burst())

    with pytest.raises(Conflict):
        book.put_burst(burst(version))
    with pytest.raises(Conflict):
        book.clear_burst(burst(2))
    assert book.burst(API) == burst()


def test_a_burst_that_was_cleared_begins_anew(book: ChangeBook) -> None:
    book.put_burst(burst())
    book.put_burst(burst(2))
    book.clear_burst(burst(2))

    assert book.burst(API) is None
    with pytest.raises(Conflict):
        book.clear_burst(burst(2))
    book.put_burst(burst())


def test_a_burst_of_large_changes_still_fits(book: ChangeBook) -> None:
    long = record(
        "UpdateRestApi",
        userIdentity={"type": "IAMUser", "userName": "u" * 5000, "arn": "a" * 5000},
        sourceIPAddress="i" * 5000,
        requestParameters={"domainName": "d" * 5000},
    )
    changes = tuple(parse_change({**long, "eventID": f"e{n}" + "x" * 5000}) for n in range(200))
    large = replace(noted(None, API, changes, now=NOW), version=1)
    book.put_burst(large)

    assert book.burst(API) == large


def test_events_are_seen_once_they_are_marked(book: ChangeBook) -> None:
    ids = [f"event-{n}" for n in range(GET_BATCH + 5)]
    assert book.seen(ids) == frozenset()

    book.mark_seen([*ids[:-2], ids[0]], now=NOW)

    assert book.seen([*ids, ids[0]]) == frozenset(ids[:-2])
    assert book.seen([]) == frozenset()


def test_refused_calls_are_kept_by_time_and_once_each(book: ChangeBook) -> None:
    def call(number: int, seconds: float) -> RefusedCall:
        return RefusedCall(
            who="eve", event_name="UpdateRestApi", event_id=f"e{number}", at=later(seconds)
        )

    for one in (call(2, 20), call(1, 10), call(2, 20), call(0, -7200)):
        book.note_refused(API, one)

    assert list(book.refused_calls(API, since=NOW - timedelta(hours=1))) == [
        call(1, 10),
        call(2, 20),
    ]
    assert list(book.refused_calls(OTHER, since=NOW - timedelta(hours=1))) == []


def test_what_nobody_needs_any_more_expires() -> None:
    with findings_table() as client:
        book = DynamoDbChangeBook(client, TABLE)
        book.put_burst(burst())
        book.mark_seen(["e"], now=NOW)
        call = RefusedCall(who="eve", event_name="x", event_id="e", at=NOW)
        book.note_refused(API, call)

        items = client.scan(TableName=TABLE)["Items"]

    lives = {
        item["pk"]["S"].partition("#")[0]: int(item["expires_at"]["N"]) - int(NOW.timestamp())
        for item in items
    }
    assert lives == {"BURST": 14 * 86_400, "EVENT": 2 * 86_400, "REFUSED": 86_400}
