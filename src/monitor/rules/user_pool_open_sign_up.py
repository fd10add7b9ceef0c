"""Anybody may make an account in the user pool whose tokens open the API.

Source: Cognito developer guide, "Signing up and confirming user accounts"
(`AdminCreateUserConfig.AllowAdminCreateUserOnly`).
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.addresses import V4
from monitor.model.callers import CallerNetwork, Credential
from monitor.model.credentials import user_pools_of
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.places import WHAT_IS_LIVE, Attached, Flaw, Place, Unclear, at_each_authorizer
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, saw

_MEANT = "open_pools"
# The border between a named network and the internet, as for the width of a scope.
_BROAD = 1 << 24
_ALL_THEY_HOLD = frozenset({Credential.TOKEN})


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    meant = given.parameters.get(_MEANT, ())

    def look(place: Place, one: Attached) -> Iterator[Flaw | Unclear]:
        routes = tuple(route for route in one.routes if _a_token_is_enough(given, place, route))
        if not routes:
            return
        for arn in user_pools_of(one.authorizer, given.snapshot.api):
            pool = given.snapshot.user_pools.get(arn)
            if isinstance(meant, tuple) and arn in meant:
                continue
            if pool is None or pool.exists is None or pool.self_sign_up is None:
                if pool is None or pool.exists is not False:
                    yield Unclear(why=f"whether anybody may sign up at {arn} was not read")
            elif pool.exists and pool.self_sign_up and pool.clients != ():
                yield Flaw(
                    title=f"anybody may sign up at the user pool of {one.label}",
                    routes=routes,
                    because=(saw(f"user pool {pool.name or arn}", "self sign-up", "on"),),
                    caveats=("a pre sign-up trigger of the pool may still refuse them",),
                )

    yield from at_each_authorizer(given, look)


def _a_token_is_enough(given: RuleInput, place: Place, route: str) -> bool:
    """Whether holders of a token get in from the internet, with nothing else to hold."""
    return any(
        box.network is CallerNetwork.INTERNET
        and box.credentials == _ALL_THEY_HOLD
        and (box.addresses & V4).size > _BROAD
        for stage, access in place.accesses_to(route)
        if not given.anyone_may(stage, route)
        for box in access.callers.boxes
    )


RULE = Rule(
    id="user-pool-open-sign-up",
    title="Anybody may sign up for a token that opens the API",
    severity=Severity.HIGH,
    attacker_view="Signs up with an address of theirs, and calls the API with the token they get.",
    fix=(
        "Let administrators alone create users (`AllowAdminCreateUserOnly`), ask for scopes that "
        "fresh users do not get, or name the pool in `open_pools` if the public may sign up."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE | {Unknown.USER_POOL},
    controls=("NIST 800-53 AC-2", "NIST 800-53 IA-8", "PCI DSS v4.0.1 8.2.4"),
    remediations=("close-sign-up",),
    parameters={
        _MEANT: Parameter(
            default=(), about="ARNs of user pools where the public is meant to sign up."
        )
    },
)
