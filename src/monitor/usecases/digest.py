"""The digest: what is open by class and age, against last time; waivers that end soon; what nobody
can tell. Quiet when there is nothing to say."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.evaluation.lifecycle import unresolved
from monitor.model.access import Scope
from monitor.model.digest import ClassLine, Digest
from monitor.model.finding import Finding, Status
from monitor.model.record import ApiRecord
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Clock, FindingStore, Notebook

NOTES = "digest"
LAST = "last"
DUE = "due"
LAST_LIVES = timedelta(days=400)
SAID = "said"


class Herald(Protocol):
    def announce(self, digest: Digest) -> None:
        """Say it once, however often it is asked to. Raises NotDelivered."""


def digest_of(
    records: Iterable[ApiRecord],
    *,
    now: datetime,
    announce: timedelta,
    last: tuple[datetime, int] | None,
) -> Digest | None:
    """`last`: when the last one was made, and how many were open then. None = nothing to say."""
    records = tuple(record for record in records if record.baseline is None)
    findings = [finding for record in records for finding in record.findings.values()]
    open_ = [f for record in records for f in unresolved(record.findings)]
    decided = [f for f in open_ if f.status is Status.OPEN]
    undecided = [f for f in open_ if f.status is Status.UNKNOWN]
    ending = [
        f for f in findings if f.status is Status.WAIVED and f.waiver
        and f.waiver.until - now <= announce
    ]  # fmt: skip
    blind = [record for record in records if record.scope is Scope.UNKNOWN]
    before = last[1] if last else None
    if not (open_ or ending or blind or before):
        return None
    since = last[0] if last else datetime.min.replace(tzinfo=now.tzinfo)
    return Digest(
        id=f"digest/{now:%Y-%m-%d}",
        made_at=now,
        apis=len(records),
        open=len(decided),
        before=before,
        new=sum(finding.first_seen > since for finding in decided),
        classes=tuple(_classes(decided)),
        ending=tuple(sorted(ending, key=lambda f: (f.waiver.until if f.waiver else now, f.id))),
        undecided=tuple(sorted(undecided, key=lambda f: f.first_seen)),
        blind=tuple(sorted(blind, key=lambda record: record.name)),
    )


def _classes(findings: Iterable[Finding]) -> Iterable[ClassLine]:
    by_class: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_class[finding.violation.policy_class or finding.violation.rule].append(finding)
    lines = [
        ClassLine(
            name=name,
            by_severity=Counter(f.violation.severity for f in found),
            oldest=min(f.first_seen for f in found),
        )
        for name, found in by_class.items()
    ]
    return sorted(lines, key=lambda line: (line.gravest, line.oldest, line.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTeller:
    store: FindingStore
    notebook: Notebook
    policy: Callable[[], OrgPolicy]
    herald: Herald
    clock: Clock

    def ask(self) -> None:
        """It is time for a digest. Until one was told, every `tell_if_due` tries."""
        now = self.clock.now()
        self.notebook.write(NOTES, DUE, f"{now:%Y-%m-%d}", until=now + timedelta(days=7))

    def tell_if_due(self) -> bool:
        """False: none is due, or there is nothing to say. Raises NotDelivered."""
        if not self.notebook.find(NOTES, DUE):
            return False
        told = self._tell()
        self.notebook.write(NOTES, DUE, "", until=self.clock.now())
        return told

    def _tell(self) -> bool:
        now = self.clock.now()
        digest = digest_of(
            self.store.records(),
            now=now,
            announce=timedelta(days=self.policy().announce_days_before),
            last=self._last(),
        )
        if digest is None or self.notebook.find(SAID, digest.id) is not None:
            return False
        self.herald.announce(digest)
        kept = json.dumps({"at": now.isoformat(), "open": digest.open})
        self.notebook.write(SAID, digest.id, "said", until=now + timedelta(days=7))
        self.notebook.write(NOTES, LAST, kept, until=now + LAST_LIVES)
        return True

    def _last(self) -> tuple[datetime, int] | None:
        text = self.notebook.find(NOTES, LAST)
        if text is None:
            return None
        kept = json.loads(text)
        return datetime.fromisoformat(kept["at"]), int(kept["open"])
