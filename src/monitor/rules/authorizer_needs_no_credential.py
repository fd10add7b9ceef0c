"""A Lambda authorizer whose configuration asks callers for nothing: its code alone decides.

Source: API Gateway guide, "Configure a Lambda authorizer" (identity sources).
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import AuthorizerKind
from monitor.model.credentials import demands_credential, names_credential
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
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place, one: Attached) -> Iterator[Flaw | Unclear]:
        authorizer = one.authorizer
        if demands_credential(place.api_type, authorizer) or has_nobody_to_ask(given, authorizer):
            return
        routes = tuple(route for route in one.routes if _strangers_reach(given, place, route))
        if not routes:
            return
        if authorizer.kind is not AuthorizerKind.REQUEST:
            yield Unclear(why=f"the kind of {one.label} is not known")
        elif names_credential(authorizer):
            # It is not documented whether sources are enforced while nothing is cached.
            yield Unclear(
                why=f"whether {one.label} enforces its identity sources is not documented"
            )
        else:
            yield Flaw(
                title=f"{one.label} asks callers for no credential: its code alone decides",
                routes=routes,
                because=(
                    saw(
                        one.label,
                        "identity sources",
                        ", ".join(authorizer.identity_sources) or "none",
                    ),
                ),
            )

    yield from at_each_authorizer(given, look)


def _strangers_reach(given: RuleInput, place: Place, route: str) -> bool:
    """Whether it is the authorizer that keeps the public out, and not a network as well."""
    return any(
        access.access.public is not False and not given.anyone_may(stage, route)
        for stage, access in place.accesses_to(route)
    )


RULE = Rule(
    id="authorizer-needs-no-credential",
    title="An authorizer asks callers for no credential",
    severity=Severity.MEDIUM,
    attacker_view="Calls with nothing in hand, and a careless branch of the function lets them in.",
    fix=(
        "Give the authorizer an identity source that holds a credential (a header such as "
        "Authorization, a query string or a cookie), so that API Gateway turns away who has none."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=("NIST 800-53 AC-3", "NIST 800-53 IA-2", "PCI DSS v4.0.1 8.3.1"),
    remediations=("rollback-stage", "quarantine-stage", "block-at-waf"),
)
