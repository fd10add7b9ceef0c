"""The resource policy lets in AWS principals only, by name or by a condition on who signed, and
methods that check no signature are shut for everybody.

Source: API Gateway guide, "Create and attach an API Gateway resource policy to an API": where the
policy names AWS principals, methods without AWS_IAM fail. IAM user guide, "AWS global condition
context keys": those of the principal are in the request of a principal only.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.iampolicy.document import Effect, PolicyDocument, Statement
from monitor.iampolicy.intent import (
    demands,
    documents,
    is_for_everyone,
    named_accounts,
    speaks_of,
)
from monitor.iampolicy.operators import Quantifier
from monitor.model.api import ApiType, AuthorizationType, Configuration, Route
from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

# What a Lambda authorizer's own answer opens in spite of it is not documented.
_SHUT = frozenset({AuthorizationType.NONE, AuthorizationType.COGNITO_USER_POOLS})
_WHO_SIGNED = frozenset(
    {"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths"}
)


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place) -> Iterator[Flaw | Unclear]:
        for configuration in place.configurations:
            # Preflight requests matter to browsers only, and may well be refused on purpose.
            routes = [
                one
                for one in configuration.routes or ()
                if one.authorization in _SHUT and one.method != "OPTIONS"
            ]
            if routes and not configuration.policies:
                yield Unclear(why="the resource policy was not read")
            yield from _configuration(given, place, configuration, routes)

    if given.snapshot.api_type is ApiType.REST:
        yield from at_each_place(given, look)


def _configuration(
    given: RuleInput, place: Place, configuration: Configuration, routes: list[Route]
) -> Iterator[Flaw | Unclear]:
    read = [one for one in documents(configuration) if one is not None]
    if routes and any(not one.readable for one in read):
        yield Unclear(why="the resource policy cannot be read")
        return
    for route in routes:
        shut_by = [_shut_by(given, place.stage, one, route) for one in read]
        if not any(shut_by):
            continue
        if not all(shut_by) or len(read) < len(configuration.policies):
            yield Unclear(why="which resource policy is in force is not known")
            continue
        yield Flaw(
            title="the resource policy allows only AWS principals, which shuts methods without "
            "AWS_IAM",
            routes=(route.key,),
            because=(
                saw(f"policy.{shut_by[0]}", "allows", "AWS principals only"),
                saw(f"route {route.key}", "authorization", route.authorization),
            ),
        )


def _shut_by(given: RuleInput, stage: str, document: PolicyDocument, route: Route) -> str:
    """The place of an Allow for principals, if no other one lets everyone in."""
    allows = [
        one
        for one in document.statements
        if one.effect is not Effect.DENY and speaks_of(one, given.snapshot.api, stage, route)
    ]
    if any(one.effect is None or one.problems for one in allows):
        return ""
    # Whether a token makes up for such a condition is not documented.
    unsigned = route.authorization is AuthorizationType.NONE
    asking = [one for one in allows if unsigned and _asks_who_signed(one)]
    if any(is_for_everyone(one) and one not in asking for one in allows):
        return ""
    return next((one.place for one in allows if named_accounts(one) or one in asking), "")


def _asks_who_signed(statement: Statement) -> bool:
    """Whether it holds of no caller who did not sign: the key is not there then."""
    return any(
        one.key in _WHO_SIGNED
        and not one.excludes
        and not one.operator.if_exists
        and one.operator.quantifier is not Quantifier.FOR_ALL
        for one in demands(statement)
    )


RULE = Rule(
    id="policy-shuts-own-methods",
    title="The resource policy shuts the API's own methods",
    severity=Severity.LOW,
    attacker_view="Waits until somebody mends the outage by opening the policy to everyone.",
    fix=(
        "Give the methods AWS_IAM authorization if only those principals are to call them, or a "
        "statement of their own for everyone, fenced by networks; then deploy."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=("NIST 800-53 CM-6",),
    remediations=("require-authorization", "restrict-policy", "rollback-stage"),
)
