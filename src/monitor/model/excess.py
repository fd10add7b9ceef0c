"""Containment: which routes let in somebody whom the org policy does not allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from monitor.model.access import RouteAccess, Scope
from monitor.model.addresses import ROUTABLE, V4
from monitor.model.callers import (
    EVERY_CALLER,
    OTHERS,
    Caller,
    CallerNetwork,
    Credential,
    NameSet,
    PrincipalKind,
)
from monitor.model.organization import Bound

_MOST_NAMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterExample:
    """A caller who gets in through a door to a route, beyond the bound. `caller` None: one of the
    public, which is measured and no set; the route's own witness is one of them."""

    route: RouteAccess
    bound: Bound
    caller: Caller | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """Route keys, each once, in the order in which they were given. `example` is of the widest
    route that is proven to exceed its bound; `undecided` are those that may."""

    exceeding: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    example: CounterExample | None = None


def excess_of(routes: Iterable[RouteAccess], bound_of: Callable[[str], Bound]) -> Excess:
    """`bound_of` answers what is allowed for a route key."""
    exceeding: dict[str, CounterExample] = {}
    undecided: dict[str, None] = {}
    # Routes with the same guard share their set of callers, and a class its bound.
    known: dict[tuple[int, str], Caller | None] = {}
    for one in routes:
        bound = bound_of(one.route)
        if bound.allowed == EVERY_CALLER:
            continue
        if one.access.scope is Scope.UNKNOWN and not one.callers.boxes:
            undecided[one.route] = None
        elif bound.allowed is None:
            if one.access.public:
                exceeding[one.route] = _wider(
                    exceeding.get(one.route), CounterExample(route=one, bound=bound)
                )
            elif one.access.public is None:
                undecided[one.route] = None
        else:
            key = (id(one.callers), bound.class_name)
            if key not in known:
                known[key] = one.callers.is_within(bound.allowed)
            caller = known[key]
            if caller is None:
                continue
            if caller.proven:
                example = CounterExample(route=one, bound=bound, caller=caller)
                exceeding[one.route] = _wider(exceeding.get(one.route), example)
            else:
                undecided[one.route] = None
    return Excess(
        exceeding=tuple(exceeding),
        undecided=tuple(route for route in undecided if route not in exceeding),
        example=min(exceeding.values(), key=_width, default=None),
    )


def _wider(old: CounterExample | None, new: CounterExample) -> CounterExample:
    return new if old is None or _width(new) < _width(old) else old


def _width(example: CounterExample) -> int:
    return example.route.access.scope.rank


def who(caller: Caller, own_account: str) -> str:
    """A caller in words, as the subject of "can call"."""
    through = _through(caller)
    holding = _holding(caller)
    principal = caller.principal
    if principal.kind is PrincipalKind.SIGNED:
        if principal.arn not in (None, OTHERS):
            return f"{principal.arn}{through}"
        if principal.organization not in (None, OTHERS):
            return f"principals of the organization {principal.organization}{through}"
        if principal.account == own_account:
            return f"principals of the API's own account whose own policy allows it{through}"
        if principal.account in (None, OTHERS):
            return f"principals of any AWS account{through}"
        return f"principals of the AWS account {principal.account}{through}"
    if holding:
        return f"whoever holds {' and '.join(holding)}{through}"
    return f"anyone{through}" if caller.network is CallerNetwork.VPC_ENDPOINT else _at(caller)


def _holding(caller: Caller) -> list[str]:
    token = f"a token of {caller.token_issuer}" if caller.token_issuer else "a token"
    words = {
        Credential.TOKEN: token,
        Credential.API_KEY: "an API key",
        Credential.CLIENT_CERTIFICATE: "a client certificate",
    }
    return [words[one] for one in Credential if one in caller.credentials]


def _through(caller: Caller) -> str:
    """The way through a VPC; no name stands there that only serves as an example."""
    if caller.network is not CallerNetwork.VPC_ENDPOINT:
        return ""
    if not caller.endpoints.excluded:
        return f" through the VPC endpoint {caller.endpoint}"
    but = f" other than {_listed(caller.endpoints)}" if caller.endpoints.names else ""
    if not caller.vpcs.excluded:
        return f" through any VPC endpoint of {caller.vpc}{but}"
    return f" through any VPC endpoint{but}"


def _listed(names: NameSet) -> str:
    first = sorted(names.names)[:_MOST_NAMES]
    more = len(names.names) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")


def _at(caller: Caller) -> str:
    if not ROUTABLE & (V4 - caller.addresses):
        return "anyone on the internet"
    return f"anyone at an address such as {caller.address}"
