"""Requests go on to an HTTP backend in clear text, or to one whose certificate nobody checks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from monitor.model.api import ApiType, Route, Stage
from monitor.model.behind import Integration, IntegrationKind
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, routes_where, saw

ID = "integration-without-tls"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    for stage in given.snapshot.stages:
        bad = partial(_is_bad, given.snapshot.api_type)
        for found in routes_where(given, stage, bad):
            if isinstance(found, CannotTell):
                yield found
            else:
                yield _problem(given, stage, *found)


def _is_bad(api_type: ApiType, route: Route) -> bool | None:
    behind = route.integration
    if behind is None or behind.kind is None:
        # Those of HTTP and WebSocket APIs are read where one of them could be private.
        return None if api_type is ApiType.REST else False
    if behind.kind is not IntegrationKind.HTTP:
        return False
    return None if behind.encrypted is None else not behind.encrypted or behind.unverified


def _problem(given: RuleInput, stage: Stage, live: bool, keys: tuple[str, ...]) -> Problem:
    routes = (given.routes_of(stage) if live else given.next_routes_of(stage)) or ()
    behind = {r.key: r.integration for r in routes if r.key in keys and r.integration}
    exposed = any(not one.private and one.encrypted is False for one in behind.values())
    where = "over the internet" if exposed else "to its backend"
    plain = any(one.encrypted is False for one in behind.values())
    how = "in clear text" if plain else "without checking the certificate"
    return Problem(
        title=f"stage {stage.name} sends requests on {where} {how}",
        severity=Severity.MEDIUM if exposed else Severity.LOW,
        stage=stage.name,
        live=live,
        routes=keys,
        because=tuple(saw(key, "integration", _words(one)) for key, one in behind.items()),
    )


def _words(one: Integration) -> str:
    way = "VPC link" if one.private else "internet"
    return f"{way}, {'TLS, any certificate' if one.encrypted else 'no TLS'}"


RULE = Rule(
    id=ID,
    title="Requests go on to a backend without TLS",
    severity=Severity.MEDIUM,
    attacker_view="Reads and changes requests, tokens included, between gateway and backend.",
    fix=(
        "Let the integration use https; of an HTTP API's private integration, set the server name "
        "in its TLS configuration. Take `insecureSkipVerification` away and give the backend a "
        "certificate of a public authority. REST APIs need a deployment afterwards."
    ),
    check=_check,
    rests_on=frozenset(
        {
            Unknown.LIVE_ROUTES,
            Unknown.LIVE_GUARDS,
            Unknown.CANARY,
            Unknown.DRAFT_ROUTES,
            Unknown.INTEGRATIONS,
        }
    ),
    controls=(
        "FSBP APIGateway.10",
        "NIST 800-53 SC-8",
        "NIST 800-53 SC-8(1)",
        "PCI DSS v4.0.1 4.2.1",
    ),
)
