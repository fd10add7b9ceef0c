"""A JWT authorizer that does not ask for whom a token was issued.

Source: API Gateway guide, "Control access to HTTP APIs with JWT authorizers in API Gateway": `aud`
or `client_id` is compared with the audiences of the authorizer.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import AuthorizerKind
from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Attached, Flaw, Place, Unclear, at_each_authorizer
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(_: Place, one: Attached) -> Iterator[Flaw | Unclear]:
        if one.authorizer.kind is not AuthorizerKind.JWT or any(one.authorizer.audiences):
            return
        if one.authorizer.issuer is None:
            # No JWT authorizer is without one, so neither was read: a REST API's may have several.
            yield Unclear(why=f"the issuers and audiences of {one.label} were not read")
        else:
            yield Flaw(
                title=f"{one.label} takes tokens that were issued for anything",
                routes=one.routes,
                because=(
                    saw(one.label, "audiences", "none"),
                    saw(one.label, "trusts tokens of", one.authorizer.issuer),
                ),
            )

    yield from at_each_authorizer(given, look)


RULE = Rule(
    id="jwt-audience-missing",
    title="A JWT authorizer asks for no audience",
    severity=Severity.HIGH,
    attacker_view="Uses a token that another application of the same issuer got, and is in.",
    fix="Name the audience, or the client id, that tokens for this API are issued with.",
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=("NIST 800-53 AC-3", "NIST 800-53 IA-8", "PCI DSS v4.0.1 8.3.1"),
    remediations=("rollback-stage", "quarantine-stage"),
)
