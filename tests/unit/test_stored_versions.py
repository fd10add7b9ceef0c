"""How a stored document says its schema, and how an older one is brought up."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from pydantic import TypeAdapter, ValidationError

from monitor.stores.versions import Json, NewerSchema, Stored


@dataclass(frozen=True)
class Person:
    first: str
    last: str
    born: int | None = None


def split_name(document: Json) -> Json:
    first, _, last = document.pop("name").partition(" ")
    return {**document, "first": first, "last": last}


def year_from_date(document: Json) -> Json:
    date = document.pop("birthday", None)
    return {**document, "born": int(date[:4]) if date else None}


PEOPLE = Stored("person", TypeAdapter(Person), (split_name, year_from_date))
ADA = Person("Ada", "Lovelace", 1815)


def test_what_is_written_names_its_schema_and_is_read_again() -> None:
    text = PEOPLE.dump_json(ADA)

    assert json.loads(text)["schema"] == "gatewatch.person/3"
    assert PEOPLE.validate_json(text) == PEOPLE.validate_json(text.decode()) == ADA


@pytest.mark.parametrize(
    "old",
    [
        {"name": "Ada Lovelace", "birthday": "1815-12-10"},
        {"schema": "gatewatch.person/1", "name": "Ada Lovelace", "birthday": "1815-12-10"},
        {"schema": "gatewatch.person/2", "first": "Ada", "last": "Lovelace", "birthday": "1815-12"},
        {"first": "Ada", "last": "Lovelace", "born": 1815, "schema": "gatewatch.person/3"},
    ],
    ids=["unmarked", "first", "second", "present, its schema not in front"],
)
def test_every_older_schema_is_brought_up(old: Json) -> None:
    assert PEOPLE.validate_json(json.dumps(old)) == ADA


@pytest.mark.parametrize("schema", ["gatewatch.person/4", "gatewatch.dog/1", 3, ""])
def test_what_a_later_version_wrote_is_refused(schema: object) -> None:
    text = json.dumps({"schema": schema, "first": "Ada", "last": "Lovelace"})

    with pytest.raises(NewerSchema, match=r"gatewatch[.]person/3"):
        PEOPLE.validate_json(text)


@pytest.mark.parametrize("text", ["[]", "null", "{", "", '{"schema":"gatewatch.person/3"}'])
def test_what_is_no_such_document_is_a_value_error(text: str) -> None:
    with pytest.raises((ValueError, ValidationError)):
        PEOPLE.validate_json(text)
