"""How an excess is put before a person: title, severity and the clause that it breaks."""

from __future__ import annotations

from monitor.model.access import Reason, Scope
from monitor.model.callers import Caller, Credential
from monitor.model.excess import CounterExample, Excess, who
from monitor.model.finding import Severity
from monitor.model.rule import Problem, RuleInput


def problem_of(
    found: Excess, example: CounterExample, given: RuleInput, *, stage: str, live: bool
) -> Problem:
    """One problem for all routes of a stage that exceed what is allowed."""
    access = example.route.access
    count = f"{len(found.exceeding)} route{'s' if len(found.exceeding) != 1 else ''}"
    subject = _PUBLIC.get(access.scope) if access.public else None
    if subject is None and example.caller is not None:
        subject = who(example.caller, given.snapshot.api.account_id)
    when = "" if live else "after the next deployment, "
    bound = example.bound
    clause = Reason(
        code="bound",
        place=f"class “{bound.class_name}” of the org policy",
        fields={"clause": bound.clause},
    )
    return Problem(
        title=f"{when}{subject or 'the public'} can call {count} of stage {stage}",
        severity=_severity(example, given.snapshot.api.account_id, live=live),
        scope=access.scope,
        stage=stage,
        live=live,
        routes=found.exceeding,
        policy_class=bound.class_name,
        counter_example=example,
        because=(*access.because, clause),
        caveats=access.caveats,
    )


_PUBLIC = {
    Scope.INTERNET: "anyone on the internet",
    Scope.INTERNET_EXCEPT_CIDRS: "anyone on the internet, but for a few addresses,",
    Scope.BROAD_CIDR: "anyone in a large part of the internet",
    Scope.ANY_AWS_ACCOUNT: "anyone with an AWS account",
}


def _severity(example: CounterExample, own_account: str, *, live: bool) -> Severity:
    """What is not served yet is one step less grave."""
    access, caller = example.route.access, example.caller
    if access.public and access.anonymous:
        # Who needs no account at all is the larger crowd, and leaves no name behind.
        return Severity.CRITICAL if live else Severity.HIGH
    if not access.public and caller is not None and _is_known(caller, own_account):
        return Severity.MEDIUM if live else Severity.LOW
    return Severity.HIGH if live else Severity.MEDIUM


def _is_known(caller: Caller, own_account: str) -> bool:
    """Of the own account, or holding a token or a certificate that somebody gave out."""
    handed_out = {Credential.TOKEN, Credential.CLIENT_CERTIFICATE}
    return caller.principal.account == own_account or bool(handed_out & caller.credentials)
