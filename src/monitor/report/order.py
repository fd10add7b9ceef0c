"""The order in which findings are told."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.model.finding import Severity, Status
from monitor.report.documents import FindingDocument

_SEVERITIES, _STATUSES = list(Severity), (Status.OPEN, Status.UNKNOWN, Status.WAIVED)


def most_urgent_first(findings: Iterable[FindingDocument]) -> list[FindingDocument]:
    """By severity, then what is open before what is undecided or waived; otherwise as they came."""
    return sorted(findings, key=urgency)


def urgency(finding: FindingDocument) -> tuple[int, int]:
    status = finding.status
    place = _STATUSES.index(status) if status in _STATUSES else len(_STATUSES)
    return _SEVERITIES.index(finding.severity), place
