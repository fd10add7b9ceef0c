"""Look at one API: read it, judge it, store what that changes and that it has to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.evaluation.evaluate import Evaluation, evaluate
from monitor.evaluation.lifecycle import Outcome, advance, close
from monitor.evaluation.standing import EDITS
from monitor.model.api import ApiId
from monitor.model.change import Change, TakesEffect
from monitor.model.finding import Cause
from monitor.model.record import ApiRecord
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Clock, Conflict, FindingStore, SnapshotSource
from monitor.usecases.baseline import BaselineKeeper

ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """`evaluation` None: the API is gone. `is_late`: somebody stored a newer look meanwhile, and
    this one changed nothing."""

    api: ApiId
    evaluation: Evaluation | None
    record: ApiRecord
    told: bool
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    source: SnapshotSource
    store: FindingStore
    policy: OrgPolicy
    clock: Clock
    baseline: BaselineKeeper | None = None

    def look_at(self, api: ApiId, changes: Sequence[Change] = ()) -> Looked:
        """`changes`: what led here, any order; the last of them is named as the cause.

        Raises Conflict if other writers won ATTEMPTS times in a row.
        """
        started_at = self.clock.now()
        snapshot = self.source.read(api)
        read_at = snapshot.read_at if snapshot is not None else started_at
        cause, edits = cause_of(changes), edits_of(changes)
        for _ in range(ATTEMPTS):
            stored = self.store.load(api)
            evaluation = None
            if snapshot is not None:
                now = self.clock.now()
                evaluation = evaluate(snapshot, self.policy, now=now, before=stored, edits=edits)
            outcome = self._outcome(stored, evaluation, read_at, cause)
            if outcome is None:
                return Looked(api=api, evaluation=None, record=stored, told=False)
            if outcome.record is stored:
                return Looked(
                    api=api, evaluation=evaluation, record=stored, told=False, is_late=True
                )
            try:
                self.store.commit(outcome.record, outcome.notice)
            except Conflict:
                continue
            return Looked(
                api=api,
                evaluation=evaluation,
                record=outcome.record,
                told=outcome.notice is not None,
            )
        raise Conflict(f"{api.api_id}: {ATTEMPTS} writes in a row met a newer version")

    def _outcome(
        self,
        stored: ApiRecord,
        evaluation: Evaluation | None,
        read_at: datetime,
        cause: Cause | None,
    ) -> Outcome | None:
        now = self.clock.now()
        if evaluation is not None:
            settled = self.baseline.settled() if self.baseline else None
            return advance(
                stored,
                evaluation,
                now=now,
                cause=cause,
                announce=timedelta(days=self.policy.announce_days_before),
                settled=settled,
                alert_from=self.policy.routing.alert_from,
            )
        if stored.version == 0 and (self.baseline is None or self.baseline.settled() is None):
            # Never known, and already gone. Before the baseline is over it has to be known that
            # somebody looked.
            return None
        return close(stored, read_at=read_at, now=now, cause=cause)


def cause_of(changes: Sequence[Change]) -> Cause | None:
    """The last of the changes that act at once, or else the last: an edit of the draft opens
    nothing before somebody deploys it."""
    effective = [change for change in changes if change.ignored is None]
    if not effective:
        return None
    epoch = datetime.min.replace(tzinfo=UTC)
    last = max(
        effective,
        key=lambda change: (
            change.takes_effect is not TakesEffect.NEXT_DEPLOYMENT,
            change.event_time or epoch,
            change.event_id,  # CloudTrail counts whole seconds: ties end the same way each time
        ),
    )
    return _cause(last)


def edits_of(changes: Sequence[Change]) -> tuple[Cause, ...]:
    """Those that may have set the API's tags or name, in order."""
    found = (c for c in changes if c.ignored is None and c.event_name in EDITS)
    epoch = datetime.min.replace(tzinfo=UTC)
    return tuple(map(_cause, sorted(found, key=lambda c: (c.event_time or epoch, c.event_id))))


def _cause(change: Change) -> Cause:
    return Cause(
        who=change.actor.name,
        event_name=change.event_name,
        event_id=change.event_id,
        event_time=change.event_time,
        source_ip=change.actor.source_ip,
        via=change.actor.via,
        acts_at_once=change.takes_effect is not TakesEffect.NEXT_DEPLOYMENT,
        arn=change.actor.arn,
    )
