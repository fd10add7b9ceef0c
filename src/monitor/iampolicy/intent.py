"""What the writer of a resource policy seems to have meant: whom a statement speaks of, which
networks and headers it asks for. Whether it comes to that is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from monitor.iampolicy.document import (
    Condition,
    Effect,
    PolicyDocument,
    PrincipalKind,
    Statement,
    parse,
)
from monitor.iampolicy.glob import Pattern, glob, has_wildcard, literal, overlap
from monitor.iampolicy.operators import Family, Operator, Quantifier, parse_operator
from monitor.iampolicy.principals import named_account, named_arn_account
from monitor.iampolicy.resources import SHORT_FORM, matches_action
from monitor.iampolicy.three_valued import Truth
from monitor.model.addresses import EVERYWHERE, NOWHERE, AddressSet
from monitor.model.api import ApiId, Configuration, Route
from monitor.model.callers import ANY_NAME, NameSet

_EVERYONE = frozenset({PrincipalKind.EVERYONE, PrincipalKind.EVERYONE_BARE})
_PATH_PARAMETER = re.compile(r"\{[^}]*\}")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_COLONS = 5


def documents(configuration: Configuration) -> tuple[PolicyDocument | None, ...]:
    """Every policy that may be in force, parsed; None = no policy. Empty: it was not read."""
    return tuple(None if one.text is None else parse(one.text) for one in configuration.policies)


def speaks_of(statement: Statement, api: ApiId, stage: str, route: Route) -> bool:
    """Whether the statement may speak of invoking the route. `stage` empty = on some stage."""
    if statement.principal is None or statement.action is None or statement.resource is None:
        return False
    if matches_action(statement.action) is Truth.NO:
        return False
    if statement.resource.negated or statement.resource.problems:
        return True
    wanted = _requests(stage, route.method, route.path)
    for term in statement.resource.items:
        rest = _within(term.text, api)
        if overlap(rest, wanted) if rest is not None else _elsewhere(term.text, api, wanted):
            return True
    return False


@lru_cache(maxsize=4096)
def _requests(stage: str, method: str, path: str) -> Pattern:
    """What follows the API in the ARNs of all requests that a route takes."""
    verb = "*" if method == "ANY" else method
    return glob(f"/{stage or '*'}/{verb}/{_PATH_PARAMETER.sub('*', path).removeprefix('/')}")


@lru_cache(maxsize=1024)
def _within(text: str, api: ApiId) -> Pattern | None:
    """What a Resource says behind the API; None if it does not name just this one."""
    for root in (SHORT_FORM, _arn(api)):
        if text.startswith(f"{root}/"):
            return glob(_VARIABLE.sub("*", text.removeprefix(root)))
    return None


def _elsewhere(text: str, api: ApiId, wanted: Pattern) -> bool:
    pattern = glob(_VARIABLE.sub("*", text))
    if has_wildcard(pattern) and text.count(":") < _COLONS:
        # A short one counts as padded with stars.
        pattern = (*pattern, *glob(":*"))
    return overlap(pattern, (*literal(_arn(api)), *wanted))


def _arn(api: ApiId) -> str:
    return api.execute_arn("", "", "").partition("/")[0]


def is_for_everyone(statement: Statement) -> bool:
    """It names nobody: whoever calls is meant, signed or not."""
    principal = statement.principal
    if principal is None:
        return False
    return principal.negated or any(one.kind in _EVERYONE for one in principal.items)


def named_accounts(statement: Statement) -> frozenset[str]:
    """The accounts whose principals, or which as a whole, the statement names."""
    principal = statement.principal
    if principal is None or principal.negated:
        return frozenset()
    found = (
        named_account(one.text) or named_arn_account(one.text)
        for one in principal.items
        if one.kind is PrincipalKind.AWS
    )
    return frozenset(one for one in found if one)


@dataclass(frozen=True, slots=True)
class Demand:
    """A condition that keeps out whoever lacks a key, or has another value: of an Allow a test that
    must be met, of a Deny the exception from it."""

    key: str
    condition: Condition
    operator: Operator
    excludes: bool
    """The values are those that stay outside."""


def demands(statement: Statement) -> Iterator[Demand]:
    """What the statement asks of those it lets in; a Deny of a named value asks nothing."""
    for condition in statement.conditions:
        operator = parse_operator(condition.operator)
        if operator is None or operator.family is Family.NULL:
            continue
        if statement.effect is Effect.ALLOW:
            yield Demand(condition.key.lower(), condition, operator, operator.negated)
        elif statement.effect is Effect.DENY and operator.negated:
            yield Demand(condition.key.lower(), condition, operator, excludes=False)


@dataclass(frozen=True, slots=True)
class Networks:
    """Where callers may come from: over the internet, or through which VPC endpoints."""

    addresses: AddressSet
    vpcs: NameSet = ANY_NAME
    endpoints: NameSet = ANY_NAME


_ADDRESS_KEY = "aws:sourceip"
_VPC_KEYS = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"})


def allowed_networks(statement: Statement) -> Networks | None:
    """The networks that an Allow lists; None if it lists none, or not so that it can be told."""
    addresses, vpcs, endpoints = EVERYWHERE, ANY_NAME, ANY_NAME
    listed = False
    for demand in demands(statement):
        if demand.key == _ADDRESS_KEY and demand.operator.family is Family.IP:
            block = AddressSet.of_cidrs(term.text for term in demand.condition.values)
            addresses &= block.complement() if demand.excludes else block
            listed = True
        elif demand.key in _VPC_KEYS and not demand.excludes and _is_plain(demand.operator):
            # Over the internet there is no such key.
            addresses = NOWHERE
            listed = True
            names = _names(demand.condition)
            if demand.key == "aws:sourcevpce":
                endpoints &= names
            elif demand.key == "aws:sourcevpc":
                vpcs &= names
    return Networks(addresses, vpcs, endpoints) if listed else None


def _is_plain(operator: Operator) -> bool:
    return not operator.if_exists and operator.quantifier is not Quantifier.FOR_ALL


def _names(condition: Condition) -> NameSet:
    texts = frozenset(term.text for term in condition.values)
    wild = any("*" in text or "?" in text or "${" in text for text in texts)
    return ANY_NAME if wild else NameSet(texts, excluded=False)
