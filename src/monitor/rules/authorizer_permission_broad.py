"""The function that decides may be invoked by more than the API whose authorizer it is.

Source: Lambda guide, "Working with resource-based IAM policies in Lambda" (aws:SourceArn,
aws:SourceAccount for services); IAM user guide, "The confused deputy problem".
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.iampolicy.document import Effect, PrincipalKind, Statement, parse
from monitor.iampolicy.intent import demands, is_for_everyone, named_accounts
from monitor.iampolicy.resources import matches_action
from monitor.iampolicy.three_valued import Truth
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.places import WHAT_IS_LIVE, Attached, Flaw, Place, Unclear, at_each_authorizer
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

_INVOKE = "lambda:invokefunction"
_GATEWAY = "apigateway.amazonaws.com"
_NARROWING = frozenset(
    {
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalarn",
    }
)


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(_: Place, one: Attached) -> Iterator[Flaw | Unclear]:
        arn = one.authorizer.function_arn
        if arn is None:
            return
        function = given.snapshot.functions.get(arn)
        if function is None or function.exists is None:
            yield Unclear(why=f"who may invoke {arn} was not read")
            return
        document = parse(function.policy) if function.policy is not None else None
        if document is None:
            return
        if not document.readable:
            yield Unclear(why=f"the policy of {arn} cannot be read")
        for statement in document.statements:
            for who, severity in _invited(statement, given):
                yield Flaw(
                    title=f"{who} may invoke the function of {one.label}",
                    routes=one.routes,
                    severity=severity,
                    because=(
                        saw(f"policy of {arn}, {statement.sid or statement.place}", "lets in", who),
                    ),
                )

    yield from at_each_authorizer(given, look)


def _invited(statement: Statement, given: RuleInput) -> Iterator[tuple[str, Severity]]:
    action = statement.action
    if statement.effect is not Effect.ALLOW or action is None:
        return
    if matches_action(action, _INVOKE) is Truth.NO or _is_narrowed(statement, given):
        return
    if is_for_everyone(statement):
        yield "anyone", Severity.HIGH
        return
    trusted = given.organization.trusted_accounts | {given.snapshot.api.account_id}
    for account in sorted(named_accounts(statement) - trusted):
        yield f"account {account}", Severity.MEDIUM
    services = statement.principal.items if statement.principal else ()
    if any(one.kind is PrincipalKind.SERVICE and one.text == _GATEWAY for one in services):
        yield "any API of any AWS account", Severity.LOW


def _is_narrowed(statement: Statement, given: RuleInput) -> bool:
    """Whether it asks who is behind the call: an account, an organization, or an API of ours."""
    trusted = given.organization.trusted_accounts | {given.snapshot.api.account_id}
    for demand in demands(statement):
        if demand.excludes or demand.operator.if_exists:
            continue
        if demand.key in _NARROWING:
            return True
        if demand.key == "aws:sourcearn":
            texts = [term.text for term in demand.condition.values]
            if all((text.split(":") + [""] * 5)[4] in trusted for text in texts):
                return True
    return False


RULE = Rule(
    id="authorizer-permission-broad",
    title="More than the API may invoke the authorizer's function",
    severity=Severity.HIGH,
    attacker_view=(
        "Asks the function directly, from an API or account of their own, until it tells which "
        "credentials are good and what it knows of their holders."
    ),
    fix=(
        "Let the function's policy name apigateway.amazonaws.com alone, with an aws:SourceArn of "
        "this API's authorizers."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE | {Unknown.FUNCTION},
    controls=(
        "FSBP Lambda.1",
        "NIST 800-53 AC-3",
        "NIST 800-53 AC-6",
        "PCI DSS v4.0.1 7.2.1",
    ),
)
