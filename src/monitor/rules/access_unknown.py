"""It could not be told who can invoke: something was not read, or cannot be decided."""

from __future__ import annotations

from collections.abc import Iterator
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
    others = [gap for gap in gaps if gap.unknown not in _HIDES_STAGES | _HIDES_THE_DRAFT]
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
    problem = _problem(f"who may call stage {stage.stage}", gaps)
    if not gaps and _only_a_web_acl_stands_before(stage.stage, given):
        title = (
            f"perhaps anyone can call stage {stage.stage}: only its web ACL, some of whose rules "
            "are not understood, stands before it"
        )
        problem = replace(problem, title=title)
    undecided = next((r for r in stage.live_routes if r.route in found.undecided), None)
    access = undecided.access if undecided else stage.live
    return replace(
        problem,
        stage=stage.stage,
        routes=found.undecided,
        because=(*problem.because, *access.because),
        caveats=access.caveats,
    )


def _only_a_web_acl_stands_before(name: str, given: RuleInput) -> bool:
    """Managed and custom rules turn some requests away, and who that is they do not say."""
    acls = (one.web_acl for one in given.snapshot.stages if one.name == name)
    return any(acl is not None and acl.rules is None for acl in acls)


def _problem(what: str, gaps: list[Gap]) -> Problem:
    return Problem(
        undecided=True,
        title=f"nobody can say {what}: {_what(gaps) or 'its configuration cannot be decided'}",
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
        "Give Gatewatch's role the read that was refused, or look again once the throttling or the "
        "fault is over; the answer names the call and its error."
    ),
    check=_check,
)
