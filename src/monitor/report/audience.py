"""Scopes gathered into the few groups of callers that a reader tells apart at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from monitor.model.access import Scope
from monitor.report.documents import ApiDocument


class Audience(StrEnum):
    """Widest first; `unknown` stands beside the public ones, since it may hide one."""

    ANYONE = "anyone"
    ANY_AWS_ACCOUNT = "any-aws-account"
    UNKNOWN = "unknown"
    CREDENTIAL = "credential"
    NAMED = "named"
    NOBODY = "nobody"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Audience.ANYONE: "Anyone on the internet",
    Audience.ANY_AWS_ACCOUNT: "Any AWS account",
    Audience.UNKNOWN: "Unknown",
    Audience.CREDENTIAL: "Token or key holders",
    Audience.NAMED: "Named networks or principals",
    Audience.NOBODY: "Nobody",
}
_OF_SCOPE = {
    Scope.INTERNET: Audience.ANYONE,
    Scope.INTERNET_EXCEPT_CIDRS: Audience.ANYONE,
    Scope.BROAD_CIDR: Audience.ANYONE,
    Scope.ANY_AWS_ACCOUNT: Audience.ANY_AWS_ACCOUNT,
    Scope.UNKNOWN: Audience.UNKNOWN,
    Scope.TOKEN: Audience.CREDENTIAL,
    Scope.KEY: Audience.CREDENTIAL,
    Scope.CLIENT_CERTIFICATE: Audience.CREDENTIAL,
    Scope.NOBODY: Audience.NOBODY,
}


def audience(scope: Scope) -> Audience:
    return _OF_SCOPE.get(scope, Audience.NAMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """How many routes of one API each group of callers reaches, over its live stages."""

    api: ApiDocument
    routes: Mapping[Audience, int]

    @property
    def total(self) -> int:
        return sum(self.routes.values())


def exposures(apis: Iterable[ApiDocument]) -> list[Exposure]:
    """Those with the most widely open routes first."""
    found = [Exposure(api=api, routes=_routes(api)) for api in apis]
    return sorted(found, key=lambda one: ([-one.routes[who] for who in Audience], one.api.name))


def total_routes(found: Iterable[Exposure]) -> Mapping[Audience, int]:
    total = Counter(dict.fromkeys(Audience, 0))
    for exposure in found:
        total.update(exposure.routes)
    return total


def _routes(api: ApiDocument) -> Mapping[Audience, int]:
    counted = dict.fromkeys(Audience, 0)
    for stage in api.stages:
        for scope, number in stage.routes_by_scope.items():
            counted[audience(scope)] += number
    return counted
