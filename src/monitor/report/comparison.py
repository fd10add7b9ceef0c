"""Two scans of an account side by side: what is new, what is gone, what stayed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from monitor.model.access import Scope
from monitor.model.finding import Severity, Status
from monitor.report.documents import ApiDocument, Document, FindingDocument, ScanDocument

_STILL_THERE = frozenset({Status.OPEN, Status.UNKNOWN, Status.WAIVED})


class TrendPoint(Document):
    """What one scan counted: unresolved findings by severity, and public APIs."""

    finished_at: datetime
    complete: bool
    apis: int
    public_apis: int
    findings: Mapping[Severity, int]


class Comparison(Document):
    """`resolved`: the later scan looked there and found nothing. `unverified`: gone from the later
    scan, which did not look there or could not read it, so nobody may call it resolved."""

    schema_: Literal["gatewatch.comparison/1"] = Field(
        default="gatewatch.comparison/1", serialization_alias="schema"
    )
    account_id: str
    trend: tuple[TrendPoint, ...]
    new: tuple[FindingDocument, ...]
    resolved: tuple[FindingDocument, ...]
    unverified: tuple[FindingDocument, ...]
    unchanged: tuple[FindingDocument, ...]

    @property
    def since(self) -> datetime:
        return self.trend[0].finished_at


def compare(scans: Sequence[ScanDocument]) -> Comparison:
    """The first scan against the last; all of them give the trend. Needs two, oldest first."""
    before, after = scans[0], scans[-1]
    old = {finding.id: finding for finding in _there(before)}
    now = {finding.id: finding for finding in _there(after)}
    gone = [finding for id_, finding in old.items() if id_ not in now]
    return Comparison(
        account_id=after.account_id,
        trend=tuple(_point(scan) for scan in scans),
        new=tuple(finding for id_, finding in now.items() if id_ not in old),
        resolved=tuple(finding for finding in gone if _looked_at(finding, after)),
        unverified=tuple(finding for finding in gone if not _looked_at(finding, after)),
        unchanged=tuple(finding for id_, finding in now.items() if id_ in old),
    )


def _there(scan: ScanDocument) -> Iterator[FindingDocument]:
    return (finding for finding in scan.findings if finding.status in _STILL_THERE)


def _looked_at(finding: FindingDocument, scan: ScanDocument) -> bool:
    """Whether the scan can prove that the finding's problem is gone."""
    if finding.region not in scan.regions or scan.gaps:
        return False
    if scan.only_apis and finding.api_id not in scan.only_apis:
        return False
    return all(
        api.status == "judged" and not _undecided(finding, api)
        for api in scan.apis
        if (api.region, api.api_id) == (finding.region, finding.api_id)
    )


def _undecided(finding: FindingDocument, api: ApiDocument) -> bool:
    stages = [stage for stage in api.stages if finding.stage in ("", stage.name)]
    scopes = [stage.scope if finding.live else stage.draft_scope for stage in stages]
    return Scope.UNKNOWN in scopes


def _point(scan: ScanDocument) -> TrendPoint:
    there = list(_there(scan))
    return TrendPoint(
        finished_at=scan.finished_at,
        complete=scan.complete,
        apis=len(scan.apis),
        public_apis=sum(1 for api in scan.apis if api.scope.is_public),
        findings={
            severity: sum(1 for finding in there if finding.severity is severity)
            for severity in Severity
        },
    )
