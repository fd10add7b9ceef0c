"""What is wrong with a file, said so that it can be mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from monitor.orgpolicy.places import Location, position, written

Schema = Mapping[str, Any]
"""A JSON Schema, or a part of one."""

_MOST_NAMED = 8
_LONGEST = 100
_LIKENESS = 0.55


@dataclass(frozen=True, slots=True)
class Mistake:
    """`location`: the way into the document, to the key or value that is wrong."""

    location: tuple[int | str, ...]
    message: str


def told(document: Any, mistakes: Iterable[Mistake]) -> list[str]:
    """`line:column: what is wrong`, each once, in the order of the file."""
    lines = {
        (*position(document, one.location), _where(written(document, one.location)) + one.message)
        for one in mistakes
    }
    return [f"{line}:{column}: {message}" for line, column, message in sorted(lines)]


def suggestion(word: object, known: Iterable[str]) -> str:
    """`; did you mean ...?`, or what there is, if that is little."""
    options = sorted(set(known))
    close = get_close_matches(str(word)[:_LONGEST], options, n=1, cutoff=_LIKENESS)
    if close:
        return f"; did you mean `{close[0]}`?"
    if len(options) < 2:
        return f"; there is only {listed(options)}" if options else "; there is none"
    return f"; there are {listed(options)}" if len(options) <= _MOST_NAMED else ""


def listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def shape_mistakes(document: Any, error: ValidationError, schema: Schema) -> Iterator[Mistake]:
    """What pydantic found: keys, types, forms. `schema`: the JSON Schema of the model."""
    found = error.errors(include_url=False)
    meant = {
        (*location[:-1], close[0])
        for one in found
        if one["type"] == "extra_forbidden"
        for location in [written(document, one["loc"])]
        for close in [get_close_matches(str(location[-1]), _keys_at(schema, location[:-1]), n=1)]
        if close
    }
    for one in found:
        location = written(document, one["loc"])
        # Who misspelt a key did not forget it, and what has faulty entries is not empty.
        told_already = (one["type"] == "missing" and location in meant) or (
            one["type"] == "too_short" and one["input"]
        )
        if not told_already:
            yield Mistake(location, _message(location, one, schema))


def _message(location: tuple[int | str, ...], problem: Any, schema: Schema) -> str:
    kind, found = problem["type"], problem.get("input")
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {_shown(found)}"
    if kind in _SAID:
        return _SAID[kind].format(**problem.get("ctx", {}))
    match kind:
        case "extra_forbidden":
            return _unknown_key(location[-1], _keys_at(schema, location[:-1]))
        case "enum" | "literal_error":
            return _one_of(str(problem["ctx"]["expected"]), found)
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


_EXPECTED = {
    **dict.fromkeys(("model_type", "dict_type"), "a mapping"),
    **dict.fromkeys(("tuple_type", "list_type"), "a list"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "`true` or `false`"),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        "a date such as 2026-12-31",
    ),
    "string_type": "text",
}
_SAID = {
    "missing": "is missing",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "invalid_key": "keys must be text",
}


def _unknown_key(key: object, known: Sequence[str]) -> str:
    if key in known:
        return "cannot stand beside the others"
    return "unknown key" + suggestion(key, known)


def _one_of(expected: str, found: object) -> str:
    options = [word.strip("' ") for word in expected.replace(" or ", ", ").split(", ")]
    if found in options:
        return f"expected {listed(options)}, found the same in quotes: take them away"
    close = get_close_matches(str(found), options, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    return f"expected {listed(options)}, found {_shown(found)}{hint}"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text[:_LONGEST]}`"


def _where(location: Location) -> str:
    shown = ""
    for part in location:
        text = str(part)[:_LONGEST]
        shown += f"[{text}]" if isinstance(part, int) else f".{text}" if shown else text
    return f"`{shown}`: " if shown else ""


def unknown_keys(document: Any, schema: Schema, start: Location = ()) -> Iterator[Mistake]:
    """Keys that no model has, where the model itself would pass them over."""
    node = document
    for part in start:
        node = node[part]
    yield from _unknown(node, tuple(start), [schema], schema)


def _unknown(
    node: Any, location: tuple[int | str, ...], nodes: Sequence[Schema], schema: Schema
) -> Iterator[Mistake]:
    nodes = [one for each in nodes for one in _alternatives(each, schema)]
    known = [key for one in nodes for key in one.get("properties", {})]
    if isinstance(node, dict):
        for key, value in node.items():
            if known and key not in known:
                yield Mistake((*location, key), "unknown key" + suggestion(key, known))
            inside = [deeper for one in nodes for deeper in _inside(one, key, schema)]
            yield from _unknown(value, (*location, key), inside, schema)
    elif isinstance(node, list):
        inside = [deeper for one in nodes for deeper in _inside(one, 0, schema)]
        for index, value in enumerate(node):
            yield from _unknown(value, (*location, index), inside, schema)


def _keys_at(schema: Schema, location: Location) -> list[str]:
    """The keys that a mapping at this place of the file may have."""
    nodes = list(_alternatives(schema, schema))
    for part in location:
        nodes = [deeper for node in nodes for deeper in _inside(node, part, schema)]
    return [key for node in nodes for key in node.get("properties", {})]


def _alternatives(node: Schema, schema: Schema) -> Iterator[Schema]:
    if "$ref" in node:
        yield from _alternatives(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    for key in ("anyOf", "oneOf", "allOf"):
        for one in node.get(key, ()):
            yield from _alternatives(one, schema)
    yield node


def _inside(node: Schema, part: int | str, schema: Schema) -> Iterator[Schema]:
    if isinstance(part, int):
        found = node.get("items")
    else:
        found = node.get("properties", {}).get(part, node.get("additionalProperties"))
    if isinstance(found, dict):
        yield from _alternatives(found, schema)
