"""An earlier scan as the baseline of a later one: what stood in it already fails no pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.model.access import widest
from monitor.model.finding import Status
from monitor.report.documents import FindingDocument, ScanDocument
from monitor.report.judged import JudgedApi

_KNOWN = frozenset({Status.OPEN, Status.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFindings:
    """The findings of the earlier scan by id, and when it ended."""

    account_id: str
    since: datetime
    findings: Mapping[str, FindingDocument]

    @classmethod
    def of(cls, scan: ScanDocument) -> KnownFindings:
        found = {finding.id: finding for finding in scan.findings if finding.status in _KNOWN}
        return cls(account_id=scan.account_id, since=scan.finished_at, findings=found)

    def mark(self, judged: JudgedApi) -> JudgedApi:
        """The same with those findings marked that are in the baseline, no worse than there."""
        findings = tuple(
            finding.model_copy(update={"in_baseline": self.holds(finding)})
            for finding in judged.findings
        )
        return judged.model_copy(update={"findings": findings})

    def holds(self, finding: FindingDocument) -> bool:
        """Not one that is open anew, whose waiver ended, that turned out to be there, or that got
        graver or wider."""
        known = self.findings.get(finding.id)
        if known is None or finding.status not in _KNOWN:
            return False
        if finding.reopened > known.reopened:
            return False
        if finding.status is Status.UNKNOWN:
            return True
        return known.status is Status.OPEN and not _is_worse(known, finding)


def _is_worse(before: FindingDocument, now: FindingDocument) -> bool:
    if now.severity.rank < before.severity.rank:
        return True
    # The scope of a finding that is not about access is that of its stage.
    about_access = now.witness is not None or bool(now.policy_class)
    return (
        about_access
        and before.scope is not now.scope
        and widest(before.scope, now.scope) is now.scope
    )
