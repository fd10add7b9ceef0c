"""Where "a few networks" ends and "the internet" begins."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.access import Scope
from monitor.model.addresses import ROUTABLE, V4, V6, AddressSet

_V6_BITS = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """More than `ipv4_addresses` routable addresses, or an IPv6 block shorter than
    `ipv6_prefix`, are public. As many missing from a whole family are an exception to it."""

    ipv4_addresses: int = 1 << 24
    ipv6_prefix: int = 32

    def scope_of(self, addresses: AddressSet) -> Scope:
        """The scope of callers whom only their address restricts."""
        if not addresses:
            return Scope.NOBODY
        if V4.spans[0] in (addresses & V4).spans or V6.spans[0] in (addresses & V6).spans:
            return Scope.INTERNET
        routable = addresses & ROUTABLE
        if self._nearly_all(routable):
            return Scope.INTERNET_EXCEPT_CIDRS
        if (routable & V4).size > self.ipv4_addresses or self._wide_v6(routable):
            return Scope.BROAD_CIDR
        return Scope.CIDRS

    def _nearly_all(self, routable: AddressSet) -> bool:
        missing_v4 = ((ROUTABLE & V4) - routable).size
        missing_v6 = ((ROUTABLE & V6) - routable).size
        few_v6 = 1 << (_V6_BITS - self.ipv6_prefix)
        return missing_v4 <= self.ipv4_addresses or missing_v6 <= few_v6

    def _wide_v6(self, routable: AddressSet) -> bool:
        narrow = 1 << (_V6_BITS - self.ipv6_prefix)
        return any(end - start > narrow for start, end in (routable & V6).spans)
