"""What a scan comes to, in one line."""

from __future__ import annotations

from monitor.model.finding import Status
from monitor.report.documents import ScanDocument


def verdict(scan: ScanDocument, *, regions: bool = True) -> str:
    """`regions`: also say which ones were read."""
    where = ", ".join([f"account {scan.account_id}", *(scan.regions if regions else ())])
    open_ = sum(1 for finding in scan.findings if finding.status is Status.OPEN)
    if open_:
        return f"{count(open_, 'open finding')} in {where}"
    if not scan.complete or any(finding.status is Status.UNKNOWN for finding in scan.findings):
        return f"Not everything could be read or decided in {where}"
    if not scan.apis:
        return f"No API in {where}"
    return f"Nothing exceeds the org policy in {where}"


def count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
