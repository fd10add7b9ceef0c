"""A route asks for a signature, and the resource policy takes one of any AWS account."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import RouteAccess, Scope
from monitor.model.api import AuthorizationType
from monitor.model.callers import OTHERS, CallerBox, PrincipalKind
from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

# Principals that AWS assigned an id or an organization are not anybody; any VPC endpoint is worse,
# and told by a rule of its own.
_NOT_ANYBODY = frozenset({Scope.AWS_PRINCIPALS, Scope.ORG, Scope.ANY_VPCE})


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place) -> Iterator[Flaw | Unclear]:
        signed = _signed_routes(place)
        for stage, one in place.accesses:
            if one.route not in signed:
                continue
            # A set of callers that the org policy names may hold any account.
            if given.bound_of(stage, one.route).allowed is not None or given.exceeds(stage, one):
                continue
            if one.access.scope is Scope.UNKNOWN:
                yield Unclear(why=f"who can call {one.route} cannot be decided")
                continue
            if one.access.scope not in _NOT_ANYBODY and any(map(_is_any_account, _proven(one))):
                yield Flaw(
                    title="the signature of any AWS account is good enough",
                    routes=(one.route,),
                    because=(
                        saw(f"route {one.route}", "authorization", "AWS_IAM"),
                        saw(one.door.host, "lets in", f"any AWS account ({one.access.scope})"),
                    ),
                )

    yield from at_each_place(given, look)


def _signed_routes(place: Place) -> frozenset[str]:
    return frozenset(
        route.key
        for configuration in place.configurations
        for route in configuration.routes or ()
        if route.authorization is AuthorizationType.AWS_IAM
    )


def _proven(access: RouteAccess) -> Iterator[CallerBox]:
    return (box for box in access.callers.boxes if box.proven and not box.credentials)


def _is_any_account(box: CallerBox) -> bool:
    """Strangers of no organization that the policy names."""
    return any(
        one.kind is PrincipalKind.SIGNED
        and one.account == OTHERS
        and one.organization in (None, OTHERS)
        for one in box.principals
    )


RULE = Rule(
    id="iam-route-open-to-any-account",
    title="Routes with IAM authorization take signatures of any AWS account",
    severity=Severity.MEDIUM,
    attacker_view="Signs requests with credentials of an account of their own, and is in.",
    fix=(
        "Name the accounts, or the organization by aws:PrincipalOrgID, in the resource policy "
        "instead of `*`, and deploy; if everybody may call, say so with authorization NONE."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=(
        "NIST 800-53 AC-3",
        "NIST 800-53 AC-6",
        "PCI DSS v4.0.1 7.2.1",
    ),
    remediations=("restrict-policy", "rollback-stage"),
)
