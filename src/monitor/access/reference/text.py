"""Wildcards and policy variables in one text of a policy.

A text is turned into characters, each marked as a wildcard or not, because what a variable puts in
is literal: a user called `*` matches no other name.

Source: IAM user guide, "IAM policy elements: variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest

from monitor.access.reference.three_valued import Tri


@dataclass(frozen=True, slots=True)
class KeyValue:
    """What a request holds for one condition key. `values` None: it holds something unknown."""

    present: Tri
    values: tuple[str, ...] | None


ABSENT = KeyValue(False, ())
PRESENT = KeyValue(True, None)
ANYTHING = KeyValue(None, None)

Lookup = Callable[[str], KeyValue]


class Unresolved(Enum):
    """Why a text cannot be matched: a variable without a value, or one that nobody can tell."""

    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Character:
    char: str
    is_wildcard: bool = False


Characters = tuple[Character, ...]

_VARIABLE = re.compile(r"\$\{(?P<key>[^}',]*)(?:,\s*'(?P<default>[^']*)')?\s*\}")
_ESCAPES = {"*", "?", "$"}


def literal(text: str) -> Characters:
    return tuple(Character(char) for char in text)


def pattern(text: str) -> Characters:
    return tuple(Character(char, char in "*?") for char in text)


def resolve(text: str, lookup: Lookup, *, variables: bool) -> Characters | Unresolved:
    """The text with its variables filled in. `variables` False: version 2008-10-17, where `${...}`
    is literal text."""
    if not variables:
        return pattern(text)
    found: list[Character] = []
    position = 0
    for match in _VARIABLE.finditer(text):
        found.extend(pattern(text[position : match.start()]))
        value = _variable_value(match["key"].strip(), match["default"], lookup)
        if isinstance(value, Unresolved):
            return value
        found.extend(literal(value))
        position = match.end()
    rest = text[position:]
    # An opened variable that is not closed: AWS's pages say nothing.
    return Unresolved.UNKNOWN if "${" in rest else (*found, *pattern(rest))


def _variable_value(key: str, default: str | None, lookup: Lookup) -> str | Unresolved:
    if key in _ESCAPES:
        return key
    value = lookup(key)
    if value.present is False:
        return Unresolved.MISSING if default is None else default
    if value.present is None or value.values is None or len(value.values) != 1:
        return Unresolved.UNKNOWN
    return value.values[0]


def plain(characters: Characters) -> str:
    return "".join(character.char for character in characters)


def matches(characters: Characters, text: str, *, star: str = ".*", mark: str = ".") -> bool:
    """Whether the whole text fits; `star` and `mark` say what `*` and `?` stand for."""
    wildcards = {"*": star, "?": mark}
    expression = "".join(
        wildcards[character.char] if character.is_wildcard else re.escape(character.char)
        for character in characters
    )
    return re.fullmatch(expression, text, re.DOTALL) is not None


def matches_in_segments(characters: Characters, text: str) -> bool:
    """As `matches`, for ARNs: a wildcard stays within its colon-separated segment, unless it is a
    star that ends the segment. The sixth segment is the rest, colons and all."""
    expression = ""
    colons = 0
    for character, following in zip_longest(characters, characters[1:]):
        colons += character.char == ":"
        if not character.is_wildcard:
            expression += re.escape(character.char)
            continue
        ends_segment = character.char == "*" and (following is None or following.char == ":")
        expression += "." if ends_segment or colons >= 5 else "[^:]"
        expression += "*" if character.char == "*" else ""
    return re.fullmatch(expression, text, re.DOTALL) is not None
