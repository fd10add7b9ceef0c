"""The resource policy lists networks in an Allow, and whom an authorizer or IAM lets in comes from
anywhere all the same: behind those, a policy's silence denies nobody.

Source: API Gateway guide, "How API Gateway resource policies affect authorization workflow".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.iampolicy.document import Effect, PolicyDocument, Statement
from monitor.iampolicy.intent import (
    Networks,
    allowed_networks,
    documents,
    is_for_everyone,
    named_accounts,
    speaks_of,
)
from monitor.model.api import ApiType, AuthorizationType, Route
from monitor.model.callers import CallerBox, CallerNetwork, Credential
from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

_WHO = {
    AuthorizationType.CUSTOM: "callers whom the Lambda authorizer lets in",
    AuthorizationType.AWS_IAM: "the account's own users and roles",
}
_SEVERITY = {
    AuthorizationType.CUSTOM: Severity.HIGH,
    AuthorizationType.AWS_IAM: Severity.MEDIUM,
}


_Listed = tuple[Statement, Networks | None]


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place) -> Iterator[Flaw | Unclear]:
        for configuration in place.configurations:
            routes = [one for one in configuration.routes or () if one.authorization in _WHO]
            read = [one for one in documents(configuration) if one is not None]
            if routes and not configuration.policies:
                yield Unclear(why="the resource policy was not read")
            elif routes and not all(one.readable for one in read):
                yield Unclear(why="the resource policy cannot be read")
            else:
                alone = len(configuration.policies) == 1
                for document in read:
                    allows = _allows(document, given.snapshot.api.account_id)
                    if any(networks is not None for _, networks in allows):
                        for route in routes:
                            yield from _route(given, place, route, allows, alone=alone)

    if given.snapshot.api_type is ApiType.REST:
        yield from at_each_place(given, look)


def _allows(document: PolicyDocument, own_account: str) -> list[_Listed]:
    """The Allows that speak of everyone or of the own account, with the networks they list."""
    return [
        (one, allowed_networks(one))
        for one in document.statements
        if one.effect is Effect.ALLOW
        and (is_for_everyone(one) or own_account in named_accounts(one))
    ]


def _route(
    given: RuleInput, place: Place, route: Route, allows: Iterable[_Listed], *, alone: bool
) -> Iterator[Flaw | Unclear]:
    listed: list[tuple[Statement, Networks]] = []
    for statement, networks in allows:
        if speaks_of(statement, given.snapshot.api, place.stage, route):
            if networks is None:
                # Nobody meant to keep a network out, or by a Deny.
                return
            listed.append((statement, networks))
    outside = list(_outside(given, place, route, listed)) if listed else []
    if not outside:
        return
    if not alone:
        yield Unclear(why="which resource policy is in force is not known")
    elif not any(box.proven for box in outside):
        yield Unclear(why=f"who can call {route.key} cannot be decided")
    elif route.authorization is not None:
        yield Flaw(
            title=(
                f"{_WHO[route.authorization]} come from any network, although the resource "
                "policy lists the ones that it allows"
            ),
            routes=(route.key,),
            severity=_SEVERITY[route.authorization],
            because=tuple(
                saw(f"policy.{one.place}", "allows without a Deny of all others", _said(networks))
                for one, networks in listed
            ),
        )


def _outside(
    given: RuleInput, place: Place, route: Route, listed: Iterable[tuple[Statement, Networks]]
) -> Iterator[CallerBox]:
    """Who gets in from a network that no Allow lists, unless it is told already that they exceed
    the org policy."""
    for stage, access in place.accesses_to(route.key):
        if not given.anyone_may(stage, route.key) and not given.exceeds(stage, access):
            for box in access.callers.boxes:
                meant = _is_meant(box, route, given.snapshot.api.account_id)
                if meant and not _within(box, listed):
                    yield box


def _is_meant(box: CallerBox, route: Route, own_account: str) -> bool:
    if route.authorization is AuthorizationType.CUSTOM:
        return Credential.TOKEN in box.credentials
    return any(one.account == own_account for one in box.principals)


def _within(box: CallerBox, listed: Iterable[tuple[Statement, Networks]]) -> bool:
    if box.network is CallerNetwork.INTERNET:
        left = box.addresses
        for _, networks in listed:
            left -= networks.addresses
        return not left
    return any(
        not box.vpcs - networks.vpcs and not box.endpoints - networks.endpoints
        for _, networks in listed
    )


def _said(networks: Networks) -> str:
    names = [
        *([] if networks.endpoints.excluded else sorted(networks.endpoints.names)),
        *([] if networks.vpcs.excluded else sorted(networks.vpcs.names)),
    ]
    return ", ".join([*names, *networks.addresses.cidrs()][:5])


RULE = Rule(
    id="policy-does-not-bind-authorizer",
    title="The network list of the resource policy does not bind authorized callers",
    severity=Severity.HIGH,
    attacker_view="A stolen token or key works from anywhere, not from the listed networks alone.",
    fix=(
        "Add a Deny for everyone outside of the list (`NotIpAddress` on aws:SourceIp, "
        "`StringNotEquals` on aws:SourceVpce) beside the Allow, and deploy."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=(
        "NIST 800-53 AC-3",
        "NIST 800-53 AC-4",
        "NIST 800-53 SC-7",
        "PCI DSS v4.0.1 1.3.1",
    ),
    remediations=("restrict-policy", "block-at-waf"),
)
