"""What a scan comes to, in one line."""

from __future__ import annotations

from monitor.model.finding import Severity, Status
from monitor.report.documents import FindingDocument, ScanDocument


def verdict(scan: ScanDocument, *, regions: bool = True) -> str:
    """`regions`: also say which ones were read."""
    where = ", ".join([f"account {scan.account_id}", *(scan.regions if regions else ())])
    there = [finding for finding in scan.findings if finding.status is Status.OPEN]
    open_ = [finding for finding in there if is_open(finding)]
    remarks = sum(finding.severity is Severity.INFO for finding in open_)
    told = [count(len(open_) - remarks, "open finding")] if len(open_) > remarks else []
    told += [count(remarks, "remark")] if remarks else []
    if told:
        new = " since the baseline" if scan.baseline_of else ""
        return f"{' and '.join(told)}{new} in {where}"
    if not scan.complete or any(map(is_undecided, scan.findings)):
        return f"Not everything could be read or decided in {where}"
    if there:
        return f"Nothing new since the baseline in {where}"
    if not scan.apis:
        return f"No API in {where}"
    return f"Nothing exceeds the org policy in {where}"


def is_open(finding: FindingDocument) -> bool:
    """Open, and not in the baseline."""
    return finding.status is Status.OPEN and not finding.in_baseline


def is_undecided(finding: FindingDocument) -> bool:
    """Nobody can tell, which the baseline does not say already."""
    return finding.status is Status.UNKNOWN and not finding.in_baseline


def count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
