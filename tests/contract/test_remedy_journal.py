"""One contract, three journals: memory, a folder, and DynamoDB as moto has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from tests.builders import API, NOW, later
from tests.remedies.plans import some_plan
from tests.template import resource

from remediators.entry import Entry, Progress, planned
from remediators.journal.dynamodb import DynamoDbJournal
from remediators.journal.files import FileJournal
from remediators.journal.memory import MemoryJournal
from remediators.plan import State
from remediators.ports import Conflict, Journal

UNTIL = later(300)
TABLE = "remediations"


@pytest.fixture(params=["memory", "files", "dynamodb"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
    elif request.param == "files":
        yield FileJournal(tmp_path)
    else:
        with mock_aws():
            client = boto3.client("dynamodb", region_name="us-east-1")
            table = resource("RemediationsTable")["Properties"]
            wanted = ("AttributeDefinitions", "KeySchema", "BillingMode")
            client.create_table(TableName=TABLE, **{key: table[key] for key in wanted})
            yield DynamoDbJournal(client, TABLE)


def created(journal: Journal, **fields: Any) -> Entry:
    entry = planned(some_plan(**fields), "jane")
    journal.create(entry)
    return entry


def test_what_is_created_is_loaded_whole(journal: Journal) -> None:
    entry = created(journal)

    assert journal.load(entry.plan.id) == entry
    assert journal.load("gwp-none") is None


def test_a_plan_is_created_once(journal: Journal) -> None:
    entry = created(journal)

    with pytest.raises(Conflict):
        journal.create(entry)


def test_of_two_successors_one_is_saved(journal: Journal) -> None:
    entry = created(journal)
    first = entry.now_in(State.APPROVED, "by joe", NOW)
    second = entry.now_in(State.REFUSED, "by ann", NOW)
    journal.save(first)

    with pytest.raises(Conflict):
        journal.save(second)
    assert journal.load(entry.plan.id) == first


def test_steps_and_what_they_made_are_kept(journal: Journal) -> None:
    entry = created(journal)
    step = entry.plan.steps[0]
    begun = entry.with_step(step, Progress.BEGUN, NOW)
    applied = begun.with_step(step, Progress.APPLIED, NOW, {"id": "d9"})
    journal.save(begun)
    journal.save(applied)

    assert journal.load(entry.plan.id) == applied
    assert applied.made == {step.key: {"id": "d9"}}


def test_the_plans_of_an_api_come_newest_first(journal: Journal) -> None:
    old = created(journal, id="gwp-1", made_at=NOW)
    new = created(journal, id="gwp-2", made_at=later(1))
    created(journal, id="gwp-3", api=replace(API, api_id="zzzzzzzzzz"))

    assert list(journal.plans_of(API)) == [new, old]


def test_plans_that_are_going_on_are_known(journal: Journal) -> None:
    entry = created(journal)
    assert list(journal.going_on()) == []
    applying = entry.now_in(State.APPLYING, "applying", NOW)
    journal.save(applying)
    assert list(journal.going_on()) == [entry.plan.id]
    journal.save(applying.now_in(State.DONE, "verified", NOW))
    assert list(journal.going_on()) == []


def test_one_plan_holds_an_api(journal: Journal) -> None:
    lease = journal.acquire(API, "gwp-1", now=NOW, until=UNTIL)

    assert lease is not None
    assert journal.holder(API) == "gwp-1"
    assert journal.acquire(API, "gwp-2", now=NOW, until=UNTIL) is None
    assert journal.acquire(replace(API, api_id="other"), "gwp-2", now=NOW, until=UNTIL)
    journal.release(lease)
    assert journal.holder(API) is None
    assert journal.acquire(API, "gwp-2", now=NOW, until=UNTIL)


def test_an_old_lease_does_not_pass_to_another_plan_but_to_the_same_one(journal: Journal) -> None:
    old = journal.acquire(API, "gwp-1", now=NOW, until=UNTIL)
    after = UNTIL + timedelta(seconds=1)

    assert old is not None
    assert journal.acquire(API, "gwp-2", now=after, until=later(900)) is None
    new = journal.acquire(API, "gwp-1", now=after, until=later(900))
    assert new is not None
    assert new.token > old.token


def test_whoever_lost_the_lease_can_neither_write_nor_renew(journal: Journal) -> None:
    entry = created(journal, id="gwp-1")
    old = journal.acquire(API, "gwp-1", now=NOW, until=UNTIL)
    journal.acquire(API, "gwp-1", now=UNTIL, until=later(900))
    assert old is not None

    with pytest.raises(Conflict):
        journal.save(entry.now_in(State.APPLYING, "late", NOW), old)
    with pytest.raises(Conflict):
        journal.renew(old, until=later(900))
    journal.release(old)
    assert journal.holder(API) == "gwp-1"
    assert journal.load("gwp-1") == entry


def test_a_paused_lease_stays_with_its_plan(journal: Journal) -> None:
    lease = journal.acquire(API, "gwp-1", now=NOW, until=UNTIL)
    assert lease is not None
    journal.pause(lease)

    assert journal.acquire(API, "gwp-2", now=NOW, until=UNTIL) is None
    assert journal.acquire(API, "gwp-1", now=NOW, until=UNTIL) is not None


def test_the_circuit_breaker_counts_an_hour_back(journal: Journal) -> None:
    def take(seconds: float, scope: str = "123/us-east-1") -> bool:
        return journal.take_slot(scope, limit=2, now=later(seconds))

    assert [take(0), take(1800), take(1801)] == [True, True, False]
    assert take(1801, "another account")
    assert [take(3601), take(3602)] == [True, False]


def test_at_once_no_more_get_through_than_are_allowed() -> None:
    journal = MemoryJournal()
    takes: Callable[[int], bool] = lambda _: journal.take_slot("a", limit=3, now=NOW)  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(takes, range(40))) == 3
