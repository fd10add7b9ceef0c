"""A private API answers through every VPC endpoint, of whatever AWS account.

Source: API Gateway guide, "Private REST APIs", "API Gateway resource policy examples".
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import RouteAccess, Scope
from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place) -> Iterator[Flaw | Unclear]:
        for stage, one in place.accesses:
            # Of a set that the org policy allows, it is told whether more get in.
            if given.bound_of(stage, one.route).allowed is not None:
                continue
            any_endpoint = one.access.scope is Scope.ANY_VPCE
            if one.access.scope is Scope.UNKNOWN or (any_endpoint and not _is_proven(one)):
                yield Unclear(why=f"who can call {one.route} cannot be decided")
            elif any_endpoint:
                yield Flaw(
                    title="any VPC endpoint of any AWS account can call the private API",
                    routes=(one.route,),
                    because=(saw(one.door.host, "lets in", "every VPC endpoint"),),
                    caveats=one.access.caveats,
                )

    yield from at_each_place(given, look)


def _is_proven(access: RouteAccess) -> bool:
    return any(
        box.proven and box.endpoints.excluded and box.vpcs.excluded for box in access.callers.boxes
    )


RULE = Rule(
    id="private-api-any-endpoint",
    title="A private API answers any VPC endpoint",
    severity=Severity.HIGH,
    attacker_view="Makes an endpoint in an account of theirs and calls the private API through it.",
    fix=(
        "Deny everything that does not come through your own endpoints (`StringNotEquals` on "
        "aws:SourceVpce or aws:SourceVpc) and deploy; an address inside a VPC is no fence, since "
        "anybody can number a VPC that way."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=(
        "NIST 800-53 AC-3",
        "NIST 800-53 AC-4",
        "NIST 800-53 SC-7",
        "PCI DSS v4.0.1 1.3.1",
    ),
    remediations=("restrict-policy", "rollback-stage", "quarantine-stage"),
)
