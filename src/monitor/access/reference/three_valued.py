"""Kleene's three values: True, False, and None for unknown."""

from __future__ import annotations

from collections.abc import Iterable

Tri = bool | None


def all_of(values: Iterable[Tri]) -> Tri:
    found: Tri = True
    for value in values:
        if value is False:
            return False
        if value is None:
            found = None
    return found


def any_of(values: Iterable[Tri]) -> Tri:
    found: Tri = False
    for value in values:
        if value is True:
            return True
        if value is None:
            found = None
    return found


def negation(value: Tri) -> Tri:
    return None if value is None else not value


def agreed(values: Iterable[Tri]) -> Tri:
    """What every reading says; unknown where they differ, or where there is none."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None
