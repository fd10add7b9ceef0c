"""Where "a few networks" ends and "the internet" begins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from monitor.model.access import Scope
from monitor.model.addresses import ROUTABLE, V4, V6, AddressSet

_V6_BITS = 128
_ROUTABLE_V4, _ROUTABLE_V6 = ROUTABLE & V4, ROUTABLE & V6


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """More than `ipv4_addresses` routable addresses, or an IPv6 block shorter than
    `ipv6_prefix`, are public. As many missing from a whole family are an exception to it."""

    ipv4_addresses: int = 1 << 24
    ipv6_prefix: int = 32

    def scope_of(self, addresses: AddressSet) -> Scope:
        """The scope of callers whom only their address restricts."""
        return _scope_of(self, addresses)


@lru_cache(maxsize=1024)
def _scope_of(limits: Thresholds, addresses: AddressSet) -> Scope:
    if not addresses:
        return Scope.NOBODY
    v4, v6 = addresses & V4, addresses & V6
    if V4 in (v4, addresses) or V6 in (v6, addresses):
        return Scope.INTERNET
    v4, v6 = v4 & ROUTABLE, v6 & ROUTABLE
    narrow_v6 = 1 << (_V6_BITS - limits.ipv6_prefix)
    if (_ROUTABLE_V4 - v4).size <= limits.ipv4_addresses or (_ROUTABLE_V6 - v6).size <= narrow_v6:
        return Scope.INTERNET_EXCEPT_CIDRS
    if v4.size > limits.ipv4_addresses or any(end - start > narrow_v6 for start, end in v6.spans):
        return Scope.BROAD_CIDR
    return Scope.CIDRS
