"""Why: the chain of settings and statements behind a verdict, and what keeps the others out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.access.admission import Who
from monitor.access.authorization import Gate, PolicyRule
from monitor.access.blockers import blockers
from monitor.access.circumstances import Network
from monitor.access.codes import Code
from monitor.access.doors import OpenDoor
from monitor.access.outcome import Asked, Let, PolicyOutcomes
from monitor.access.route_space import Sample
from monitor.access.web_acl import WebAclPass
from monitor.iampolicy.boxes import Box, intersect
from monitor.iampolicy.document import Effect
from monitor.model.access import Reason
from monitor.model.callers import Credential

# A long policy is quoted in part; the rest is in the policy.
_MOST = 6


@dataclass(frozen=True, slots=True)
class Passage:
    """One gate of a route through one door under one policy, with what the policy lets through."""

    gate: Gate
    outcomes: PolicyOutcomes
    samples: tuple[Sample, ...]
    asked: tuple[Asked, ...]
    let: Let

    @property
    def key(self) -> object:
        """What the verdict hangs on, apart from the names in its reasons."""
        gate = self.gate
        return (
            gate.rule,
            gate.signed,
            gate.own_account,
            gate.credentials,
            gate.token_issuers,
            gate.proven,
            id(self.asked),
            self.let,
        )


def way_in(door: OpenDoor, web_acl: WebAclPass) -> Iterator[Reason]:
    code = Code.DOOR_OPEN if door.proven else Code.DOOR_ASSUMED
    families = "IPv4" if door.families.size < (1 << 33) else "IPv4 and IPv6"
    fields = {"kind": str(door.door.kind), "families": families}
    yield Reason(code=code, place=door.door.host, fields=fields)
    if door.needs_certificate:
        yield Reason(code=Code.DOOR_NEEDS_CERTIFICATE, place=door.door.host)
    if web_acl.narrows and door.network is Network.INTERNET:
        yield Reason(code=Code.WEB_ACL_NARROWS, place="the stage's web ACL")


def policy_speaks(passage: Passage, example: Box) -> Iterator[Reason]:
    """What the resource policy has to do with the callers in `example`."""
    outcomes = passage.outcomes
    if not outcomes.attached:
        if passage.outcomes.can_have_policy:
            yield Reason(code=Code.NO_POLICY, place="policy")
        return
    if outcomes.applied is None:
        yield from unknown_policy(outcomes)
        return
    if passage.let.entangled:
        yield Reason(code=Code.POLICY_TOO_ENTANGLED, place="policy")
    if passage.gate.rule is PolicyRule.NOT_DENIED:
        yield Reason(code=Code.POLICY_NEED_NOT_ALLOW, place="policy")
    else:
        touching = [one for one in passage.asked if _touches(one.possible, example)]
        for one in [one for one in touching if one.applied.effect is Effect.ALLOW][:_MOST]:
            sure = _touches(one.sure, example)
            yield _speaks(one, Code.POLICY_ALLOWS if sure else Code.POLICY_MAY_ALLOW)
    for one in _denies(passage)[:_MOST]:
        sure = one.sure is not None
        yield _speaks(one, Code.POLICY_NARROWS if sure else Code.POLICY_MAY_DENY)


def unknown_policy(outcomes: PolicyOutcomes) -> Iterator[Reason]:
    document = outcomes.document
    if document is None:
        yield Reason(code=Code.POLICY_UNREAD, place="policy")
        return
    for problem in document.problems[:_MOST]:
        place = f"policy.{problem.place}" if problem.place else "policy"
        fields = {"problem": str(problem.code), "detail": problem.detail}
        yield Reason(code=Code.POLICY_MALFORMED, place=place, fields=fields)


def _touches(box: Box | None, example: Box) -> bool:
    return box is not None and intersect(box, example) is not None


def _denies(passage: Passage) -> list[Asked]:
    return [
        one
        for one in passage.asked
        if one.applied.effect is Effect.DENY and one.possible is not None
    ]


def _speaks(asked: Asked, code: Code) -> Reason:
    statement = asked.applied.statement
    fields = {"sid": statement.sid} if statement.sid else {}
    if statement.conditions:
        fields["conditions"] = "; ".join(
            f"{one.operator} {one.key} {', '.join(term.text for term in one.values[:3])}"
            + (", …" if len(one.values) > 3 else "")
            for one in statement.conditions[:3]
        )
    return Reason(code=code, place=f"policy.{statement.place}", fields=fields)


def stops(door: OpenDoor, passages: Sequence[Passage], open_to: Iterable[Who]) -> Iterator[Reason]:
    """For each kind of outsider who does not get in: what keeps it out."""
    admitted = set(open_to)
    for who in (Who.ANONYMOUS, Who.STRANGER):
        if who not in admitted:
            yield from _stop(door, passages, who)


def _stop(door: OpenDoor, passages: Sequence[Passage], who: Who) -> Iterator[Reason]:
    if door.network is Network.VPC_ENDPOINT:
        yield _stopped(who, "not-from-internet", door.door.host)
        return
    if door.needs_certificate:
        yield _stopped(who, "client-certificate", door.door.host)
        return
    signed = who is Who.STRANGER
    fitting = [one for one in passages if one.gate.signed is signed]
    if signed:
        fitting = [one for one in fitting if not one.gate.own_account]
    if not fitting:
        yield _stopped(who, _missing_gate(passages, signed), _place(passages))
        return
    bare = [one for one in fitting if not one.gate.credentials]
    if not bare:
        credential = sorted(fitting[0].gate.credentials, key=list(Credential).index)[0]
        yield _stopped(who, str(credential), _place(fitting))
        return
    yield from blockers(bare[0].outcomes, bare[0].asked, who)


def _missing_gate(passages: Sequence[Passage], signed: bool) -> str:
    if not signed:
        return "signature"
    return "other-account" if any(one.gate.signed for one in passages) else "not-signed-route"


def _place(passages: Sequence[Passage]) -> str:
    reasons = [reason for one in passages for reason in one.gate.reasons]
    return reasons[0].place if reasons else ""


def _stopped(who: Who, by: str, place: str) -> Reason:
    return Reason(code=Code.STOPPED, place=place, fields={"who": str(who), "by": by})
