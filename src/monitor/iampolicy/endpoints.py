"""What the policy of a VPC endpoint lets through to an API of somebody else.

Source: API Gateway guide, "Use VPC endpoint policies for private APIs in API Gateway"; VPC guide,
"Control access to VPC endpoints using endpoint policies" (the default policy allows everything).
"""

from __future__ import annotations

from monitor.iampolicy.document import Effect, Statement, Version, parse
from monitor.iampolicy.intent import is_for_everyone
from monitor.iampolicy.resources import ResourceRule, matches_action
from monitor.iampolicy.three_valued import Truth
from monitor.iampolicy.variables import Unresolved
from monitor.model.api import ApiId

_STRANGE_ACCOUNT = "999999999999"
_STRANGE_API = "zzzzzzzzzz"


def lets_all_through(text: str | None, api: ApiId) -> bool | None:
    """Whether anybody may call an API of a foreign account through the endpoint, without any
    condition. `api`: one of the endpoint's region. None: that cannot be told."""
    if text is None:
        return True
    document = parse(text)
    if not document.readable:
        return None
    foreign = ApiId(
        account_id=_STRANGE_ACCOUNT,
        region=api.region,
        api_id=_STRANGE_API,
        partition=api.partition,
    )
    allowed = Truth.NO
    for statement in document.statements:
        spoken = _speaks(statement, foreign, document.version)
        if spoken is Truth.NO:
            continue
        if statement.effect is not Effect.ALLOW:
            # A Deny of some callers or of some APIs is a fence; how far it goes is the owner's.
            return False if statement.effect is Effect.DENY else None
        allowed = max(allowed, spoken)
    return None if allowed is Truth.UNKNOWN else allowed is Truth.YES


def _speaks(statement: Statement, foreign: ApiId, version: Version) -> Truth:
    if statement.principal is None or statement.action is None or statement.resource is None:
        return Truth.NO
    rule = ResourceRule.of(
        statement.resource,
        version=version,
        lookup=lambda _: Unresolved.MISSING,
        api_arn=foreign.execute_arn("", "", "").partition("/")[0],
    )
    found = min(
        matches_action(statement.action),
        rule.matches(foreign.execute_arn("prod", "GET", "/"), "GET"),
    )
    if statement.effect is Effect.ALLOW and (
        statement.conditions or not is_for_everyone(statement)
    ):
        return Truth.NO
    return min(found, Truth.UNKNOWN) if statement.problems else found
