"""The resource policy lets in a foreign account or organization that the org policy does not
know."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import RouteAccess, Scope
from monitor.model.callers import OTHERS, CallerPrincipal, PrincipalKind
from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place) -> Iterator[Flaw | Unclear]:
        for stage, access in place.accesses:
            if access.access.scope is Scope.UNKNOWN:
                yield Unclear(why=f"who can call {access.route} cannot be decided")
            # Where the org policy says who may call, who else can is found by that.
            elif given.bound_of(stage, access.route).allowed is None:
                yield from _strangers(given, access)

    yield from at_each_place(given, look)


def _strangers(given: RuleInput, access: RouteAccess) -> Iterator[Flaw | Unclear]:
    organization = given.organization.organization_id
    trusted = given.organization.trusted_accounts | {given.snapshot.api.account_id}
    for proven, who in _signed(access):
        if who.account not in (None, OTHERS) and who.account not in trusted:
            name, what = str(who.account), "account"
        elif who.account != OTHERS or who.organization in (None, OTHERS, organization):
            continue
        elif organization is None:
            yield Unclear(why="the org policy does not say which organization is ours")
            continue
        else:
            name, what = str(who.organization), "organization"
        if not proven:
            yield Unclear(why=f"whether {what} {name} gets in cannot be decided")
            continue
        yield Flaw(
            title=f"{what} {name}, which the org policy does not name, is let in",
            routes=(access.route,),
            because=(saw("resource policy", f"lets in {what}", name),),
        )


def _signed(access: RouteAccess) -> Iterator[tuple[bool, CallerPrincipal]]:
    """Everybody who gets in with a signature, once each, and whether that is certain."""
    found: dict[CallerPrincipal, bool] = {}
    for box in access.callers.boxes:
        for one in box.principals:
            if one.kind is PrincipalKind.SIGNED:
                found[one] = found.get(one, False) or box.proven
    for who in sorted(found, key=lambda one: (one.account or "", one.organization or "")):
        yield found[who], who


RULE = Rule(
    id="policy-names-untrusted-account",
    title="The resource policy lets in an account that the org policy does not know",
    severity=Severity.HIGH,
    attacker_view="Whoever holds credentials of that account, stolen ones too, calls the API.",
    fix=(
        "Take the account out of the resource policy and deploy, or name it among `accounts` or "
        "`partners` of the org policy if it is trusted."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=("NIST 800-53 AC-3", "NIST 800-53 AC-6", "PCI DSS v4.0.1 7.2.1"),
    remediations=("restrict-policy", "rollback-stage"),
)
