"""A JWT authorizer trusts an issuer that the org policy does not name, or one that gives tokens to
everybody.

Source: API Gateway guide, "Control access to HTTP APIs with JWT authorizers in API Gateway".
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.iampolicy.glob import glob, matches
from monitor.model.api import AuthorizerKind
from monitor.model.callers import issuer_of_pool
from monitor.model.credentials import user_pools_of
from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Attached, Flaw, Place, Unclear, at_each_authorizer
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, saw

_PUBLIC = "public_issuers"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    organization = given.organization
    pools = map(issuer_of_pool, organization.user_pools.values())
    named = (*organization.token_issuers.values(), *pools)
    trusted = {one.rstrip("/") for one in named if one}
    public = given.parameters[_PUBLIC]

    def look(place: Place, one: Attached) -> Iterator[Flaw | Unclear]:
        if one.authorizer.kind is not AuthorizerKind.JWT:
            return
        issuer = (one.authorizer.issuer or "").rstrip("/")
        if not issuer:
            yield Unclear(why=f"the issuer of {one.label} was not read")
        elif issuer in trusted or _is_our_pool(given, one):
            return
        elif isinstance(public, tuple) and any(matches(glob(each), issuer) for each in public):
            yield _flaw(one, one.routes, issuer, "gives tokens to everybody", Severity.HIGH)
        elif trusted:
            # Where the org policy says whose tokens are good, it is told already who else gets in.
            if routes := tuple(key for key in one.routes if not _is_told(given, place, key)):
                what = "is not named by the org policy"
                yield _flaw(one, routes, issuer, what, Severity.MEDIUM)
        else:
            yield Unclear(why="the org policy does not say which token issuers are trusted")

    yield from at_each_authorizer(given, look)


def _is_told(given: RuleInput, place: Place, route: str) -> bool:
    return any(given.exceeds(stage, access) for stage, access in place.accesses_to(route))


def _flaw(
    one: Attached, routes: tuple[str, ...], issuer: str, what: str, severity: Severity
) -> Flaw:
    return Flaw(
        title=f"the issuer of {one.label} {what}",
        routes=routes,
        severity=severity,
        because=(saw(one.label, "trusts tokens of", issuer),),
    )


def _is_our_pool(given: RuleInput, one: Attached) -> bool:
    """A user pool of the API's own account, which was seen there."""
    found = (
        given.snapshot.user_pools.get(arn)
        for arn in user_pools_of(one.authorizer, given.snapshot.api)
    )
    return any(pool is not None and pool.exists for pool in found)


RULE = Rule(
    id="jwt-issuer-untrusted",
    title="A JWT authorizer trusts an issuer that is not trusted",
    severity=Severity.HIGH,
    attacker_view="Gets a token from that issuer, which gives it to others than you would.",
    fix=(
        "Point the authorizer to an issuer of yours, or name this one among `token_issuers` of the "
        "org policy; of an issuer that everybody may use, let your own issuer exchange the token."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=("NIST 800-53 AC-3", "NIST 800-53 IA-8", "PCI DSS v4.0.1 8.3.1"),
    remediations=("rollback-stage", "quarantine-stage"),
    parameters={
        _PUBLIC: Parameter(
            default=(
                "https://accounts.google.com",
                "https://appleid.apple.com",
                "https://www.facebook.com",
                "https://login.microsoftonline.com/common/*",
                "https://login.microsoftonline.com/consumers/*",
                "https://login.microsoftonline.com/organizations/*",
                "https://token.actions.githubusercontent.com",
                "https://gitlab.com",
            ),
            about="Issuers, with wildcards, from which everybody gets a token.",
        )
    },
)
