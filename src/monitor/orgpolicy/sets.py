"""`allowed`: named sets of callers, joined by and / or, as they are written in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Discriminator, Field, Tag
from typing_extensions import TypeAliasType

from monitor.orgpolicy.words import Part

NO_PUBLIC_ACCESS = "no-public-access"
"""A measure of width and no set: neither an anonymous caller nor a stranger's AWS account."""

MOST_BOXES = 1000

_WORD, _LIST, _ANY, _ALL = "=word", "=list", "=any_of", "=all_of"


def _form(value: object) -> str:
    if isinstance(value, list | tuple):
        return _LIST
    if isinstance(value, AnyOf) or (isinstance(value, Mapping) and "any_of" in value):
        return _ANY
    return _ALL if isinstance(value, AllOf | Mapping) else _WORD


class AnyOf(Part):
    """Callers who are in one of the sets."""

    any_of: tuple[Expression, ...] = Field(min_length=1)


class AllOf(Part):
    """Callers who are in all of the sets."""

    all_of: tuple[Expression, ...] = Field(min_length=1)


if TYPE_CHECKING:
    Expression: TypeAlias = "str | tuple[Expression, ...] | AnyOf | AllOf"
else:
    Expression = TypeAliasType(
        "Expression",
        Annotated[
            Annotated[str, Tag(_WORD)]
            | Annotated[tuple["Expression", ...], Tag(_LIST), Field(min_length=1)]
            | Annotated[AnyOf, Tag(_ANY)]
            | Annotated[AllOf, Tag(_ALL)],
            Discriminator(_form),
        ],
    )
    """One set, a list (any of them), `any_of` or `all_of`."""


@dataclass(frozen=True, slots=True)
class NamedSet:
    """A set as it is written: its kind, and the names that follow it."""

    kind: str
    names: tuple[str, ...] = ()


ALONE: Mapping[str, str] = {
    "anyone": "everybody, with nothing in hand",
    "nobody": "nobody at all",
    NO_PUBLIC_ACCESS: "a measure and no set, so it stands alone: anything but the public "
    "(anonymous callers from the internet, or anyone with an AWS account)",
    "our organisation": "signed calls of principals of your AWS organization, of your accounts, or "
    "of the account that owns the API",
    "own account": "signed calls of principals of the account that owns the API",
    "our accounts": "signed calls of principals of the accounts in `organization.accounts`",
    "our partners": "signed calls of principals of the accounts in `organization.partners`",
    "our networks": "calls from any of `organization.networks`",
    "our vpcs": "calls through VPC endpoints in any of `organization.vpcs`",
    "our vpc endpoints": "calls through any of `organization.vpc_endpoints`",
    "any vpc endpoint": "calls through any VPC endpoint, in whatever account",
    "token holders": "holders of a token that an authorizer of the API accepts",
    "api key holders": "holders of an API key",
    "client certificate": "holders of a client certificate that a custom domain accepts",
}
"""Sets that are written as they are -> what they hold."""

NAMED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "account": ("signed calls of principals of that account of yours", ("accounts",)),
    "partner": ("signed calls of principals of that partner's account", ("partners",)),
    "network": ("calls from that network over the internet", ("networks",)),
    "vpc": ("calls through VPC endpoints in that VPC", ("vpcs",)),
    "vpc endpoint": ("calls through that VPC endpoint", ("vpc_endpoints",)),
    "token holders of": (
        "holders of a token of one of these issuers, user pools or Lambda authorizers",
        ("token_issuers", "user_pools", "authorizer_functions"),
    ),
}
"""Sets that take a name -> what they hold, and the parts of `organization` that hold the names."""

_SPELLINGS = {"our organization": "our organisation", "token holder": "token holders"}
_SEPARATORS = re.compile(r"\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+")


def read_set(text: str) -> NamedSet | None:
    """None if it begins with no kind that there is."""
    words = " ".join(text.split())
    if (alone := _SPELLINGS.get(words, words)) in ALONE:
        return NamedSet(alone)
    for kind in sorted(NAMED, key=len, reverse=True):
        if words.startswith(kind + " "):
            rest = words.removeprefix(kind).strip()
            several = kind == "token holders of"
            return NamedSet(kind, tuple(_SEPARATORS.split(rest)) if several else (rest,))
    return None


def words_of(expression: Expression) -> Iterator[str]:
    """Every set that the expression names."""
    if isinstance(expression, str):
        yield expression
        return
    for part in parts_of(expression):
        yield from words_of(part)


def clause(expression: Expression) -> str:
    """The expression as one line: `our organisation or (partner acme and network office)`."""
    if isinstance(expression, str):
        return expression
    joined = " and " if isinstance(expression, AllOf) else " or "
    parts = parts_of(expression)
    texts = (
        text if isinstance(part, str) or len(parts) == 1 else f"({text})"
        for part in parts
        for text in [clause(part)]
    )
    return joined.join(texts)


def parts_of(expression: tuple[Expression, ...] | AnyOf | AllOf) -> tuple[Expression, ...]:
    if isinstance(expression, AnyOf):
        return expression.any_of
    return expression.all_of if isinstance(expression, AllOf) else expression
