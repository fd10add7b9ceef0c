"""One contract, three caches of exports: memory, a folder, and DynamoDB as moto has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
from tests.builders import API, configuration, policy, route
from tests.contract.tables import TABLE, findings_table
from tests.fakes import FakeClock

from monitor.model.api import Authorizer, AuthorizerKind, Configuration
from monitor.model.kept_export import KeptExport
from monitor.ports import ExportCache
from monitor.stores.dynamodb import PART_BYTES, DynamoDbExports
from monitor.stores.files import FileExports
from monitor.stores.memory import MemoryExports


@dataclass
class Held:
    """A cache, and a way to spoil the bytes that it holds."""

    cache: ExportCache
    spoil: Callable[[], None]


@pytest.fixture(params=["memory", "files", "dynamodb"])
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Held]:
    if request.param == "memory":
        memory = MemoryExports()
        sealed = memory._sealed

        def spoil_memory() -> None:
            sealed.update({key: _flipped(value) for key, value in sealed.items()})

        yield Held(memory, spoil_memory)
        return
    if request.param == "files":

        def spoil_files() -> None:
            for path in tmp_path.rglob("exports/*"):
                path.write_bytes(_flipped(path.read_bytes()))

        yield Held(FileExports(tmp_path), spoil_files)
        return
    with findings_table() as client:

        def spoil_items() -> None:
            for item in client.scan(TableName=TABLE)["Items"]:
                item["document"]["B"] = _flipped(item["document"]["B"])
                client.put_item(TableName=TABLE, Item=item)

        yield Held(DynamoDbExports(client, TABLE, FakeClock()), spoil_items)


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def kept(served: Configuration | None = None) -> KeptExport:
    return KeptExport(
        configuration=served or configuration(policy_text='{"Statement": []}'),
        seen=(policy(None), policy('{"Statement": []}')),
        policy_is_deployed=True,
        stage_version="prod 2026-11-22",
        reading=1,
    )


def test_nothing_is_kept_at_first(held: Held) -> None:
    assert held.cache.get(API, "d1") is None


def test_what_was_put_comes_back_whole(held: Held) -> None:
    guard = Authorizer(
        authorizer_id="au1",
        kind=AuthorizerKind.REQUEST,
        identity_sources=("method.request.header.X",),
        cache_ttl_seconds=0,
    )
    served = replace(
        configuration(route(authorization=None), route("ANY /{proxy+}", scopes=("a", "b"))),
        authorizers={"au1": guard},
    )
    held.cache.put(API, "d1", kept(served))

    assert held.cache.get(API, "d1") == kept(served)


def test_deployments_apis_and_regions_are_kept_apart(held: Held) -> None:
    held.cache.put(API, "d1", kept())

    assert held.cache.get(API, "d2") is None
    for other in ({"api_id": "zzzzzzzzzz"}, {"region": "eu-west-1"}, {"account_id": "2" * 12}):
        assert held.cache.get(replace(API, **other), "d1") is None


def test_the_last_put_stands(held: Held) -> None:
    held.cache.put(API, "d1", kept())
    held.cache.put(API, "d1", replace(kept(), is_confirmed=True))

    assert held.cache.get(API, "d1") == replace(kept(), is_confirmed=True)


def test_a_damaged_entry_is_nothing(held: Held) -> None:
    held.cache.put(API, "d1", kept())
    held.spoil()

    assert held.cache.get(API, "d1") is None
    held.cache.put(API, "d1", kept())
    assert held.cache.get(API, "d1") == kept()


def test_an_export_larger_than_an_item_still_fits(held: Held) -> None:
    random = Random(7)  # incompressible, so that the packed form is large as well
    large = kept(
        configuration(*(route(f"GET /{random.randbytes(400).hex()}") for _ in range(2500)))
    )
    assert 2 * PART_BYTES < 2500 * 400
    held.cache.put(API, "d1", large)

    assert held.cache.get(API, "d1") == large
    held.spoil()
    assert held.cache.get(API, "d1") is None


def test_a_name_from_outside_stays_in_the_folder(tmp_path: Path) -> None:
    cache = FileExports(tmp_path / "state")
    cache.put(replace(API, api_id="../../../../up"), "..", kept())

    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    assert cache.get(replace(API, api_id="../../../../up"), "..") == kept()
