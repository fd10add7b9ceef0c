"""Do what somebody asked for in Slack: once, however often the ask arrives, and if they may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from monitor.evaluation.lifecycle import Outcome, acknowledge, unresolved, waive
from monitor.model.access import Scope
from monitor.model.ask import Ask, AskKind
from monitor.model.finding import Finding, Severity, Status, Waiver
from monitor.model.record import ApiRecord
from monitor.orgpolicy.people import Act
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Clock, Conflict, FindingStore, Notebook
from monitor.usecases.route import MUTES

ATTEMPTS = 8
RECEIPTS = "ask"
RECEIPT_LIVES = timedelta(days=2)
"""Longer than any copy of an ask is under way: a queue keeps one for a day."""
LISTED = 15

_ACTS: Mapping[AskKind, Act] = {
    AskKind.ACKNOWLEDGE: Act.ACKNOWLEDGE,
    AskKind.WAIVE: Act.WAIVE,
    AskKind.PLAN: Act.REMEDIATE,
    AskKind.APPROVE: Act.APPROVE,
    AskKind.UNDO: Act.UNDO,
    # Who may answer an alert may read what it is about; who silences alerts accepts them.
    AskKind.STATUS: Act.ACKNOWLEDGE,
    AskKind.OPEN: Act.ACKNOWLEDGE,
    AskKind.EXPLAIN: Act.ACKNOWLEDGE,
    AskKind.MUTE: Act.WAIVE,
}


class Groups(Protocol):
    def of(self, user: str, among: Iterable[str]) -> frozenset[str]:
        """Those of the user groups that the user is a member of."""


class RemediationRequests(Protocol):
    def send(self, request: Mapping[str, Any]) -> None:
        """Hand a request to the remediator. It may arrive twice."""


class Result(StrEnum):
    DONE = "done"
    NOTHING = "nothing"
    """It was so already."""
    REFUSED = "refused"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the one who asked is told, in words that are ours but for names in it; `findings` and
    `records` are shown below. `text` empty: nothing is said, the thread says it all."""

    result: Result
    text: str = ""
    findings: tuple[Finding, ...] = ()
    records: tuple[ApiRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """`remediations` None: nothing takes requests."""

    store: FindingStore
    notebook: Notebook
    policy: Callable[[], OrgPolicy]
    groups: Groups
    clock: Clock
    remediations: RemediationRequests | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def take(self, ask: Ask) -> Answer:
        """Raises Conflict, and what stores and queues raise: then the ask comes again."""
        if self.notebook.find(RECEIPTS, ask.id) is not None:
            return Answer(result=Result.REPEATED)
        answer = self._do(ask) if self._may(ask) else _refusal(ask, self.policy())
        # Last, so that whoever dies before it does the same again; each effect is one that may be
        # repeated. A refusal is kept too: what was refused once must not succeed by a replay.
        until = self.clock.now() + RECEIPT_LIVES
        self.notebook.write(RECEIPTS, ask.id, answer.result.value, until=until)
        return answer

    def _may(self, ask: Ask) -> bool:
        people, act = self.policy().people, _ACTS[ask.kind]
        listed = [one for one in people.ids_of(act) if one.startswith("S")]
        return people.may(
            act,
            ask.user,
            groups=self.groups.of(ask.user, listed) if listed else (),
            requester=ask.requested_by.removeprefix("slack:") or None,
        )

    def _do(self, ask: Ask) -> Answer:
        match ask.kind:
            case AskKind.ACKNOWLEDGE:
                return self._decide(
                    ask, lambda record: acknowledge(record, ask.finding_ids, ask.who, ask.at)
                )
            case AskKind.WAIVE:
                return self._waive(ask)
            case AskKind.PLAN | AskKind.APPROVE | AskKind.UNDO:
                return self._remediate(ask)
            case AskKind.MUTE:
                return self._mute(ask)
            case AskKind.STATUS:
                return self._status()
            case AskKind.OPEN:
                return self._open()
            case AskKind.EXPLAIN:
                return self._explain(ask.words)

    def _decide(self, ask: Ask, decide: Callable[[ApiRecord], Outcome]) -> Answer:
        if ask.api is None:
            return Answer(result=Result.NOTHING)
        for _ in range(ATTEMPTS):
            stored = self.store.load(ask.api)
            outcome = decide(stored)
            if outcome.record is stored:
                text = "Nothing changed: it was so already, or the finding is over."
                return Answer(result=Result.NOTHING, text=text)
            try:
                self.store.commit(outcome.record, outcome.notice)
            except Conflict:
                continue
            return Answer(result=Result.DONE)
        raise Conflict(f"{ask.api.api_id}: {ATTEMPTS} writes in a row met a newer version")

    def _waive(self, ask: Ask) -> Answer:
        longest = ask.at + timedelta(days=self.policy().max_waiver_days + 1)
        if ask.until is None or not ask.at < ask.until <= longest:
            days = self.policy().max_waiver_days
            return Answer(
                result=Result.REFUSED, text=f"The org policy allows waivers of {days} days at most."
            )
        waiver = Waiver(reason=ask.reason, owner=ask.who, until=ask.until, by=ask.who)
        return self._decide(ask, lambda record: waive(record, ask.finding_ids, waiver, ask.at))

    def _remediate(self, ask: Ask) -> Answer:
        if self.remediations is None:
            return Answer(result=Result.REFUSED, text="Remediation is not part of this deployment.")
        request: dict[str, Any] = {
            "schema": "gatewatch.remediation-request/1",
            "step": ask.kind.value,
            "requested_by": ask.requested_by or ask.who,
        }
        if ask.kind is AskKind.PLAN and ask.api is not None and ask.finding_ids:
            request |= {"api_id": ask.api.api_id, "finding_id": ask.finding_ids[0]}
        else:
            request["plan_id"] = ask.plan_id
        if ask.kind is AskKind.APPROVE:
            request["approved_by"] = ask.who
        if ask.kind is AskKind.UNDO:
            request["requested_by"] = ask.who
        self.remediations.send(request)
        return Answer(result=Result.DONE, text="Asked for; the thread will say what comes of it.")

    def _mute(self, ask: Ask) -> Answer:
        policy = self.policy()
        known = {one.name for one in policy.classes} | self._rules_seen()
        if ask.words not in known or ask.until is None:
            names = ", ".join(sorted(known))
            return Answer(
                result=Result.REFUSED,
                text=f"There is no class or rule “{ask.words}”. There are: {names}",
            )
        self.notebook.write(MUTES, ask.words, ask.until.isoformat(), until=ask.until)
        return Answer(
            result=Result.DONE,
            text=f"Alerts of “{ask.words}” wait until {ask.until:%Y-%m-%d %H:%M} UTC, and are told "
            "then.",
        )

    def _apis(self) -> tuple[ApiRecord, ...]:
        return tuple(record for record in self.store.records() if record.baseline is None)

    def _rules_seen(self) -> set[str]:
        return {f.violation.rule for record in self._apis() for f in _open(record)}

    def _status(self) -> Answer:
        records = self._apis()
        found = [finding for record in records for finding in _open(record)]
        waived = sum(
            finding.status is Status.WAIVED
            for record in records
            for finding in record.findings.values()
        )
        unknown = sum(finding.status is Status.UNKNOWN for finding in found)
        counts = Counter(f.violation.severity for f in found if f.status is Status.OPEN)
        numbers = [f"{counts[severity]} {severity.value}" for severity in Severity]
        public = sum(bool(record.scope and record.scope.is_public) for record in records)
        blind = sum(record.scope is Scope.UNKNOWN for record in records)
        return Answer(
            result=Result.DONE,
            text=f"{len(records)} APIs, {public} of them public, {blind} unknown. "
            f"Open: {', '.join(numbers)}. {unknown} undecided, {waived} waived.",
        )

    def _open(self) -> Answer:
        found = [finding for record in self._apis() for finding in _open(record)]
        found.sort(key=lambda finding: (finding.violation.severity.rank, finding.first_seen))
        text = f"{len(found)} open" + (f", the {LISTED} gravest:" if len(found) > LISTED else "")
        return Answer(result=Result.DONE, text=text, findings=tuple(found[:LISTED]))

    def _explain(self, words: str) -> Answer:
        found = [one for one in self._apis() if words in (one.api.api_id, one.name)]
        if not found:
            return Answer(result=Result.DONE, text=f"No API “{words}” is known here.")
        return Answer(result=Result.DONE, records=tuple(found[:3]))


def _open(record: ApiRecord) -> Iterable[Finding]:
    return unresolved(record.findings)


def _refusal(ask: Ask, policy: OrgPolicy) -> Answer:
    act = _ACTS[ask.kind]
    is_own = act is Act.APPROVE and ask.requested_by == ask.who
    if is_own and not policy.people.requester_may_approve:
        why = "Whoever asked for a remediation does not approve it; somebody else has to."
        return Answer(result=Result.REFUSED, text=why)
    return Answer(
        result=Result.REFUSED,
        text=f"Sorry, you may not do that here: the org policy names who may {act.value}.",
    )
