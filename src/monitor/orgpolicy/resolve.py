"""What an `allowed` comes to for one API: a set of callers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from operator import and_, or_

from monitor.model.callers import (
    ANYONE,
    EVERY_CALLER,
    NO_CALLERS,
    CallerBox,
    CallerNetwork,
    CallerPrincipal,
    CallerSet,
    Credential,
    NameSet,
    PrincipalKind,
    issuer_of_pool,
    only,
)
from monitor.model.organization import Organization
from monitor.orgpolicy.sets import AllOf, Expression, parts_of, read_set


def resolve(expression: Expression, organization: Organization, own_account: str) -> CallerSet:
    """The callers whom the expression allows to call an API of `own_account`."""
    if not isinstance(expression, str):
        sets = (resolve(part, organization, own_account) for part in parts_of(expression))
        return reduce(and_ if isinstance(expression, AllOf) else or_, sets)
    found = read_set(expression)
    # What names nothing was refused when the file was loaded; if it came here, it lets nobody in.
    return _MEANINGS[found.kind](organization, own_account, found.names) if found else NO_CALLERS


_Meaning = Callable[[Organization, str, tuple[str, ...]], CallerSet]


def _our_organisation(ours: Organization, own: str, _names: tuple[str, ...]) -> CallerSet:
    principals = {_of_account(account) for account in (own, *ours.accounts.values())}
    if ours.organization_id is not None:
        principals.add(CallerPrincipal(PrincipalKind.SIGNED, organization=ours.organization_id))
    return _everywhere(principals)


def _of_account(account: str) -> CallerPrincipal:
    return CallerPrincipal(PrincipalKind.SIGNED, account=account)


def _accounts(accounts: Iterable[str]) -> CallerSet:
    return _everywhere({_of_account(account) for account in accounts})


def _everywhere(principals: set[CallerPrincipal]) -> CallerSet:
    """These principals, over the internet and through VPC endpoints alike."""
    if not principals:
        return NO_CALLERS
    return CallerSet(
        tuple(
            CallerBox(network=network, principals=frozenset(principals))
            for network in CallerNetwork
        )
    )


def _holders(credential: Credential, issuers: NameSet | None = None) -> CallerSet:
    boxes = (
        CallerBox(
            network=network,
            principals=frozenset({ANYONE}),
            credentials=frozenset({credential}),
            token_issuers=issuers if issuers is not None else NameSet(),
        )
        for network in CallerNetwork
    )
    return CallerSet(tuple(boxes))


def _token_holders(ours: Organization, _own: str, names: tuple[str, ...]) -> CallerSet:
    issuers: set[str] = set()
    for name in names:
        if (url := ours.token_issuers.get(name)) is not None:
            # Issuers are written with a slash at the end or without: it is the same one.
            issuers |= {url.rstrip("/"), url.rstrip("/") + "/"}
        if (pool := ours.user_pools.get(name)) is not None:
            issuers.add(issuer_of_pool(pool) or pool)
        if (function := ours.authorizer_functions.get(name)) is not None:
            issuers.add(function)
    return _holders(Credential.TOKEN, only(*issuers)) if issuers else NO_CALLERS


def _networks(ours: Organization, names: Iterable[str]) -> CallerSet:
    return CallerSet(
        tuple(
            CallerBox(
                network=CallerNetwork.INTERNET,
                principals=frozenset({ANYONE}),
                addresses=ours.networks[name],
            )
            for name in names
        )
    )


def _vpcs(ids: Iterable[str]) -> CallerSet:
    box = CallerBox(
        network=CallerNetwork.VPC_ENDPOINT, principals=frozenset({ANYONE}), vpcs=only(*ids)
    )
    return CallerSet((box,)) if box else NO_CALLERS


def _endpoints(names: NameSet) -> CallerSet:
    box = CallerBox(
        network=CallerNetwork.VPC_ENDPOINT, principals=frozenset({ANYONE}), endpoints=names
    )
    return CallerSet((box,)) if box else NO_CALLERS


_MEANINGS: Mapping[str, _Meaning] = {
    "anyone": lambda _ours, _own, _names: EVERY_CALLER,
    "nobody": lambda _ours, _own, _names: NO_CALLERS,
    "our organisation": _our_organisation,
    "own account": lambda _ours, own, _names: _accounts((own,)),
    "our accounts": lambda ours, _own, _names: _accounts(ours.accounts.values()),
    "our partners": lambda ours, _own, _names: _accounts(ours.partners.values()),
    "our networks": lambda ours, _own, _names: _networks(ours, ours.networks),
    "our vpcs": lambda ours, _own, _names: _vpcs(ours.vpcs.values()),
    "our vpc endpoints": lambda ours, _own, _names: _endpoints(only(*ours.vpc_endpoints.values())),
    "any vpc endpoint": lambda _ours, _own, _names: _endpoints(NameSet()),
    "token holders": lambda _ours, _own, _names: _holders(Credential.TOKEN),
    "api key holders": lambda _ours, _own, _names: _holders(Credential.API_KEY),
    "client certificate": lambda _ours, _own, _names: _holders(Credential.CLIENT_CERTIFICATE),
    "account": lambda ours, _own, names: _accounts(ours.accounts[name] for name in names),
    "partner": lambda ours, _own, names: _accounts(ours.partners[name] for name in names),
    "network": lambda ours, _own, names: _networks(ours, names),
    "vpc": lambda ours, _own, names: _vpcs(ours.vpcs[name] for name in names),
    "vpc endpoint": lambda ours, _own, names: _endpoints(
        only(*(ours.vpc_endpoints[name] for name in names))
    ),
    "token holders of": _token_holders,
}
