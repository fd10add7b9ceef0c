"""What one policy says about one request.

Source: IAM user guide, "Policy evaluation logic" and the pages on the policy elements.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from monitor.access.reference.context import RequestContext, arn_parts
from monitor.access.reference.operators import condition_holds
from monitor.access.reference.text import (
    Unresolved,
    matches,
    matches_in_segments,
    pattern,
    resolve,
)
from monitor.access.reference.three_valued import Tri, agreed, all_of, any_of, negation
from monitor.iampolicy.document import (
    Condition,
    Effect,
    PolicyDocument,
    PrincipalKind,
    Principals,
    PrincipalTerm,
    Statement,
    Terms,
    Version,
)
from monitor.model.api import ApiId
from monitor.model.request import ANONYMOUS

INVOKE = "execute-api:Invoke"


@dataclass(frozen=True, slots=True)
class Asked:
    """The question put to a policy: may `principal` do Invoke on `resource`?"""

    api: ApiId
    principal: str
    stage: str
    method: str
    path: str
    context: RequestContext

    @property
    def resource(self) -> str:
        return self.api.execute_arn(self.stage, self.method, self.path)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether some statement allows, and whether some statement denies."""

    allow: Tri
    deny: Tri

    @property
    def grants(self) -> Tri:
        return all_of((self.allow, negation(self.deny)))


SILENT = Outcome(allow=False, deny=False)
UNKNOWN = Outcome(allow=None, deny=None)


def outcome(document: PolicyDocument, asked: Asked) -> Outcome:
    if not document.readable:
        return UNKNOWN
    variables = document.version is Version.V2012
    allow: Tri = False
    deny: Tri = False
    for statement in document.statements:
        applies = statement_applies(statement, asked, variables=variables)
        if statement.effect is Effect.ALLOW:
            allow = any_of((allow, applies))
        elif statement.effect is Effect.DENY:
            deny = any_of((deny, applies))
        elif applies is not False:
            allow, deny = any_of((allow, None)), any_of((deny, None))
    return Outcome(allow, deny)


def statement_applies(statement: Statement, asked: Asked, *, variables: bool) -> Tri:
    """A statement of a resource policy without Principal, Action or Resource is invalid; it does
    nothing.

    Source: IAM user guide, "Grammar of the IAM JSON policy language".
    """
    if statement.principal is None or statement.action is None or statement.resource is None:
        return False
    return all_of(
        (
            principal_matches(statement.principal, statement.effect, asked.principal),
            action_matches(statement.action),
            resource_matches(statement.resource, asked, variables=variables),
            conditions_hold(statement, asked.context, variables=variables),
        )
    )


def principal_matches(element: Principals, effect: Effect | None, principal: str) -> Tri:
    unreadable: list[Tri] = [None] if element.problems else []
    if element.negated:
        return _not_principal(element, effect, principal, unreadable)
    return any_of([*(_names(term, principal, effect) for term in element.items), *unreadable])


def _not_principal(
    element: Principals, effect: Effect | None, principal: str, unreadable: list[Tri]
) -> Tri:
    """Allow + NotPrincipal reaches everyone who is not named, anonymous callers too. Deny +
    NotPrincipal may also deny a user who is named without the account.

    Source: IAM user guide, "AWS JSON policy elements: NotPrincipal".
    """
    named = any_of([*(_names(term, principal, effect) for term in element.items), *unreadable])
    if effect is Effect.ALLOW or named is not True:
        return negation(named)
    everyone = any(term.kind is PrincipalKind.EVERYONE for term in element.items)
    wholly = _names_account(element, principal) and _names_itself(element, principal)
    return False if everyone or wholly else None


def _names_account(element: Principals, principal: str) -> bool:
    return any(_is_account(term, principal) for term in element.items)


def _names_itself(element: Principals, principal: str) -> bool:
    return any(term.text == principal for term in element.items)


def _names(term: PrincipalTerm, principal: str, effect: Effect | None) -> Tri:
    """Source: IAM user guide, "AWS JSON policy elements: Principal"."""
    if term.kind is PrincipalKind.EVERYONE:
        return True
    if term.kind is PrincipalKind.EVERYONE_BARE:
        # Not in the grammar: everyone where that is the wider reading.
        return True if effect is Effect.ALLOW else None
    if term.kind is not PrincipalKind.AWS or principal == ANONYMOUS:
        return False
    return (
        term.text == principal or _is_account(term, principal) or _is_role_of(term.text, principal)
    )


def _is_account(term: PrincipalTerm, principal: str) -> bool:
    partition, account, _, _ = arn_parts(principal)
    return term.text in (account, f"arn:{partition}:iam::{account}:root")


def _is_role_of(text: str, principal: str) -> bool:
    """A session `assumed-role/NAME/SESSION` is its role, whatever the role's path."""
    _, account, kind, name = arn_parts(principal)
    _, role_account, role_kind, role_name = arn_parts(text)
    return (
        (kind, role_kind) == ("assumed-role", "role")
        and account == role_account
        and role_name.rpartition("/")[2] == name.partition("/")[0]
    )


def action_matches(element: Terms) -> Tri:
    """Names ignore case. Only Invoke opens a route.

    Source: API Gateway developer guide, "Control access for invoking an API".
    """
    fits = [matches(pattern(term.text.lower()), INVOKE.lower()) for term in element.items]
    return _element(element, fits)


def _element(element: Terms, fits: list[bool] | list[Tri]) -> Tri:
    unreadable: list[Tri] = [None] if element.problems else []
    found = any_of([*fits, *unreadable])
    return negation(found) if element.negated else found


def resource_matches(element: Terms, asked: Asked, *, variables: bool) -> Tri:
    fits = [_resource_fits(term.text, asked, variables=variables) for term in element.items]
    return _element(element, fits)


def _resource_fits(text: str, asked: Asked, *, variables: bool) -> Tri:
    expanded = expand_short_form(text, asked.api)
    spoken = _arn_fits(expanded, asked, variables=variables)
    if spoken is not False or "/ANY" not in expanded:
        return spoken
    # `ANY` as a verb in a pattern is not described.
    verb = re.sub(r"/ANY(?=/|$)", f"/{asked.method}", expanded)
    return False if _arn_fits(verb, asked, variables=variables) is False else None


def expand_short_form(text: str, api: ApiId) -> str:
    """`execute-api:/stage/VERB/path` speaks of this API.

    Source: API Gateway developer guide, "API Gateway resource policy examples".
    """
    if not text.startswith("execute-api:/"):
        return text
    rest = text.removeprefix("execute-api:")
    return f"arn:{api.partition}:execute-api:{api.region}:{api.account_id}:{api.api_id}{rest}"


def _arn_fits(text: str, asked: Asked, *, variables: bool) -> Tri:
    """A star that ends a segment may cross colons; whether another wildcard may is not described.
    Variables work after the fifth colon, and no wildcard is taken in the service segment.

    Source: IAM user guide, "IAM JSON policy elements: Resource" and "variables and tags".
    """
    if text == "*":
        return True
    if text.startswith("execute-api:"):
        # Not a documented short form.
        return None
    head, tail = _split_after_fifth_colon(text)
    if variables and "${" in head:
        return None
    resolved = resolve(tail, asked.context.lookup, variables=variables)
    if resolved is Unresolved.MISSING:
        return False
    if isinstance(resolved, Unresolved):
        return None
    whole = (*pattern(head), *resolved)
    if not matches(whole, asked.resource):
        return False
    names_service = text.split(":")[2:3] == ["execute-api"]
    return True if names_service and matches_in_segments(whole, asked.resource) else None


def _split_after_fifth_colon(text: str) -> tuple[str, str]:
    segments = text.split(":", 5)
    if len(segments) < 6:
        return text, ""
    return ":".join([*segments[:5], ""]), segments[5]


def conditions_hold(statement: Statement, context: RequestContext, *, variables: bool) -> Tri:
    """Operators and keys are ANDed. One key twice in an operator, in two spellings, is not
    described: it holds only if each spelling does, and fails only if each fails."""
    results: dict[tuple[str, str], list[Tri]] = defaultdict(list)
    for condition in statement.conditions:
        place = condition.operator, condition.key.lower()
        results[place].append(_condition_holds(condition, context, variables=variables))
    unreadable: list[Tri] = [] if statement.conditions_readable else [None]
    return all_of([*(agreed(found) for found in results.values()), *unreadable])


def _condition_holds(condition: Condition, context: RequestContext, *, variables: bool) -> Tri:
    unreadable: tuple[str | None, ...] = (None,) if condition.problems else ()
    return condition_holds(
        condition.operator,
        condition.key,
        (*(term.text for term in condition.values), *unreadable),
        context.lookup,
        variables=variables,
    )
