"""JSON as policies come: possibly escaped once more, with keys that may occur twice.

The standard reader keeps the last of two equal keys, which can hide a statement; this one remembers
that there were two.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

# AWS takes resource policies of up to 8,192 characters; escaping can double them.
MAX_CHARACTERS = 262_144
# Escaped by GetRestApi, and perhaps once more by whoever stored the answer.
_MAX_LAYERS = 3


class JsonNumber(str):
    """A number as it was written, so that no digit is lost and no limit is met."""

    __slots__ = ()


class JsonObject(dict[str, object]):
    """An object that knows whether one of its keys occurs twice. `pairs` keeps them all."""

    def __init__(self, pairs: Iterable[tuple[str, object]] = ()) -> None:
        self.pairs = list(pairs)
        super().__init__(self.pairs)

    @property
    def duplicate(self) -> str | None:
        seen: set[str] = set()
        for key, _ in self.pairs:
            if key in seen:
                return key
            seen.add(key)
        return None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a text is not JSON. `code` is a value of `ProblemCode`; `line` and `column` from 1."""

    code: str
    detail: str
    line: int = 1
    column: int = 1


def parse_json(text: str, *, limit: int = MAX_CHARACTERS) -> object | Malformed:
    """Read JSON strictly: no NaN, bounded size and depth, numbers as written."""
    if len(text) > limit:
        return Malformed("too-large", f"{len(text)} characters")
    try:
        parsed: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = f"{error.msg} at line {error.lineno}, column {error.colno}"
        return Malformed("not-json", where, error.lineno, error.colno)
    except RecursionError:
        return Malformed("too-deep", "nested too deeply")
    except ValueError as error:
        return Malformed("not-json", str(error))
    return parsed


def parse_policy_text(text: str) -> object | Malformed:
    """Read a policy's text, plain or as GetRestApi returns it.

    API Gateway returns the policy as the inside of a JSON string: each quote and slash, and each
    backslash of the policy itself, is escaped once more. Reading it as such a string undoes exactly
    that; taking backslashes away would also take those that belong to the policy.
    """
    parsed = first = parse_json(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))
    for _ in range(_MAX_LAYERS):
        inner = _as_string_content(text) if isinstance(parsed, Malformed) else parsed
        if not isinstance(inner, str) or isinstance(inner, JsonNumber):
            break
        text = inner.strip()
        parsed = parse_json(text)
    return first if isinstance(parsed, Malformed) else parsed


def _as_string_content(text: str) -> str | None:
    if '\\"' not in text:
        return None
    try:
        content = _DECODER.decode(f'"{text.strip()}"')
    except ValueError:
        return None
    return content if isinstance(content, str) else None


def first_duplicate(root: object) -> str | None:
    """The place of a key that occurs twice in its object, anywhere."""
    pending: list[tuple[object, str]] = [(root, "")]
    while pending:
        value, place = pending.pop()
        if isinstance(value, JsonObject) and value.duplicate is not None:
            return _join(place, value.duplicate)
        pending.extend(_children(value, place))
    return None


def _children(value: object, place: str) -> Iterator[tuple[object, str]]:
    if isinstance(value, JsonObject):
        yield from ((inner, _join(place, key)) for key, inner in value.items())
    elif isinstance(value, list):
        yield from ((inner, f"{place}[{index}]") for index, inner in enumerate(value))


def _join(place: str, key: str) -> str:
    name = key[:128].encode(errors="replace").decode()
    return f"{place}.{name}" if place else name


def dump_json(value: object) -> str:
    """Write back what `parse_json` read, with keys that occur twice, numbers as written."""
    if isinstance(value, JsonObject):
        pairs = (f"{json.dumps(key)}: {dump_json(inner)}" for key, inner in value.pairs)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump_json, value)) + "]"
    return str(value) if isinstance(value, JsonNumber) else json.dumps(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=JsonObject,
    parse_int=JsonNumber,
    parse_float=JsonNumber,
    parse_constant=_refuse_constant,
    strict=False,
)
