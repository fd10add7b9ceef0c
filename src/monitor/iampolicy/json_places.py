"""Where in a JSON text a value stands."""

from __future__ import annotations

import json
import re

Step = str | int

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(strict=False)


def line_and_column(text: str, place: tuple[Step, ...]) -> tuple[int, int]:
    """The line and column, from 1, of the value at a place of a well-formed text; of the innermost
    value that exists on the way where the place does not."""
    at = _after_space(text, 0)
    for step in place:
        inner = _member(text, at, step) if isinstance(step, str) else _item(text, at, step)
        if inner is None:
            break
        at = inner
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _skip(text: str, at: int) -> int:
    """Past a value and the space behind it."""
    _, end = _DECODER.raw_decode(text, at)
    return _after_space(text, end)


def _member(text: str, at: int, key: str) -> int | None:
    """The last member of that name, which is the one that counts."""
    if text[at : at + 1] != "{":
        return None
    found = None
    at = _after_space(text, at + 1)
    while text[at : at + 1] == '"':
        name, end = _DECODER.raw_decode(text, at)
        value = _after_space(text, _after_space(text, end) + 1)
        found = value if name == key else found
        at = _next(text, _skip(text, value))
    return found


def _item(text: str, at: int, index: int) -> int | None:
    if text[at : at + 1] != "[":
        return None
    at = _after_space(text, at + 1)
    for _ in range(index):
        at = _next(text, _skip(text, at))
    return at


def _next(text: str, at: int) -> int:
    return _after_space(text, at + 1) if text[at : at + 1] == "," else at
