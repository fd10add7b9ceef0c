"""Axes of text that the caller picks: headers, tags, session names, flags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from monitor.access.axes import Cell, CellAxis, CellKind
from monitor.access.circumstances import Mystery
from monitor.iampolicy.glob import Pattern, has_wildcard, plain_text
from monitor.iampolicy.operators import Family, Operator, Test
from monitor.iampolicy.values import arn_segments, instant, number
from monitor.iampolicy.words import (
    ANY,
    DIGIT,
    NOT_COLON,
    UPPER_ALNUM,
    Chain,
    ChainBuilder,
    Examples,
    chain,
    examples,
)

# Steps of the automata for one axis; past them the axis is opaque.
WORK = 30_000
_ARN_SEGMENTS = 6


@dataclass(frozen=True, slots=True)
class Want:
    """One value that a condition compares a key with."""

    operator: Operator
    pattern: Pattern


_AS_TEXT = frozenset({Family.STRING, Family.ARN, Family.BOOL})


def opaque_axis(key: str) -> CellAxis:
    """The caller may leave the key out, or give it any value: what then holds is unknown."""
    return CellAxis((_absent(key), Cell({key: Mystery.UNKNOWN})))


def _absent(key: str) -> Cell:
    return Cell({key: Mystery.ABSENT})


def free_text_axis(key: str, wants: Sequence[Want]) -> CellAxis:
    """A header or tag: left out, or any text."""
    families = {want.operator.family for want in wants}
    if families <= _AS_TEXT:
        texts = classes(tuple(map(text_chain, wants)), (ChainBuilder().some(ANY).build(),))
        values = None if texts is None else (*texts.values(), "")
    elif len(families) == 1:
        values = ordered_values(wants)
    else:
        values = None
    if values is None:
        return opaque_axis(key)
    return CellAxis((_absent(key), *(Cell({key: (value,)}) for value in values)))


def fixed_axis(key: str, values: Iterable[str]) -> CellAxis:
    """A key that is absent or has one of a few values."""
    return CellAxis((_absent(key), *(Cell({key: (value,)}) for value in values)))


def ordered_axis(key: str, wants: Sequence[Want]) -> CellAxis:
    """A number or date that the caller more or less picks."""
    values = ordered_values(wants)
    if values is None:
        return opaque_axis(key)
    return CellAxis((_absent(key), *(Cell({key: (value,)}) for value in values)))


def ordered_values(wants: Sequence[Want]) -> tuple[str, ...] | None:
    """A number or date from every stretch between those that are asked for; None if the values
    are of another family or malformed."""
    families = {want.operator.family for want in wants}
    if families == {Family.NUMERIC}:
        return _stretches([number(plain_text(want.pattern)) for want in wants], str)
    if families == {Family.DATE}:
        return _stretches([instant(plain_text(want.pattern)) for want in wants], _iso)
    return None


def _stretches(
    points: list[Decimal | None], show: Callable[[Decimal], str]
) -> tuple[str, ...] | None:
    known = sorted({point for point in points if point is not None})
    if len(known) == 0 or None in points:
        return None
    between = [(low + high) / 2 for low, high in pairwise(known)]
    return tuple(show(value) for value in (known[0] - 1, *known, *between, known[-1] + 1))


def _iso(seconds: Decimal) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat()


def text_chain(want: Want) -> Chain:
    """The texts that one value of a condition matches."""
    if want.operator.family is Family.ARN:
        return arn_chain(want.pattern)
    fold = want.operator.test is Test.EQUALS_IGNORE_CASE or want.operator.family is Family.BOOL
    return chain(want.pattern, fold=fold)


def arn_chain(pattern: Pattern) -> Chain:
    """Wildcards keep within the first five segments; the sixth is all the rest."""
    builder = ChainBuilder()
    for index, segment in enumerate(arn_segments(pattern)):
        builder.text(":" if index else "")
        builder.pattern(segment, NOT_COLON if index < _ARN_SEGMENTS - 1 else ANY)
    return builder.build()


def classes(patterns: tuple[Chain, ...], universe: tuple[Chain, ...]) -> dict[int, str] | None:
    """Which sets of patterns one text can match, each with an example; None if too entangled."""
    return counted_classes(patterns, universe).found


@lru_cache(maxsize=512)
def counted_classes(patterns: tuple[Chain, ...], universe: tuple[Chain, ...]) -> Examples:
    return examples(patterns, universe, most=WORK)


def user_id_axis(wants: Sequence[Want]) -> CellAxis:
    """aws:userid: an id that AWS assigns, and for a role session a name that the caller picks.

    Source: IAM user guide, "IAM policy elements: Variables and tags", table of principal values.
    """
    key = "aws:userid"
    if not {want.operator.family for want in wants} <= _AS_TEXT:
        return opaque_axis(key)
    assigned = tuple(sorted({head for want in wants for head in _assigned_ids(want.pattern)}))
    named = tuple(
        one
        for head in assigned
        for one in (chain(tuple(head)), ChainBuilder().text(head + ":").many(ANY).build())
    )
    patterns = (*map(text_chain, wants), *named)
    found = classes(patterns, (*_USER_IDS, *named))
    if found is None:
        return opaque_axis(key)
    mark = ((1 << len(named)) - 1) << len(wants)
    kinds = {True: CellKind.NAMED, False: CellKind.PLAIN}
    cells = [Cell({key: (text,)}, kinds[bool(bits & mark)]) for bits, text in found.items()]
    return CellAxis(tuple(cells))


def _assigned_ids(pattern: Pattern) -> Iterable[str]:
    end = pattern.index(":") if ":" in pattern else len(pattern)
    if not has_wildcard(pattern[:end]):
        yield plain_text(pattern[:end])


_USER_IDS = (
    ChainBuilder().text("AROA").some(UPPER_ALNUM).text(":").some(ANY).build(),
    ChainBuilder().text("AIDA").some(UPPER_ALNUM).build(),
    ChainBuilder().some(DIGIT).build(),
)
