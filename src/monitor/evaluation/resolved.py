"""How long resolved findings are kept, so that one that comes back is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor.model.finding import Finding, Status

RESOLVED_KEPT = timedelta(days=90)
RESOLVED_KEPT_AT_MOST = 100
"""A stage may have any name, so whoever makes and deletes stages must not fill the record."""


def without_the_oldest(findings: Mapping[str, Finding], now: datetime) -> dict[str, Finding]:
    resolved = sorted(
        (f for f in findings.values() if f.status is Status.RESOLVED),
        key=lambda finding: (finding.last_seen, finding.id),
        reverse=True,
    )
    dropped = {
        finding.id
        for place, finding in enumerate(resolved)
        if place >= RESOLVED_KEPT_AT_MOST or now - finding.last_seen > RESOLVED_KEPT
    }
    return {id_: finding for id_, finding in findings.items() if id_ not in dropped}
