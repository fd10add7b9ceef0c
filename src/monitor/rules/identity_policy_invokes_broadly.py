"""Users and roles of the account that may invoke every API of it, on an API that trusts signatures.

Source: API Gateway guide, "Control access for invoking an API"; IAM user guide, "Permissions
boundaries for IAM entities".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.iampolicy.glob import glob, matches
from monitor.iampolicy.resources import resource_pattern
from monitor.iampolicy.three_valued import Truth
from monitor.model.access import Scope, StageAccess
from monitor.model.api import ApiId, AuthorizationType
from monitor.model.behind import Invoker, InvokeStatement
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.places import WHAT_IS_LIVE
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, saw

# Two APIs that nobody has: a pattern that matches both was not written for one API.
_INVENTED = ("0invented0", "9dreamt0up")
_MOST = 10
_MOST_NAMES = 3
_IGNORED = "ignored_policies"
_SERVICE_LINKED = ":role/aws-service-role/"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    trusting = [one for one in given.access.stages if _trusts_signatures(given, one)]
    if not trusting:
        return
    if given.snapshot.invokers is None:
        yield CannotTell(why="the identities of the account were not read")
        return
    ignored = given.parameters.get(_IGNORED, ())
    patterns = ignored if isinstance(ignored, tuple) else ()
    broad: list[tuple[Invoker, str]] = []
    for invoker in given.snapshot.invokers:
        policy = _broad_by(invoker, given.snapshot.api, patterns)
        if policy is None:
            yield CannotTell(why=f"what {invoker.arn} may invoke cannot be told")
        elif policy:
            broad.append((invoker, policy))
    if broad:
        yield _problem(broad)


def _problem(broad: list[tuple[Invoker, str]]) -> Problem:
    names = [one.arn.split(":", 5)[-1] for one, _ in broad]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return Problem(
        title=f"{', '.join(names[:_MOST_NAMES])}{more} may invoke every API of the account",
        scope=Scope.OWN_ACCOUNT,
        because=tuple(
            saw(one.arn, "may invoke every API by", policy) for one, policy in broad[:_MOST]
        ),
    )


def _trusts_signatures(given: RuleInput, stage: StageAccess) -> bool:
    """Whether a route takes signatures of the account's own principals, whoever they are."""
    own = given.snapshot.api.account_id
    signed = {
        route.key
        for configuration in given.snapshot.deployments.values()
        for route in configuration.routes or ()
        if route.authorization is AuthorizationType.AWS_IAM
    }
    return any(
        principal.account == own
        for access in stage.live_routes
        if access.route in signed
        for box in access.callers.boxes
        for principal in box.principals
    )


def _broad_by(invoker: Invoker, api: ApiId, ignored: Iterable[str]) -> str | None:
    """The policy by which an identity may invoke every API; empty if it may not, None if nobody can
    say."""
    if _SERVICE_LINKED in invoker.arn:
        return ""
    counted = [
        one
        for one in invoker.statements
        if not any(matches(glob(pattern), one.policy) for pattern in ignored)
    ]
    allowing = [(one, _covers(one, api)) for one in counted if one.allows is not False]
    best = max((sure for _, sure in allowing), default=Truth.NO)
    bounding = invoker.boundary or ()
    denying = [one for one in (*counted, *bounding) if one.allows is False]
    denied = max((_covers(one, api) for one in denying), default=Truth.NO)
    within = Truth.YES
    if invoker.boundary is not None:
        allowed = (_covers(one, api) for one in bounding if one.allows is not False)
        within = max(allowed, default=Truth.NO)
    found = min(best, within, denied.negation)
    if found is Truth.NO:
        return ""
    if found is Truth.UNKNOWN:
        return None
    by = next(one for one, sure in allowing if sure is Truth.YES)
    return f"{by.policy} (group {by.group})" if by.group else by.policy


def _covers(statement: InvokeStatement, api: ApiId) -> Truth:
    """Whether the statement speaks of every API of the account and region, and of every caller's
    request: one with a condition does not."""
    if statement.conditional:
        return Truth.NO
    if not statement.certain or statement.allows is None:
        return Truth.UNKNOWN
    return min(_speaks_of(statement, api, invented) for invented in _INVENTED)


def _speaks_of(statement: InvokeStatement, api: ApiId, invented: str) -> Truth:
    arn = f"arn:{api.partition}:execute-api:{api.region}:{api.account_id}:{invented}"
    found = max(
        (
            resource_pattern(glob(text), arn).matches(f"{arn}/stage/GET/path", "GET")
            for text in statement.resources
        ),
        default=Truth.NO,
    )
    return found.negation if statement.negated else found


RULE = Rule(
    id="identity-policy-invokes-broadly",
    title="Users or roles may invoke every API of the account",
    # Each API that trusts signatures tells it; no one of them owns it.
    severity=Severity.LOW,
    attacker_view="Credentials of one such role, from any machine that runs as it, open every API.",
    fix=(
        "Narrow the Resource of execute-api:Invoke in the policy that is named to the APIs and "
        "methods that the identity needs."
    ),
    check=_check,
    rests_on=WHAT_IS_LIVE | {Unknown.IDENTITIES},
    controls=(
        "NIST 800-53 AC-3",
        "NIST 800-53 AC-6",
        "PCI DSS v4.0.1 7.2.1",
        "PCI DSS v4.0.1 7.2.2",
    ),
    parameters={
        _IGNORED: Parameter(
            default=(
                "arn:aws*:iam::aws:policy/AdministratorAccess*",
                "arn:aws*:iam::aws:policy/PowerUserAccess",
            ),
            about=(
                "Policies, by ARN or name with wildcards, that say nothing new: who holds them may "
                "change the API itself."
            ),
        )
    },
)
