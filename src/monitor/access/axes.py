"""The axes along which callers differ, cut into cells by what the policies ask.

Within one cell no condition can tell two callers apart, so one representative stands for all. A
condition is then a pair of bit masks over the cells: where it is met, and where it may be met.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from monitor.access.circumstances import Mystery
from monitor.iampolicy.conditions import KeyValues, missing_key, wanted_patterns
from monitor.iampolicy.document import Condition, Version
from monitor.iampolicy.glob import Pattern, plain_text
from monitor.iampolicy.operators import Family, Operator, Test, parse_operator
from monitor.iampolicy.principals import Identity
from monitor.iampolicy.text_addresses import addresses_matching
from monitor.iampolicy.three_valued import Truth
from monitor.iampolicy.values import BARE_V6_WIDE
from monitor.iampolicy.variables import Lookup, Unresolved
from monitor.model.addresses import AddressSet, Span, cidr_span, position

CellValue = KeyValues | Mystery
Evaluate = Callable[[CellValue], Truth]


@dataclass(frozen=True, slots=True)
class Masks:
    """Cells where a test is surely passed, and cells where it may be (the former included)."""

    yes: int
    maybe: int

    def __and__(self, other: Masks) -> Masks:
        return Masks(self.yes & other.yes, self.maybe & other.maybe)


class CellKind(StrEnum):
    """What a cell says about who or where its callers are, for the scope of the result."""

    PLAIN = "plain"
    ANONYMOUS = "anonymous"
    STRANGER = "stranger"
    NAMED = "named"
    OWN = "own"
    NO_ORGANIZATION = "no organization"
    OTHER_ORGANIZATION = "another organization"
    NAMED_ORGANIZATION = "named organization"
    NAMED_VPCE = "named VPC endpoint"
    NAMED_VPC = "named VPC"
    ANY_VPCE = "any VPC endpoint"


@dataclass(frozen=True, slots=True)
class Cell:
    """Callers whom no condition tells apart; `values` holds a representative's value per key.

    `exact`: the representative is the only one.
    """

    values: Mapping[str, CellValue] = field(default_factory=dict)
    kind: CellKind = CellKind.PLAIN
    identity: Identity | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class CellAxis:
    """`named`: the names that policies use, where the axis tells them from all others."""

    cells: tuple[Cell, ...]
    named: frozenset[str] = frozenset()

    @property
    def full(self) -> int:
        return (1 << len(self.cells)) - 1

    def masks(self, key: str, evaluate: Evaluate) -> Masks:
        return self.masks_of(lambda cell: evaluate(cell.values.get(key, Mystery.UNKNOWN)))

    def masks_of(self, test: Callable[[Cell], Truth]) -> Masks:
        yes = maybe = 0
        for index, cell in enumerate(self.cells):
            result = test(cell)
            yes |= (result is Truth.YES) << index
            maybe |= (result is not Truth.NO) << index
        return Masks(yes, maybe)

    def mask_where(self, test: Callable[[Cell], bool]) -> int:
        return sum(1 << index for index, cell in enumerate(self.cells) if test(cell))

    def mask_of_kinds(self, kinds: Iterable[CellKind]) -> int:
        wanted = frozenset(kinds)
        return self.mask_where(lambda cell: cell.kind in wanted)

    def first(self, mask: int) -> Cell:
        return self.cells[(mask & -mask).bit_length() - 1]


@dataclass(frozen=True, slots=True)
class AddressAxis:
    """Addresses in spans between the borders that policies draw; bit 0 is "no address" where
    `may_be_absent`."""

    spans: tuple[Span, ...]
    may_be_absent: bool = False

    @classmethod
    def cut(
        cls, families: AddressSet, borders: Iterable[int], *, may_be_absent: bool = False
    ) -> AddressAxis:
        edges = sorted(set(borders))
        spans: list[Span] = []
        for start, end in families.spans:
            inner = edges[bisect_left(edges, start + 1) : bisect_left(edges, end)]
            points = [start, *inner, end]
            spans += pairwise(points)
        return cls(tuple(spans), may_be_absent)

    @property
    def full(self) -> int:
        return (1 << (len(self.spans) + self.may_be_absent)) - 1

    def mask(self, addresses: AddressSet) -> int:
        """The cells that lie in the set, whose borders are borders of the axis."""
        result = 0
        starts = self.spans
        for start, end in addresses.spans:
            low = bisect_left(starts, (start, start))
            high = bisect_left(starts, (end, end))
            result |= (1 << high) - (1 << low)
        return result << self.may_be_absent

    def addresses(self, mask: int) -> AddressSet:
        bits = mask >> self.may_be_absent
        return AddressSet.of(span for index, span in enumerate(self.spans) if bits >> index & 1)

    def holds_absent(self, mask: int) -> bool:
        return self.may_be_absent and bool(mask & 1)


Axis = CellAxis | AddressAxis


@dataclass(frozen=True, slots=True)
class AddressTest:
    """A condition on an address key: the addresses that pass it and those that may."""

    yes: AddressSet
    maybe: AddressSet
    absent: Truth


def address_test(condition: Condition, *, version: Version, lookup: Lookup) -> AddressTest:
    """Evaluate a condition on an address key for all addresses at once."""
    operator = parse_operator(condition.operator)
    if operator is None:
        return AddressTest(AddressSet(()), _ALL, Truth.UNKNOWN)
    if operator.family is Family.NULL:
        return _null_test(condition)
    if operator.family is Family.IP:
        found = [_block(term.text) for term in condition.values]
    else:
        wanted = wanted_patterns(condition, operator, version, lookup)
        found = [_addresses(operator, one) for one in wanted]
    yes = AddressSet.of(span for surely, _ in found for span in surely.spans)
    doubtful = AddressSet.of(span for _, possibly in found for span in possibly.spans)
    maybe = _ALL if condition.problems else doubtful
    if operator.negated:
        yes, maybe = maybe.complement(), yes.complement()
    return AddressTest(yes, maybe, missing_key(operator))


_ALL = AddressSet(()).complement()
_NONE = AddressSet(())


def _null_test(condition: Condition) -> AddressTest:
    wanted = {term.text.lower() for term in condition.values}
    unclear = bool(condition.problems) or not wanted <= {"true", "false"}
    present = "false" in wanted
    absent = Truth.YES if "true" in wanted else Truth.UNKNOWN if unclear else Truth.NO
    return AddressTest(_ALL if present else _NONE, _ALL if present or unclear else _NONE, absent)


def _addresses(operator: Operator, wanted: Pattern | Unresolved) -> tuple[AddressSet, AddressSet]:
    """The addresses that pass a positive test against one value, and those that may."""
    if wanted is Unresolved.MISSING:
        return _NONE, _ALL if operator.negated else _NONE
    if isinstance(wanted, Unresolved):
        return _NONE, _ALL
    if operator.family is Family.STRING:
        if operator.test is Test.LIKE:
            return addresses_matching(wanted)
        place = position(plain_text(wanted))
        exact = AddressSet(()) if place is None else AddressSet(((place, place + 1),))
        return exact, exact
    # An address is no ARN and no truth value; what numbers and dates make of it nobody says.
    never = operator.family in (Family.ARN, Family.BOOL)
    return _NONE, _NONE if never else _ALL


@lru_cache(maxsize=4096)
def _block(text: str) -> tuple[AddressSet, AddressSet]:
    sure, possible = cidr_span(text), cidr_span(text, BARE_V6_WIDE)
    if sure is None or possible is None:
        return _NONE, _ALL
    return AddressSet((sure,)), AddressSet((possible,))
