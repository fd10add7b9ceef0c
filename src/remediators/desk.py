"""What can be asked for, carried out within the guard rails: plan, approve, apply, undo. The same
for the command line and the deployed function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitor.evaluation.evaluate import evaluate
from monitor.model.api import ApiId, ApiSnapshot
from monitor.model.finding import Finding, finding_id
from monitor.model.record import ApiRecord
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Clock
from remediators.catalogue import BY_ID, SAFE_UNASKED
from remediators.entry import Entry, planned
from remediators.guardrails import (
    Case,
    Guard,
    Guards,
    slots,
    why_no_plan,
    why_not_approved,
    why_not_automatic,
    why_not_now,
)
from remediators.judging import Judgement, judge
from remediators.plan import Image, Kind, NotApplicable, ObjectRef, Plan, State
from remediators.planner import make_plan, mark_of
from remediators.ports import Journal, Kept, Objects, Unreadable
from remediators.runner import Refused, Runner
from remediators.situation import Action, Needs, Situation

MAX_READS = 200
"""Objects that one plan may ask to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`look` reads the API anew, without help of anything kept; `known` is what the monitor stored
    of it."""

    look: Callable[[ApiId], ApiSnapshot | None]
    known: Callable[[ApiId], ApiRecord]
    objects: Objects
    kept: Kept
    journal: Journal
    runner: Runner
    policy: OrgPolicy
    guards: Guards
    clock: Clock

    def plan(
        self,
        api: ApiId,
        finding: str,
        *,
        action: str = "",
        parameters: Mapping[str, Any] | None = None,
        requested_by: str,
    ) -> Entry:
        """A new plan, of the action named or of the first that applies. Changes nothing.

        Raises Refused with the reason of each action that does not apply.
        """
        if action and action not in BY_ID:
            raise Refused(f"there is no action `{action}`: there are {', '.join(BY_ID)}")
        snapshot = self.look(api)
        if snapshot is None:
            raise Refused(f"there is no API {api.api_id}")
        now = self.clock.now()
        found = self._finding(snapshot, finding, now)
        reasons: list[str] = []
        for one in [BY_ID[action]] if action else SAFE_UNASKED:
            made = self._made(snapshot, found, one, parameters or {}, now)
            if isinstance(made, Plan):
                entry = planned(made, requested_by)
                self.journal.create(entry)
                return entry
            reasons.append(f"{one.id}: {made.because}")
        raise Refused("\n".join(reasons))

    def approve(self, plan_id: str, by: str) -> Entry:
        """Raises Refused."""
        entry = self.entry(plan_id)
        now = self.clock.now()
        if why := why_not_approved(self._guard(entry.plan), entry, by, now):
            raise Refused(why)
        entry = replace(entry, approved_by=by).now_in(State.APPROVED, f"approved by {by}", now)
        self.journal.save(entry)
        return entry

    def approve_automatically(self, plan_id: str) -> Entry:
        """In the name of the org policy, as often as the circuit breaker allows. Raises Refused."""
        entry = self.entry(plan_id)
        plan, now = entry.plan, self.clock.now()
        guard = self._guard(plan)
        history = self.journal.plans_of(plan.api)
        if why := why_not_automatic(guard, plan, history) or why_not_now(guard, now):
            raise Refused(why, plan_id)
        if entry.state is not State.PLANNED:
            raise Refused(f"the plan is {entry.state.value} already", plan_id)
        for scope, limit in slots(guard, plan):
            if not self.journal.take_slot(scope, limit=limit, now=now):
                raise BreakerOpen(f"{limit} automatic actions within an hour on {scope}", plan_id)
        entry = replace(entry, approved_by="org policy", automatic=True)
        entry = entry.now_in(State.APPROVED, "approved by the org policy", now)
        self.journal.save(entry)
        return entry

    def apply(self, plan_id: str) -> Entry:
        """Raises Refused; then nothing was changed."""
        entry = self.entry(plan_id)
        if why := why_not_now(self._guard(entry.plan), self.clock.now()):
            raise Refused(why)
        return self.runner.apply(entry)

    def undo(self, plan_id: str, by: str) -> Entry:
        """Raises Refused; then nothing was changed."""
        return self.runner.undo(self.entry(plan_id), by)

    def resume(self, plan_id: str) -> Entry:
        """Raises Refused."""
        return self.runner.resume(self.entry(plan_id))

    def abandon(self, plan_id: str, by: str) -> Entry:
        """Raises Refused."""
        return self.runner.abandon(self.entry(plan_id), by)

    def entry(self, plan_id: str) -> Entry:
        """Raises Refused."""
        found = self.journal.load(plan_id)
        if found is None:
            raise Refused(f"there is no plan {plan_id}")
        return found

    def _guard(self, plan: Plan) -> Guard:
        return self.guards(
            Case(
                action=plan.action,
                rule=plan.rule,
                classes=plan.classes,
                tags=plan.tags,
                now=self.clock.now(),
            )
        )

    def _finding(self, snapshot: ApiSnapshot, wanted: str, now: datetime) -> Finding:
        """The finding as it is now. Raises Refused if it is not open any more."""
        before = self.known(snapshot.api)
        for violation in evaluate(snapshot, self.policy, now=now, before=before).violations:
            if finding_id(snapshot.api, violation) == wanted:
                return Finding(
                    id=wanted,
                    api=snapshot.api,
                    api_name=snapshot.name,
                    violation=violation,
                    status=violation.status,
                    first_seen=now,
                    last_seen=now,
                )
        raise Refused(f"finding {wanted} is not open on API {snapshot.api.api_id} (any more)")

    def _made(
        self,
        snapshot: ApiSnapshot,
        finding: Finding,
        action: Action,
        parameters: Mapping[str, Any],
        now: datetime,
    ) -> Plan | NotApplicable:
        violation = finding.violation
        guard = self.guards(
            Case(
                action=action.id,
                rule=violation.rule,
                classes=violation.classes,
                tags=snapshot.tags,
                now=now,
            )
        )
        if why := why_no_plan(guard, snapshot.tags, action.id):
            return NotApplicable(because=why)

        before = self.known(snapshot.api)

        def of_stage(changed: ApiSnapshot) -> Judgement:
            return judge(changed, self.policy, stage=violation.stage, now=now, before=before)

        given = Situation(
            snapshot=snapshot,
            finding=finding,
            judge=of_stage,
            mark=mark_of(snapshot, action.id, finding.id, now),
            parameters=parameters,
        )
        for _ in range(MAX_READS):
            try:
                return make_plan(given, action, now=now)
            except Needs as asked:
                try:
                    given = self._with(given, asked.wanted)
                except Unreadable as error:
                    return NotApplicable(because=f"{asked.wanted} cannot be read: {error}")
        return NotApplicable(because=f"it would take more than {MAX_READS} reads")

    def _with(self, given: Situation, wanted: ObjectRef) -> Situation:
        """Raises Unreadable."""
        if wanted.kind is Kind.KEPT_EXPORT:
            deployment = wanted.ids[1]
            kept = self.kept.get(given.snapshot.api, deployment)
            return replace(given, kept={**given.kept, deployment: kept})
        image: Image | None = self.objects.read(wanted)
        return replace(given, images={**given.images, wanted: image})


class BreakerOpen(Refused):
    """The circuit breaker refuses an automatic action; somebody should look."""
