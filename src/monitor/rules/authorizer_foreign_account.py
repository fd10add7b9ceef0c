"""What decides who gets in, a function or a user pool, is of an account that is not trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Attached, Flaw, Place, Unclear, at_each_authorizer
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

_ACCOUNT = re.compile(r"\d{12}\Z", re.ASCII)


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    organization = given.organization
    own = organization.trusted_accounts | {given.snapshot.api.account_id}
    named = frozenset(
        (*organization.authorizer_functions.values(), *organization.user_pools.values())
    )

    def look(_: Place, one: Attached) -> Iterator[Flaw | Unclear]:
        for arn in _deciders(one):
            account = (arn.split(":") + [""] * 5)[4]
            if _ACCOUNT.match(account) is None:
                yield Unclear(why=f"{arn} does not tell its account")
            elif account not in own and not _is_named(arn, named):
                yield Flaw(
                    title=f"account {account} decides for {one.label}",
                    routes=one.routes,
                    because=(saw(one.label, "is decided by", arn),),
                )

    yield from at_each_authorizer(given, look)


def _deciders(one: Attached) -> Iterator[str]:
    if one.authorizer.function_arn is not None:
        yield one.authorizer.function_arn
    yield from one.authorizer.user_pool_arns


def _is_named(arn: str, named: frozenset[str]) -> bool:
    """The org policy names functions without alias or version."""
    return arn in named or any(arn.startswith(f"{one}:") for one in named)


RULE = Rule(
    id="authorizer-foreign-account",
    title="An account that is not trusted decides who gets in",
    severity=Severity.HIGH,
    attacker_view="Who controls that account changes the function or the users, and lets all in.",
    fix=(
        "Move the function or the user pool into an account of yours, or name its account, or the "
        "ARN itself, in the org policy."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=("NIST 800-53 AC-3", "NIST 800-53 AC-20", "NIST 800-53 SA-9"),
    remediations=("rollback-stage", "quarantine-stage"),
)
