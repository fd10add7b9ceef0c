"""An authorizer's cached answer serves callers or routes that were never asked about.

Source: API Gateway guide, "Configure a Lambda authorizer" and "Lambda authorizers for HTTP APIs":
the answer is reused for whoever sends the same identity sources, for every method that uses the
authorizer.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import ApiType, AuthorizerKind
from monitor.model.credentials import names_credential
from monitor.model.finding import Severity
from monitor.model.places import (
    WHAT_IS_LIVE,
    Attached,
    Flaw,
    Place,
    Unclear,
    at_each_authorizer,
    has_nobody_to_ask,
)
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, saw

_LONGEST = "longest_cache_seconds"
_ACROSS = "rest_across_methods"
_ROUTE_SOURCES = frozenset(
    {"$context.routekey", "context.routekey", "context.resourcepath", "context.resourceid"}
)
_LAMBDA = frozenset({AuthorizerKind.TOKEN, AuthorizerKind.REQUEST})


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place, one: Attached) -> Iterator[Flaw | Unclear]:
        authorizer = one.authorizer
        if authorizer.kind not in _LAMBDA or place.api_type is ApiType.WEBSOCKET:
            # A WebSocket API asks once, at connection time, and caches nothing.
            return
        if has_nobody_to_ask(given, authorizer):
            return
        seconds = authorizer.cache_ttl_seconds
        if seconds is None:
            yield Unclear(why=f"how long {one.label} caches its answers was not read")
        elif seconds > 0:
            yield from (
                Flaw(
                    title=f"{one.label} {title}",
                    routes=one.routes,
                    severity=severity,
                    because=(
                        saw(one.label, "caches answers for", f"{seconds} s"),
                        saw(one.label, "identity sources", ", ".join(authorizer.identity_sources)),
                    ),
                )
                for title, severity in _flaws(given, place, one, seconds)
            )

    yield from at_each_authorizer(given, look)


def _flaws(
    given: RuleInput, place: Place, one: Attached, seconds: int
) -> Iterator[tuple[str, Severity]]:
    authorizer = one.authorizer
    several = len(one.routes) > 1
    by_route = any(source.lower() in _ROUTE_SOURCES for source in authorizer.identity_sources)
    if authorizer.kind is AuthorizerKind.REQUEST and not names_credential(authorizer):
        yield "hands one caller's cached answer to others", Severity.HIGH
    elif several and not by_route and authorizer.simple_responses:
        yield "reuses one route's cached yes for all its routes", Severity.MEDIUM
    elif several and place.api_type is ApiType.REST and not by_route and _across(given):
        yield "reuses one method's cached policy for all its methods", Severity.LOW
    longest = given.parameters[_LONGEST]
    if isinstance(longest, int) and seconds > longest:
        yield f"keeps letting in for more than {longest} s whom it would refuse", Severity.LOW


def _across(given: RuleInput) -> bool:
    return bool(given.parameters[_ACROSS])


RULE = Rule(
    id="authorizer-cache-too-broad",
    title="An authorizer's cache is too broad",
    severity=Severity.HIGH,
    attacker_view="Rides on an answer that somebody else, or another route, was given just now.",
    fix=(
        "Let the identity sources hold all that the function looks at (the credential, and "
        "`$context.routeKey` for simple responses), or turn caching off."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=("NIST 800-53 AC-3", "NIST 800-53 AC-12", "PCI DSS v4.0.1 7.2.1"),
    remediations=("flush-authorizer-cache",),
    parameters={
        _LONGEST: Parameter(
            default=3600,
            about="Seconds that an answer may be cached; 3600 is the most that AWS allows.",
        ),
        _ACROSS: Parameter(
            default=False,
            about=(
                "Tell of REST authorizers, too, whose cached policy serves several methods: right "
                "as long as the function answers with a policy for the whole API."
            ),
        ),
    },
)
