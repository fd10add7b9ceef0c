"""What people and time did with a finding, as text."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.report.documents import FindingDocument
from monitor.report.plain import plain


def waived_text(finding: FindingDocument) -> str:
    """By whom, until when and why; `waived` where that is not told."""
    waiver = finding.waiver
    if waiver is None:
        return "waived"
    return (
        f"waived by {plain(waiver.by, 80)} until {waiver.until:%Y-%m-%d %H:%M} UTC: "
        f"{plain(waiver.reason, 300)} ({plain(waiver.owner, 80)} answers for it)"
    )


def acknowledged_text(finding: FindingDocument) -> str:
    mark = finding.acknowledged
    return f"acknowledged by {plain(mark.who, 80)}" if mark else ""


def history_lines(finding: FindingDocument) -> Iterator[str]:
    for mark in finding.history:
        who = f" by {plain(mark.who, 80)}" if mark.who else ""
        yield f"{mark.at:%Y-%m-%d %H:%M} UTC {mark.kind.value}{who}"
