"""Sets of IP addresses of both families, exactly.

All addresses lie on one line: IPv4 first, IPv6 behind it. A set is a tuple of disjoint half-open
spans in ascending order, no two of which touch within a family.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

V4_END = 1 << 32
LINE_END = V4_END + (1 << 128)

Span = tuple[int, int]


@lru_cache(maxsize=4096)
def position(text: str) -> int | None:
    """Where an address lies on the line; None if the text is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return None if address.scope_id else V4_END + int(address)
    return int(address)


def address_at(place: int) -> str:
    if place < V4_END:
        return str(ipaddress.IPv4Address(place))
    return str(ipaddress.IPv6Address(place - V4_END))


@lru_cache(maxsize=4096)
def cidr_span(text: str, bare_v6_prefix: int = 128) -> Span | None:
    """The span of a CIDR block or one address; None if malformed. Host bits are ignored.

    What a bare IPv6 address stands for is not documented, hence `bare_v6_prefix`.
    Source: IAM user guide, "IP address condition operators".
    """
    address, slash, length = text.partition("/")
    start = position(address)
    if start is None or (slash and not (length.isascii() and length.isdigit())):
        return None
    bits, base = (32, 0) if start < V4_END else (128, V4_END)
    prefix = int(length) if slash else (32 if bits == 32 else bare_v6_prefix)
    if prefix > bits:
        return None
    size = 1 << (bits - prefix)
    first = (start - base) // size * size + base
    return first, first + size


@dataclass(frozen=True, slots=True)
class AddressSet:
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, spans: Iterable[Span]) -> AddressSet:
        return cls(tuple(_merged(sorted(spans))))

    @classmethod
    def of_cidrs(cls, cidrs: Iterable[str]) -> AddressSet:
        """The union of the blocks; texts that are no blocks are left out."""
        return cls.of(span for span in map(cidr_span, cidrs) if span is not None)

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, place: int) -> bool:
        return any(start <= place < end for start, end in self.spans)

    def __or__(self, other: AddressSet) -> AddressSet:
        return AddressSet.of((*self.spans, *other.spans))

    def __and__(self, other: AddressSet) -> AddressSet:
        return AddressSet(tuple(_common(self.spans, other.spans)))

    def __sub__(self, other: AddressSet) -> AddressSet:
        return self & other.complement()

    def complement(self) -> AddressSet:
        edges = [0, *(edge for span in self.spans for edge in span), LINE_END]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return AddressSet(tuple((start, end) for start, end in pairs if start < end))

    @property
    def size(self) -> int:
        return sum(end - start for start, end in self.spans)

    def cidrs(self) -> tuple[str, ...]:
        """The fewest blocks that make the set, in ascending order, IPv4 first."""
        return _all_blocks(self.spans)


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    current: Span | None = None
    for start, end in spans:
        if current is None:
            current = (start, end)
        elif start <= current[1]:
            current = (current[0], max(end, current[1]))
        else:
            yield current
            current = (start, end)
    if current is not None:
        yield current


def _common(left: tuple[Span, ...], right: tuple[Span, ...]) -> Iterator[Span]:
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            yield start, end
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1


@lru_cache(maxsize=256)
def _all_blocks(spans: tuple[Span, ...]) -> tuple[str, ...]:
    families = (AddressSet(spans) & V4, AddressSet(spans) & V6)
    return tuple(block for one in families for span in one.spans for block in _blocks(span))


def _blocks(span: Span) -> Iterator[str]:
    """The CIDR blocks of a span that lies in one family."""
    start, end = span
    base, bits = (0, 32) if start < V4_END else (V4_END, 128)
    while start < end:
        offset = start - base
        largest = offset & -offset if offset else 1 << bits
        size = min(largest, 1 << ((end - start).bit_length() - 1))
        yield f"{address_at(start)}/{bits - size.bit_length() + 1}"
        start += size


V4 = AddressSet(((0, V4_END),))
V6 = AddressSet(((V4_END, LINE_END),))
EVERYWHERE = AddressSet(((0, LINE_END),))
NOWHERE = AddressSet(())

# What no packet from the internet carries as its source. Source: IANA special-purpose registries.
_UNROUTABLE_V4 = AddressSet.of_cidrs(
    (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
ROUTABLE = (V4 - _UNROUTABLE_V4) | (
    AddressSet.of_cidrs(("2000::/3",)) - AddressSet.of_cidrs(("2001:db8::/32",))
)
