"""In which order what waits is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.model.api import ApiId
from monitor.model.finding import Severity
from monitor.model.notice import Waiting


def in_order(notices: Iterable[tuple[ApiId, Severity, datetime]]) -> Sequence[Waiting]:
    """Each API once: the gravest first, and of equals the one that waits longest."""
    apis: dict[ApiId, Waiting] = {}
    for api, severity, since in notices:
        known = apis.get(api)
        apis[api] = Waiting(
            api=api,
            severity=min(severity, known.severity, key=_rank) if known else severity,
            since=min(since, known.since) if known else since,
        )
    return sorted(apis.values(), key=lambda one: (one.severity.rank, one.since))


def _rank(severity: Severity) -> int:
    return severity.rank
