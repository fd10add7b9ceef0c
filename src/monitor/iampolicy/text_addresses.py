"""Which addresses a text pattern matches, where a policy compares an address as text."""

from __future__ import annotations

from functools import lru_cache

from monitor.iampolicy.glob import Pattern, Wild, plain_text
from monitor.model.addresses import V4, V6, AddressSet, Span, position

_OCTETS = tuple(str(value) for value in range(256))
_LEVELS = 4
_MOST_SPANS = 256
_MOST_PLACES = 32

_NONE = AddressSet(())


class _TooManyError(Exception):
    """The pattern picks out so many scattered addresses that listing them is pointless."""


@lru_cache(maxsize=256)
def addresses_matching(pattern: Pattern) -> tuple[AddressSet, AddressSet]:
    """The addresses whose text surely matches the pattern, and those whose text may.

    IPv4 is written one way. How IPv6 is written is not documented, so that only a pattern of
    nothing but stars, one without wildcards, or one that holds a dot is sure.
    """
    if all(token is Wild.ANY_MANY for token in pattern):
        return (V4 | V6, V4 | V6) if pattern else (_NONE, _NONE)
    if not any(isinstance(token, Wild) for token in pattern):
        place = position(plain_text(pattern))
        exact = _NONE if place is None else AddressSet(((place, place + 1),))
        return exact, exact
    maybe_v6 = _NONE if "." in pattern else V6
    try:
        v4 = AddressSet.of(_spans(pattern))
    except _TooManyError:
        return _NONE, V4 | maybe_v6
    return v4, v4 | maybe_v6


def _spans(pattern: Pattern) -> tuple[Span, ...]:
    walker = _Walker(pattern)
    return walker.spans(walker.closure(frozenset({0})), 0)


class _Walker:
    """Reads the pattern octet by octet, as a set of places in it; every set is looked into once."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.known: dict[tuple[frozenset[int], int], tuple[Span, ...]] = {}

    def closure(self, places: frozenset[int]) -> frozenset[int]:
        result = set(places)
        for place in places:
            at = place
            while at < len(self.pattern) and self.pattern[at] is Wild.ANY_MANY:
                at += 1
                result.add(at)
        return frozenset(result)

    def _read(self, places: frozenset[int], text: str) -> frozenset[int]:
        for char in text:
            after = set()
            for place in places:
                token = self.pattern[place] if place < len(self.pattern) else None
                if token is Wild.ANY_MANY:
                    after.add(place)
                elif token is Wild.ANY_ONE or token == char:
                    after.add(place + 1)
            places = self.closure(frozenset(after))
        return places

    def spans(self, places: frozenset[int], level: int) -> tuple[Span, ...]:
        """Relative to the first address that has the octets read so far."""
        known = self.known.get((places, level))
        if known is None:
            if len(self.known) > _MOST_PLACES:
                raise _TooManyError
            known = self.known[places, level] = tuple(self._spans(places, level))
        return known

    def _spans(self, places: frozenset[int], level: int) -> tuple[Span, ...]:
        size = 1 << (8 * (_LEVELS - level))
        last = len(self.pattern) - 1
        if level and last in places and self.pattern[last] is Wild.ANY_MANY:
            return ((0, size),)
        if level == _LEVELS:
            return ((0, 1),) if len(self.pattern) in places else ()
        result: list[Span] = []
        for value, text in enumerate(_OCTETS if places else ()):
            after = self._read(places, text if level == _LEVELS - 1 else text + ".")
            start = value * (size >> 8)
            result += ((start + low, start + high) for low, high in self.spans(after, level + 1))
            if len(result) > _MOST_SPANS:
                raise _TooManyError
        return AddressSet.of(result).spans
