"""Text with wildcards, once policy variables are resolved.

A pattern is a tuple of tokens: one character, `ANY_ONE` (`?`) or `ANY_MANY` (`*`). So a star that
stands for itself (`${*}`) and a wildcard are different things.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache


class Wild(Enum):
    ANY_ONE = "?"
    ANY_MANY = "*"


Token = str | Wild
Pattern = tuple[Token, ...]


@lru_cache(maxsize=4096)
def glob(text: str) -> Pattern:
    """`*` and `?` as wildcards, everything else as itself."""
    return tuple(
        Wild.ANY_MANY if char == "*" else Wild.ANY_ONE if char == "?" else char for char in text
    )


def literal(text: str) -> Pattern:
    return tuple(text)


def has_wildcard(pattern: Pattern) -> bool:
    return any(isinstance(token, Wild) for token in pattern)


def plain_text(pattern: Pattern) -> str:
    """The pattern as text; a wildcard as it is written."""
    return "".join(token.value if isinstance(token, Wild) else token for token in pattern)


def matches(pattern: Pattern, text: str) -> bool:
    """Whether the whole text matches, in time proportional to pattern times text."""
    if not has_wildcard(pattern):
        return plain_text(pattern) == text
    state = last_star = -1
    at = index = 0
    # The usual greedy walk: on a mismatch, let the last star take one character more.
    while index < len(text):
        token = pattern[at] if at < len(pattern) else None
        if token is Wild.ANY_MANY:
            last_star, state = at, index
            at += 1
        elif token is Wild.ANY_ONE or token == text[index]:
            at += 1
            index += 1
        elif last_star >= 0:
            state += 1
            at, index = last_star + 1, state
        else:
            return False
    return all(token is Wild.ANY_MANY for token in pattern[at:])


def overlap(one: Pattern, other: Pattern) -> bool:
    """Whether some text matches both, in time proportional to the one times the other."""
    row = _starts(other)
    for token in one:
        row = _after(token, row, other)
        if not any(row):
            return False
    return row[len(other)]


def _starts(other: Pattern) -> list[bool]:
    """Which beginnings of the other pattern match nothing at all."""
    row = [True]
    for token in other:
        row.append(row[-1] and token is Wild.ANY_MANY)
    return row


def _after(token: Token, before: list[bool], other: Pattern) -> list[bool]:
    """Which beginnings of the other may match what the first matches up to and with the token."""
    many = token is Wild.ANY_MANY
    row = [before[0] and many]
    for place, theirs in enumerate(other):
        if many or theirs is Wild.ANY_MANY:
            met = before[place + 1] or row[place]
        else:
            met = before[place] and _same(token, theirs)
        row.append(met)
    return row


def _same(one: Token, other: Token) -> bool:
    return one == other or isinstance(one, Wild) or isinstance(other, Wild)
