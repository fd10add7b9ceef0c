"""A route asks for a signature, and the resource policy takes one of any AWS account."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import RouteAccess, Scope
from monitor.model.callers import OTHERS, CallerBox, PrincipalKind
from monitor.model.finding import Severity
from monitor.model.places import Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place) -> Iterator[Flaw | Unclear]:
        for stage, one in place.accesses:
            if given.anyone_may(stage, one.route) or given.exceeds(stage, one):
                continue
            if one.access.scope is Scope.UNKNOWN:
                yield Unclear(why=f"who can call {one.route} cannot be decided")
                continue
            # Any VPC endpoint is worse, and told by a rule of its own.
            told = one.access.scope is Scope.ANY_VPCE
            if not told and any(map(_is_any_account, _proven(one))):
                yield Flaw(
                    title="the signature of any AWS account is good enough",
                    routes=(one.route,),
                    because=(
                        saw(f"route {one.route}", "authorization", "AWS_IAM"),
                        saw(one.door.host, "lets in", f"any AWS account ({one.access.scope})"),
                    ),
                )

    yield from at_each_place(given, look)


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
    controls=(
        "NIST 800-53 AC-3",
        "NIST 800-53 AC-6",
        "PCI DSS 4.0.1 7.2.1",
    ),
    remediations=("restrict-policy", "rollback-stage"),
)
