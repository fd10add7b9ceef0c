"""Look at one API: read it, judge it, store what that changes and that it has to be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.evaluation.evaluate import Evaluation, evaluate
from monitor.evaluation.lifecycle import PUBLISHES, Outcome, advance, close
from monitor.evaluation.standing import EDITS
from monitor.events.objects import objects_behind
from monitor.events.outline import access_changes, differences, outline
from monitor.model.api import ApiId
from monitor.model.change import Change, RefusedCall, TakesEffect
from monitor.model.finding import Cause
from monitor.model.notice import Notice
from monitor.model.outline import Outline
from monitor.model.record import ApiRecord, Links
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Clock, Conflict, FindingStore, SnapshotSource
from monitor.usecases.baseline import BaselineKeeper

ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """`evaluation` None: the API is gone. `is_late`: somebody stored a newer look meanwhile, and
    this one changed nothing. `changed`: what is different since the look before, in words.
    `notice`: what there is to tell of it, if anything."""

    api: ApiId
    evaluation: Evaluation | None
    record: ApiRecord
    told: bool
    is_late: bool = False
    notice: Notice | None = None
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    source: SnapshotSource
    store: FindingStore
    policy: OrgPolicy
    clock: Clock
    baseline: BaselineKeeper | None = None
    refused_calls: Callable[[ApiId, datetime], Sequence[RefusedCall]] | None = None

    def look_at(self, api: ApiId, changes: Sequence[Change] = (), *, anew: bool = False) -> Looked:
        """`changes`: what led here, any order; the last of them is named as the cause.

        Raises Conflict if other writers won ATTEMPTS times in a row.
        """
        started_at = self.clock.now()
        snapshot = self.source.read(api, anew=anew)
        if snapshot is not None and self.refused_calls is not None:
            calls = self.refused_calls(api, started_at)
            snapshot = replace(snapshot, refused_calls=tuple(calls))
        read_at = snapshot.read_at if snapshot is not None else started_at
        edits = edits_of(changes)
        for _ in range(ATTEMPTS):
            stored = self.store.load(api)
            evaluation, seen = None, None
            if snapshot is not None:
                now = self.clock.now()
                evaluation = evaluate(snapshot, self.policy, now=now, before=stored, edits=edits)
                seen = outline(snapshot, evaluation.access)
            changed = _changed(stored.outline, seen)
            access = _access(stored.outline, seen)
            cause = cause_of(changes, changed, access)
            edits_only = [change for change in changes if change.event_name not in PUBLISHES]
            edit = cause_of(edits_only, changed, access)
            outcome = self._outcome(stored, evaluation, read_at, cause, edit)
            if outcome is None:
                return Looked(api=api, evaluation=None, record=stored, told=False)
            if outcome.record is stored:
                return Looked(
                    api=api, evaluation=evaluation, record=stored, told=False, is_late=True
                )
            record = _kept(outcome.record, stored, evaluation, seen, read_at)
            rested, rests = frozenset(stored.rests_on), frozenset(record.rests_on)
            links = Links(added=rests - rested, removed=rested - rests)
            try:
                self.store.commit(record, outcome.notice, links)
            except Conflict:
                continue
            return Looked(
                api=api,
                evaluation=evaluation,
                record=record,
                told=outcome.notice is not None,
                notice=outcome.notice,
                changed=changed,
            )
        raise Conflict(f"{api.api_id}: {ATTEMPTS} writes in a row met a newer version")

    def _outcome(
        self,
        stored: ApiRecord,
        evaluation: Evaluation | None,
        read_at: datetime,
        cause: Cause | None,
        edit: Cause | None,
    ) -> Outcome | None:
        now = self.clock.now()
        if evaluation is not None:
            settled = self.baseline.settled() if self.baseline else None
            return advance(
                stored,
                evaluation,
                now=now,
                cause=cause,
                edit=edit,
                announce=timedelta(days=self.policy.announce_days_before),
                settled=settled,
                alert_from=self.policy.routing.alert_from,
            )
        if stored.version == 0 and (self.baseline is None or self.baseline.settled() is None):
            # Never known, and already gone. Before the baseline is over it has to be known that
            # somebody looked.
            return None
        return close(stored, read_at=read_at, now=now, cause=cause)


def _kept(
    record: ApiRecord,
    stored: ApiRecord,
    evaluation: Evaluation | None,
    seen: Outline | None,
    read_at: datetime,
) -> ApiRecord:
    """The record with what the next look and the next change need of this one."""
    if evaluation is None:
        return replace(record, outline=None, rests_on=(), gone_at=read_at)
    rests_on = objects_behind(evaluation.snapshot)
    if evaluation.snapshot.gaps:
        rests_on |= frozenset(stored.rests_on)  # what was not read may still be there
    return replace(
        record,
        outline=seen,
        rests_on=tuple(sorted(rests_on)),
        gone_at=None,
    )


def _changed(before: Outline | None, now: Outline | None) -> tuple[str, ...]:
    return differences(before, now) if before is not None and now is not None else ()


def _access(before: Outline | None, now: Outline | None) -> tuple[str, ...]:
    return access_changes(before, now) if before is not None and now is not None else ()


def cause_of(
    changes: Sequence[Change], changed: tuple[str, ...] = (), access: tuple[str, ...] = ()
) -> Cause | None:
    """The last of the changes that act at once, or else the last: an edit of the draft opens
    nothing before somebody deploys it. `changed` and `access` are what all of them did."""
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
    return replace(_cause(last), changed=changed, access=access)


def edits_of(changes: Sequence[Change]) -> tuple[Cause, ...]:
    """Those that may have set the API's tags or name, in order."""
    found = (c for c in changes if c.ignored is None and c.event_name in EDITS)
    epoch = datetime.min.replace(tzinfo=UTC)
    return tuple(map(_cause, sorted(found, key=lambda c: (c.event_time or epoch, c.event_id))))


def _cause(change: Change) -> Cause:
    who = change.actor
    return Cause(
        who=who.name,
        event_name=change.event_name,
        event_id=change.event_id,
        event_time=change.event_time,
        source_ip=who.source_ip,
        via=who.via,
        acts_at_once=change.takes_effect is not TakesEffect.NEXT_DEPLOYMENT,
        arn=who.arn,
        said=change.said,
        session=who.session,
        role=who.role,
        mfa=who.mfa,
        foreign_account=who.account_id if who.account_id != change.account_id else "",
    )
