"""Sets of callers: who gets in, exactly, and whether that is within what is allowed.

A set is a union of boxes. A box is a product: a network, addresses or VPC endpoints, principals,
and the credentials each of them must hold. What a caller picks freely (headers, paths, tags) is no
part of a box.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from monitor.model.addresses import EVERYWHERE, ROUTABLE, AddressSet, address_at


class CallerNetwork(StrEnum):
    INTERNET = "internet"
    VPC_ENDPOINT = "vpc-endpoint"


class Credential(StrEnum):
    """What a caller must hold besides an address; a signature is part of being a principal."""

    TOKEN = "token"  # noqa: S105 - a kind of credential
    API_KEY = "api-key"
    CLIENT_CERTIFICATE = "client-certificate"


@dataclass(frozen=True, slots=True)
class NameSet:
    """The names listed, or with `excluded` all the others."""

    names: frozenset[str] = frozenset()
    excluded: bool = True

    def __contains__(self, name: str) -> bool:
        return (name in self.names) is not self.excluded

    def __bool__(self) -> bool:
        return self.excluded or bool(self.names)

    def __and__(self, other: NameSet) -> NameSet:
        if self.excluded and other.excluded:
            return NameSet(self.names | other.names)
        if self.excluded:
            return NameSet(other.names - self.names, excluded=False)
        return NameSet(
            self.names - other.names if other.excluded else self.names & other.names, excluded=False
        )

    def __sub__(self, other: NameSet) -> NameSet:
        return self & NameSet(other.names, excluded=not other.excluded)


ANY_NAME = NameSet()


def only(*names: str) -> NameSet:
    return NameSet(frozenset(names), excluded=False)


class PrincipalKind(StrEnum):
    """`ANYONE` describes what is allowed; a caller is anonymous or has signed."""

    ANYONE = "anyone"
    ANONYMOUS = "anonymous"
    SIGNED = "signed"


_NARROWNESS = (PrincipalKind.ANYONE, PrincipalKind.ANONYMOUS, PrincipalKind.SIGNED)
OTHERS = "(others)"


@dataclass(frozen=True, slots=True)
class CallerPrincipal:
    """A class of principals: an account, one principal of it, the organization they belong to.

    `OTHERS` stands for all that the policies do not name; None, in what is allowed, for any.
    """

    kind: PrincipalKind
    account: str | None = None
    arn: str | None = None
    organization: str | None = None

    def covers(self, other: CallerPrincipal) -> bool:
        """Whether all of the other are among these; what is not stated here does not matter. Who
        need not sign may sign."""
        if self.kind is PrincipalKind.SIGNED and other.kind is not PrincipalKind.SIGNED:
            return False
        return (
            self.account in (None, other.account)
            and self.arn in (None, other.arn)
            and self.organization in (None, other.organization)
        )

    def meet(self, other: CallerPrincipal) -> CallerPrincipal | None:
        """Those who are of both classes; None if nobody can be."""
        narrower = max(self.kind, other.kind, key=_NARROWNESS.index)
        names: list[str | None] = []
        for mine, theirs in (
            (self.account, other.account),
            (self.arn, other.arn),
            (self.organization, other.organization),
        ):
            if mine is not None and theirs is not None and mine != theirs:
                return None
            names.append(theirs if mine is None else mine)
        return CallerPrincipal(narrower, *names)


ANONYMOUS = CallerPrincipal(PrincipalKind.ANONYMOUS)
ANYONE = CallerPrincipal(PrincipalKind.ANYONE)


_AXES = ("addresses", "vpcs", "endpoints", "token_issuers")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerBox:
    """Callers who share a network and hold all of `credentials`.

    `addresses` speaks of the internet, `vpcs` and `endpoints` of VPC endpoints, `token_issuers` of
    those who must hold a token: who issues it (`issuer_of_pool`), or the ARN of the function that
    decides (`function_without_qualifier`). `proven` False: they may get in, which is not certain.
    """

    network: CallerNetwork
    principals: frozenset[CallerPrincipal]
    addresses: AddressSet = EVERYWHERE
    vpcs: NameSet = ANY_NAME
    endpoints: NameSet = ANY_NAME
    credentials: frozenset[Credential] = frozenset()
    token_issuers: NameSet = ANY_NAME
    proven: bool = True

    def __bool__(self) -> bool:
        return bool(
            self.principals
            and self.addresses
            and self.vpcs
            and self.endpoints
            and self.token_issuers
        )

    def __and__(self, other: CallerBox) -> CallerBox | None:
        """Those who are in both, holding what both ask for; None if nobody is."""
        if self.network is not other.network:
            return None
        meets = (one.meet(two) for one in self.principals for two in other.principals)
        both = CallerBox(
            network=self.network,
            principals=frozenset(one for one in meets if one is not None),
            addresses=self.addresses & other.addresses,
            vpcs=self.vpcs & other.vpcs,
            endpoints=self.endpoints & other.endpoints,
            credentials=self.credentials | other.credentials,
            token_issuers=self.token_issuers & other.token_issuers,
            proven=self.proven and other.proven,
        )
        return both or None

    def minus(self, allowed: CallerBox) -> Iterator[CallerBox]:
        """Those of this box who are not in the other, as disjoint boxes. Who holds more credentials
        than are asked for is let in as well."""
        if self.network is not allowed.network or not allowed.credentials <= self.credentials:
            yield self
            return
        covered = frozenset(
            one for one in self.principals if any(other.covers(one) for other in allowed.principals)
        )
        if covered != self.principals:
            yield replace(self, principals=self.principals - covered)
        inside = replace(self, principals=covered)
        # One cut an axis: behind it, what is left lies within the allowed part of that axis.
        for axis in _AXES:
            mine, theirs = getattr(inside, axis), getattr(allowed, axis)
            outside = mine - theirs
            if outside and inside:
                yield replace(inside, **{axis: outside})
                inside = replace(inside, **{axis: mine & theirs})

    def one(self) -> Caller:
        """One of them."""
        principal = min(
            self.principals, key=lambda one: (one.kind, one.account or "", one.arn or "")
        )
        return Caller(
            network=self.network,
            principal=principal,
            addresses=self.addresses,
            vpcs=self.vpcs,
            endpoints=self.endpoints,
            credentials=self.credentials,
            token_issuer=None if self.token_issuers.excluded else min(self.token_issuers.names),
            proven=self.proven,
        )


def _some(names: NameSet, prefix: str) -> str:
    if not names.excluded:
        return min(names.names)
    candidates = (f"{prefix}{number:08x}" for number in range(len(names.names) + 1))
    return next(name for name in candidates if name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One caller, as a counter-example: who gets in although nobody allowed it.

    `addresses`, `vpcs` and `endpoints`: those that will do. `token_issuer` None: no token is
    needed, or nobody knows whose.
    """

    network: CallerNetwork
    principal: CallerPrincipal
    addresses: AddressSet
    vpcs: NameSet
    endpoints: NameSet
    credentials: frozenset[Credential]
    token_issuer: str | None
    proven: bool

    @property
    def address(self) -> str | None:
        """One of the internet where there is one; None for who comes through a VPC endpoint."""
        if self.network is not CallerNetwork.INTERNET:
            return None
        spans = (self.addresses & ROUTABLE).spans or self.addresses.spans
        return address_at(spans[0][0])

    @property
    def vpc(self) -> str:
        return _some(self.vpcs, "vpc-")

    @property
    def endpoint(self) -> str:
        return _some(self.endpoints, "vpce-")


@dataclass(frozen=True, slots=True)
class CallerSet:
    boxes: tuple[CallerBox, ...] = field(default=())

    def __or__(self, other: CallerSet) -> CallerSet:
        return CallerSet(tuple(dict.fromkeys((*self.boxes, *other.boxes))))

    def __and__(self, other: CallerSet) -> CallerSet:
        pairs = (mine & theirs for mine in self.boxes for theirs in other.boxes)
        return CallerSet(tuple(dict.fromkeys(both for both in pairs if both is not None)))

    def __sub__(self, allowed: CallerSet) -> CallerSet:
        """The callers who are not in the other set."""
        left: Iterable[CallerBox] = self.boxes
        for hole in allowed.boxes:
            left = [piece for box in left for piece in box.minus(hole)]
        return CallerSet(tuple(left))

    def disjoint(self) -> CallerSet:
        """The same callers, each in one box only; what is proven stays so."""
        apart: list[CallerBox] = []
        for box in sorted(self.boxes, key=lambda one: not one.proven):
            apart += (CallerSet((box,)) - CallerSet(tuple(apart))).boxes
        return CallerSet(tuple(apart))

    def is_within(self, allowed: CallerSet) -> Caller | None:
        """None if every caller of this set is in the other; otherwise one who is not, a proven one
        if there is one."""
        outside = (self - allowed).boxes
        if not outside:
            return None
        return max(outside, key=lambda box: box.proven).one()


NO_CALLERS = CallerSet()
EVERY_CALLER = CallerSet(
    tuple(CallerBox(network=network, principals=frozenset({ANYONE})) for network in CallerNetwork)
)

_POOL_ARN = re.compile(r"arn:[\w-]+:cognito-idp:([\w-]+):\d{12}:userpool/([\w-]+)\Z", re.ASCII)
_FUNCTION_ARN = re.compile(
    r"(arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+)(?::[\w$-]+)?\Z", re.ASCII
)


def issuer_of_pool(arn: str) -> str | None:
    """The issuer that stands in the tokens of a user pool; None if that is no user pool's ARN.

    Source: Cognito developer guide, "Verifying a JSON Web Token" (the claim `iss`).
    """
    found = _POOL_ARN.match(arn)
    if found is None:
        return None
    suffix = ".cn" if found[1].startswith("cn-") else ""
    return f"https://cognito-idp.{found[1]}.amazonaws.com{suffix}/{found[2]}"


def function_without_qualifier(arn: str) -> str | None:
    """The function itself, whichever version or alias is named; None if that cannot be told."""
    found = _FUNCTION_ARN.match(arn)
    return found[1] if found else None
