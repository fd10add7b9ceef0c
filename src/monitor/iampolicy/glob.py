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
    """Whether some text matches both: the places in the second at which a text may be that the
    first matches so far, as bits, token by token."""
    letters, single, stars = _places(other)
    end = 1 << len(other)
    at = _past_stars(1, stars)
    for token in one:
        if token is Wild.ANY_MANY:
            # With the right letters every later place can be reached.
            at = (2 * end - 1) & -(at & -at)
        elif token is Wild.ANY_ONE:
            at = (at & ~stars & (end - 1)) << 1 | at & stars
        else:
            at = (at & (letters.get(token, 0) | single)) << 1 | at & stars
        at = _past_stars(at, stars)
        if not at:
            return False
    return bool(at & end)


@lru_cache(maxsize=4096)
def _places(pattern: Pattern) -> tuple[dict[Token, int], int, int]:
    """Where each letter stands, where `?` and where `*`."""
    found: dict[Token, int] = {}
    for place, token in enumerate(pattern):
        found[token] = found.get(token, 0) | 1 << place
    return found, found.get(Wild.ANY_ONE, 0), found.get(Wild.ANY_MANY, 0)


def _past_stars(at: int, stars: int) -> int:
    """With the places behind stars, which may stand for nothing."""
    while (further := at | (at & stars) << 1) != at:
        at = further
    return at
