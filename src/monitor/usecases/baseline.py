"""The first scan of an account is told in one summary; from then on only changes speak.

What is found for the first time, by a rule whose baseline was not told, and that no change at hand
explains, is stored without a notice. When every API that the first scan listed was looked at, one
summary is told of all of it. The same happens for the rules that an update or the org policy adds.

Where this stands is one record, that of the API `*`: the summary's notice is stored with the fact
that it was made, so it is told once, whoever is killed when. A baseline that does not end, since an
API cannot be looked at, ends by itself: nothing stays quiet for longer than `ENDS_AFTER`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model.access import Scope, widest
from monitor.model.api import ApiId
from monitor.model.finding import Finding, Severity, Status
from monitor.model.notice import FirstFindings, Notice
from monitor.model.record import ApiRecord, Baseline
from monitor.ports import Clock, Conflict, FindingStore

ENDS_AFTER = timedelta(hours=12)
NAMED = 5
"""Findings that a summary names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineKeeper:
    """The baseline of one account and region. `rules`: ids of those that are asked now."""

    store: FindingStore
    clock: Clock
    account: ApiId
    rules: Collection[str]

    def settled(self) -> Collection[str] | None:
        """The rules whose baseline was told; None = whatever is found speaks. The first look that
        asks a new rule begins its baseline."""
        record, baseline = self._load()
        if not self._missing(baseline):
            return None
        now = self.clock.now()
        if baseline.begun_at is None:
            # Whoever else writes this meanwhile writes the same.
            self._write(record, replace(baseline, begun_at=now))
        elif now - baseline.begun_at > ENDS_AFTER:
            return None
        return baseline.rules

    def begin(self, apis: Iterable[ApiId]) -> None:
        """A scan is about to look at these, which are all there are. Raises Conflict."""
        record, baseline = self._load()
        if baseline.apis is not None or not self._missing(baseline):
            return
        ids = tuple(sorted(api.api_id for api in apis))
        begun_at = baseline.begun_at or self.clock.now()
        if not self._write(record, replace(baseline, begun_at=begun_at, apis=ids)):
            raise Conflict(self.account.api_id)

    def end_if_complete(self) -> bool:
        """Whether the baseline ended here and now. Asked after each look, it costs about one read,
        for the first API that nobody looked at yet settles it."""
        record, baseline = self._load()
        missing = self._missing(baseline)
        if not missing or baseline.apis is None or baseline.begun_at is None:
            return False
        now = self.clock.now()
        is_overdue = now - baseline.begun_at > ENDS_AFTER
        records: list[ApiRecord] = []
        left_out: list[str] = []
        # The last ones of the list come last, so they are the likeliest to be still waiting.
        for api_id in reversed(baseline.apis):
            known = self.store.load(replace(self.account, api_id=api_id))
            if known.read_at is not None and known.read_at >= baseline.begun_at:
                records.append(known)
            elif is_overdue:
                left_out.append(api_id)
            else:
                return False
        first = _first(records, missing if baseline.rules else (), left_out)
        ended = Baseline(rules=tuple(sorted({*baseline.rules, *self.rules})))
        scope = widest(*(known.scope for known in records if known.scope is not None))
        return self._write(record, ended, self._notice(record, first, scope, now))

    def _missing(self, baseline: Baseline) -> Sequence[str]:
        return sorted(set(self.rules) - set(baseline.rules))

    def _load(self) -> tuple[ApiRecord, Baseline]:
        record = self.store.load(self.account)
        return record, record.baseline or Baseline()

    def _write(self, record: ApiRecord, baseline: Baseline, notice: Notice | None = None) -> bool:
        """False: somebody else wrote meanwhile."""
        try:
            self.store.commit(
                replace(record, version=record.version + 1, baseline=baseline), notice
            )
        except Conflict:
            return False
        return True

    def _notice(
        self, record: ApiRecord, first: FirstFindings, scope: Scope, now: datetime
    ) -> Notice:
        return Notice(
            api=self.account,
            api_name="",
            sequence=record.version + 1,
            made_at=now,
            steps=(),
            unresolved=(),
            scope_before=None,
            scope_now=scope,
            first=first,
        )


def every_api(account_id: str, region: str, partition: str) -> ApiId:
    """What stands for all APIs of a region: no API has this id."""
    return ApiId(account_id=account_id, region=region, api_id="*", partition=partition)


def _first(
    records: Sequence[ApiRecord], rules: Sequence[str], left_out: Sequence[str]
) -> FirstFindings:
    """`rules` empty = all of them."""
    found = [
        finding
        for record in records
        for finding in record.findings.values()
        if not rules or finding.violation.rule in rules
    ]
    status = Counter(finding.status for finding in found)
    return FirstFindings(
        apis=sum(1 for record in records if record.scope is not None),
        public_apis=sum(1 for record in records if record.scope and record.scope.is_public),
        findings=dict(_by_severity(found)),
        unknown=status[Status.UNKNOWN],
        waived=status[Status.WAIVED],
        worst=tuple(sorted(_open(found), key=_gravest)[:NAMED]),
        not_looked_at=tuple(sorted(left_out)),
        rules=tuple(rules),
    )


def _by_severity(found: Iterable[Finding]) -> Iterator[tuple[Severity, int]]:
    counted = Counter(finding.violation.severity for finding in _open(found))
    return ((severity, counted[severity]) for severity in Severity if counted[severity])


def _open(found: Iterable[Finding]) -> Iterator[Finding]:
    return (finding for finding in found if finding.status is Status.OPEN)


def _gravest(finding: Finding) -> tuple[int, str, str]:
    return finding.violation.severity.rank, finding.api_name, finding.id
