"""What the digest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.model.finding import Finding, Severity
from monitor.model.record import ApiRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLine:
    """Open findings of one class of the org policy, or of one rule where no class is named."""

    name: str
    by_severity: Mapping[Severity, int]
    oldest: datetime

    @property
    def gravest(self) -> int:
        return min(severity.rank for severity in self.by_severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """`before`: how many were open when the last one was made, None = this is the first.
    `blind`: APIs of which not even the scope is known."""

    id: str
    made_at: datetime
    apis: int
    open: int
    before: int | None
    new: int
    classes: tuple[ClassLine, ...]
    ending: tuple[Finding, ...]
    undecided: tuple[Finding, ...]
    blind: tuple[ApiRecord, ...]
