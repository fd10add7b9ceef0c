"""Where in the file something stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

Location = Sequence[int | str]
"""Keys and indexes on the way into the document."""

MAX_DEPTH = 32
MAX_NODES = 50_000
"""Counted with every alias spelt out, as whoever reads the document does."""


def position(document: Any, location: Location) -> tuple[int, int]:
    """Line and column, from 1, of the deepest part of the location that stands in the file."""
    line, column, node = 0, 0, document
    for part in location:
        if not _stands_in(node, part):
            continue
        # What came in through a merge key (`<<`) has no place of its own.
        with suppress(KeyError, TypeError):
            found = node.lc.key if isinstance(node, CommentedMap) else node.lc.item
            line, column = found(part)
        node = node[part]
    return line + 1, column + 1


def written(document: Any, location: Location) -> tuple[int | str, ...]:
    """The location without what stands in no file, such as the kinds of an expression."""
    kept: list[int | str] = []
    node = document
    for index, part in enumerate(location):
        if _stands_in(node, part):
            node = node[part]
        elif index + 1 < len(location) or not isinstance(part, str) or part[:1] in ("=", "["):
            continue
        kept.append(part)
    return tuple(kept)


def _stands_in(node: Any, part: int | str) -> bool:
    if isinstance(node, CommentedMap):
        return part in node
    return isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node)


def is_too_large(document: Any) -> bool:
    """Whether it is deeper than MAX_DEPTH or has more than MAX_NODES parts."""
    return any(
        depth > MAX_DEPTH or counted > MAX_NODES
        for counted, depth in enumerate(_depths(document, 0))
    )


def _depths(node: Any, depth: int) -> Iterator[int]:
    yield depth
    if isinstance(node, dict):
        for value in node.values():
            yield from _depths(value, depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _depths(value, depth + 1)
