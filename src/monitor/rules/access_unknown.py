"""It could not be told who can invoke: something was not read, or cannot be decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from monitor.model.access import Reason, Scope, StageAccess
from monitor.model.callers import EVERY_CALLER
from monitor.model.excess import Excess, excess_of
from monitor.model.finding import Severity
from monitor.model.gaps import Gap, Unknown
from monitor.model.rule import Problem, Rule, RuleInput

ID = "access-unknown"

_HIDES_STAGES = frozenset({Unknown.API, Unknown.STAGES})
_HIDES_THE_DRAFT = frozenset({Unknown.DRAFT_ROUTES, Unknown.AUTHORIZERS})
_SAYS_NOT_WHO_CALLS = frozenset(
    {
        Unknown.PLANS,
        Unknown.KEYS,
        Unknown.USAGE,
        Unknown.DISTRIBUTIONS,
        Unknown.INTEGRATIONS,
        Unknown.USER_POOL,
        Unknown.FUNCTION,
        Unknown.IDENTITIES,
    }
)

# What in a chain of reasons leaves it open, by the code of the reason.
_WHY = {
    "door-assumed": "which doors lead to it was not read",
    "configuration-unread": "what it serves was not read",
    "routes-unread": "what it serves was not read",
    "authorization-unknown": "what its routes ask for was not read",
    "lambda-asks-nothing": "only the code of a Lambda authorizer decides",
    "key-unknown": "whether its routes ask for an API key was not read",
    "policy-unread": "its resource policy was not read",
    "policy-malformed": "its resource policy is malformed",
    "policy-may-allow": "what its resource policy allows is not certain",
    "policy-may-deny": "what its resource policy denies is not certain",
    "policy-too-entangled": "its resource policy is too entangled to be followed",
}


def _check(given: RuleInput) -> Iterator[Problem]:
    gaps = given.snapshot.gaps
    if hidden := [gap for gap in gaps if gap.unknown in _HIDES_STAGES]:
        yield _problem("who may call this API", hidden)
    if drafts := [gap for gap in gaps if gap.unknown in _HIDES_THE_DRAFT]:
        yield replace(
            _problem("what the next deployment opens", drafts),
            severity=Severity.LOW,
            live=False,
        )
    elsewhere = _HIDES_STAGES | _HIDES_THE_DRAFT | _SAYS_NOT_WHO_CALLS
    others = [gap for gap in gaps if gap.unknown not in elsewhere]
    for stage in given.access.stages:
        if undecided := _undecided(stage, given):
            yield _stage(stage, undecided, others, given)


def _undecided(stage: StageAccess, given: RuleInput) -> Excess | None:
    """Routes of which nobody can say whether they exceed what is allowed. Where anyone may call, it
    does not matter who can."""
    bound_of = partial(given.bound_of, stage.stage)
    found = excess_of(stage.live_routes, bound_of)
    unread = stage.live.public is None and not stage.live_routes
    return found if found.undecided or (unread and bound_of("").allowed != EVERY_CALLER) else None


def _stage(stage: StageAccess, found: Excess, gaps: list[Gap], given: RuleInput) -> Problem:
    undecided = next((r for r in stage.live_routes if r.route in found.undecided), None)
    access = undecided.access if undecided else stage.live
    why = _why(access.because, given)
    problem = _problem(f"who may call stage {stage.stage}", gaps, why)
    if not gaps and not why and _only_a_web_acl_stands_before(stage.stage, given):
        title = (
            f"perhaps anyone can call stage {stage.stage}: only its web ACL, some of whose rules "
            "are not understood, stands before it"
        )
        problem = replace(problem, title=title)
    return replace(
        problem,
        # The code is there to decide, and nothing says that it decides badly.
        severity=Severity.MEDIUM if why == _WHY["lambda-asks-nothing"] and not gaps else None,
        stage=stage.stage,
        routes=found.undecided,
        because=(*problem.because, *access.because),
        caveats=access.caveats,
    )


def _only_a_web_acl_stands_before(name: str, given: RuleInput) -> bool:
    """Managed and custom rules turn some requests away, and who that is they do not say."""
    acls = (one.web_acl for one in given.snapshot.stages if one.name == name)
    return any(acl is not None and acl.rules is None for acl in acls)


def _why(because: Iterable[Reason], given: RuleInput) -> str:
    """Empty where the chain of reasons does not show it."""
    codes = {reason.code for reason in because}
    if (why := next((text for code, text in _WHY.items() if code in codes), "")) != "":
        return why
    # The policies of endpoints are no link of the chain.
    unread = any(one.policy is None for one in given.snapshot.vpc_endpoints or ())
    return "the policy of a VPC endpoint was not read" if unread else ""


def _problem(what: str, gaps: list[Gap], why: str = "") -> Problem:
    reason = _what(gaps) or why or "its configuration cannot be decided"
    return Problem(
        undecided=True,
        title=f"nobody can say {what}: {reason}",
        scope=Scope.UNKNOWN,
        because=_reasons(gaps),
    )


def _what(gaps: list[Gap]) -> str:
    return ", ".join(dict.fromkeys(f"{gap.operation} answered {gap.error_code}" for gap in gaps))


def _reasons(gaps: list[Gap]) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            code="gap",
            place=gap.subject,
            fields={
                "operation": f"{gap.service}:{gap.operation}",
                "error_code": gap.error_code,
                "unknown": gap.unknown.value,
            },
        )
        for gap in gaps
    )


RULE = Rule(
    id=ID,
    title="Access is unknown",
    severity=Severity.HIGH,
    attacker_view="Whatever is open here, nobody is watching it.",
    fix=(
        "Give Gatewatch's role the read that the finding names, or look again once the fault is "
        "over. Where only an authorizer's code decides, give it an identity source."
    ),
    check=_check,
    # Of an endpoint that is not read, nobody knows the policy either.
    rests_on=frozenset({Unknown.VPC_ENDPOINTS}),
)
