"""Who the organisation is and what it allows, as values: the org policy file, read and resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.model.addresses import AddressSet
from monitor.model.callers import CallerSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """The names that the org policy gives to accounts, networks and issuers.

    Every mapping goes from the policy's own name (`office`) to what AWS calls it. `user_pools` hold
    ARNs, `token_issuers` URLs, `authorizer_functions` ARNs without a qualifier.
    """

    organization_id: str | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)
    partners: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, AddressSet] = field(default_factory=dict)
    vpcs: Mapping[str, str] = field(default_factory=dict)
    vpc_endpoints: Mapping[str, str] = field(default_factory=dict)
    token_issuers: Mapping[str, str] = field(default_factory=dict)
    user_pools: Mapping[str, str] = field(default_factory=dict)
    authorizer_functions: Mapping[str, str] = field(default_factory=dict)

    @property
    def trusted_accounts(self) -> frozenset[str]:
        """Our own accounts and our partners'."""
        return frozenset((*self.accounts.values(), *self.partners.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The widest access that is allowed to a route.

    `allowed` None: everybody but the public, which is measured by the width of a scope and is no
    set of callers. `clause`: the words of the org policy, for the person who reads the alert.
    """

    class_name: str
    allowed: CallerSet | None
    clause: str
