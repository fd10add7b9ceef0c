"""What every renderer is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.model.finding import Status
from monitor.model.rule import Rule
from monitor.report.comparison import Comparison
from monitor.report.documents import FindingDocument, ScanDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A scan with the rules behind its findings, by id, and what changed since an earlier scan.

    A finding may name a rule that is not among `rules`: the scan can be older than the program.
    """

    scan: ScanDocument
    rules: Mapping[str, Rule]
    version: str
    comparison: Comparison | None = None

    @property
    def findings(self) -> tuple[FindingDocument, ...]:
        """Those of the scan and, as resolved, those that are gone since the earlier scan: other
        systems keep a finding open until they are told otherwise."""
        gone = self.comparison.resolved if self.comparison else ()
        closed = {"status": Status.RESOLVED, "last_seen": self.scan.finished_at}
        return (*self.scan.findings, *(finding.model_copy(update=closed) for finding in gone))

    def fix(self, finding: FindingDocument) -> str | None:
        rule = self.rules.get(finding.rule)
        return rule.fix if rule else None


def by_id(rules: Iterable[Rule]) -> Mapping[str, Rule]:
    return {rule.id: rule for rule in rules}
