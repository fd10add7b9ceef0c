"""An authorizer trusts tokens of a user pool that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.credentials import user_pools_of
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.places import WHAT_IS_LIVE, Attached, Flaw, Place, Unclear, at_each_authorizer
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(_: Place, one: Attached) -> Iterator[Flaw | Unclear]:
        for arn in user_pools_of(one.authorizer, given.snapshot.api):
            pool = given.snapshot.user_pools.get(arn)
            if pool is None or pool.exists is None:
                yield Unclear(why=f"whether {arn} exists was not read")
            elif not pool.exists:
                yield Flaw(
                    title=f"the user pool of {one.label} does not exist",
                    routes=one.routes,
                    because=(saw(one.label, "trusts the missing", arn),),
                )

    yield from at_each_authorizer(given, look)


RULE = Rule(
    id="user-pool-missing",
    title="An authorizer's user pool does not exist",
    severity=Severity.MEDIUM,
    attacker_view=(
        "Nobody can revoke tokens of a pool that is gone, and whoever mends the outage in a hurry "
        "may do so by taking the authorizer off."
    ),
    fix="Point the authorizer to the pool that your users are in, and deploy.",
    check=_check,
    rests_on=WHAT_IS_LIVE | {Unknown.USER_POOL},
    controls=("NIST 800-53 AC-2", "NIST 800-53 AC-3", "NIST 800-53 CM-6"),
    remediations=("rollback-stage", "quarantine-stage"),
)
