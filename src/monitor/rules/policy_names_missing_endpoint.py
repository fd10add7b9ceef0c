"""The resource policy of a private API trusts a VPC endpoint that the account does not have."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.iampolicy.intent import demands, documents
from monitor.model.api import ApiSnapshot, Configuration, EndpointType
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.places import WHAT_IS_LIVE, Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

_GONE = frozenset({"deleted", "deleting", "rejected", "expired", "failed"})
_OTHERS = (
    "endpoints of other accounts cannot be seen from here: it may be one of those, or a deleted one"
)


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    snapshot = given.snapshot
    if snapshot.endpoint_types and EndpointType.PRIVATE not in snapshot.endpoint_types:
        return
    known = frozenset(given.organization.vpc_endpoints.values()) | _own(snapshot)

    def look(place: Place) -> Iterator[Flaw | Unclear]:
        for configuration in place.configurations:
            if not configuration.policies:
                yield Unclear(why="the resource policy was not read")
            for where, endpoint in _trusted(configuration):
                if endpoint in known:
                    continue
                if snapshot.vpc_endpoints is None:
                    yield Unclear(why="the account's VPC endpoints were not read")
                    continue
                yield Flaw(
                    title=f"the resource policy trusts {endpoint}, which the account does not have",
                    because=(saw(f"policy.{where}", "trusts", endpoint),),
                    caveats=(_OTHERS,),
                )

    yield from at_each_place(given, look)


def _own(snapshot: ApiSnapshot) -> frozenset[str]:
    return frozenset(
        one.vpc_endpoint_id
        for one in snapshot.vpc_endpoints or ()
        if one.state.lower() not in _GONE
    )


def _trusted(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """The endpoints that an Allow asks for or a Deny spares, with their places."""
    for document in documents(configuration):
        for statement in document.statements if document else ():
            for demand in demands(statement):
                if demand.key == "aws:sourcevpce" and not demand.excludes:
                    yield from (
                        (term.place, term.text)
                        for term in demand.condition.values
                        if term.text.startswith("vpce-") and not set("*?$") & set(term.text)
                    )


RULE = Rule(
    id="policy-names-missing-endpoint",
    title="The resource policy trusts a VPC endpoint that the account does not have",
    severity=Severity.MEDIUM,
    attacker_view="Whoever owns that endpoint, in whatever account, reaches the private API.",
    fix=(
        "Take the endpoint out of the resource policy and deploy, or name it among `vpc_endpoints` "
        "of the org policy if it is another account's that is trusted."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE | {Unknown.VPC_ENDPOINTS},
    controls=("NIST 800-53 AC-3", "NIST 800-53 AC-4", "PCI DSS v4.0.1 1.2.7"),
    remediations=("restrict-policy",),
)
