"""A route takes any token of its issuer, whichever application it was issued to.

Source: API Gateway guide, "Integrate a REST API with an Amazon Cognito user pool", "JWT
authorizers".
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import AuthorizerKind
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.places import WHAT_IS_LIVE, Attached, Flaw, Place, Unclear, at_each_authorizer
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, saw

_ALWAYS = "always"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place, one: Attached) -> Iterator[Flaw | Unclear]:
        routes = tuple(
            route.key
            for route in place.guarding(one.configuration)
            if route.key in one.routes
            and not route.scopes
            and route.authorizer_id == one.authorizer.authorizer_id
        )
        if not routes:
            return
        applications = _applications(given, one)
        if isinstance(applications, Unclear):
            yield applications
        elif applications > 1 or (applications == 1 and given.parameters[_ALWAYS]):
            yield Flaw(
                title=f"{one.label} takes tokens of any of {applications} applications, whatever "
                "they were issued for",
                routes=routes,
                because=(
                    saw(one.label, "applications", applications),
                    saw("routes", "scopes", "none"),
                ),
            )

    yield from at_each_authorizer(given, look)


def _applications(given: RuleInput, one: Attached) -> int | Unclear:
    """How many applications' tokens are good; 0 if that is no question here, or another rule's."""
    match one.authorizer.kind:
        case AuthorizerKind.JWT:
            return len(one.authorizer.audiences)
        case AuthorizerKind.COGNITO_USER_POOLS:
            pools = [given.snapshot.user_pools.get(arn) for arn in one.authorizer.user_pool_arns]
            known = [
                pool.clients for pool in pools if pool is not None and pool.clients is not None
            ]
            if len(known) < len(pools):
                return Unclear(
                    why=f"the applications of the user pools of {one.label} were not read"
                )
            return sum(map(len, known))
        case _:
            return 0


RULE = Rule(
    id="token-scopes-missing",
    title="Routes take any token of the issuer",
    severity=Severity.LOW,
    attacker_view="Uses a token that another application got, and that was not meant for this API.",
    fix=(
        "Ask for an OAuth scope of this API on the routes (`authorizationScopes`), and give it to "
        "those applications only that are to call."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE | {Unknown.USER_POOL},
    controls=("NIST 800-53 AC-3", "NIST 800-53 AC-6", "PCI DSS v4.0.1 7.2.2"),
    remediations=("require-authorization",),
    parameters={
        _ALWAYS: Parameter(
            default=False,
            about="Tell of routes without scopes even where one application alone gets tokens.",
        )
    },
)
