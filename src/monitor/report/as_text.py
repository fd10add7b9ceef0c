"""A scan as a person reads it in a terminal: the verdict first, one line an API, findings beneath,
their proof and fix one indent deeper, a summary last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from rich.text import Text

from monitor.model.finding import Severity, Status
from monitor.report.comparison import Comparison
from monitor.report.documents import ApiDocument, FindingDocument, ScanDocument, StageDocument
from monitor.report.finding_text import SEVERITY_STYLE, finding_lines, gap_line
from monitor.report.order import most_urgent_first, urgency
from monitor.report.plain import plain
from monitor.report.report import Report
from monitor.report.terminal import Line, write
from monitor.report.verdict import count, verdict

_UNRESOLVED = frozenset({Status.OPEN, Status.UNKNOWN})


class Detail(Enum):
    """`quiet`: no proof, and only APIs with a finding or a gap. `verbose`: nothing shortened."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where the parts of an API's line begin, the same for all."""

    name: int
    region: int

    @classmethod
    def fitting(cls, apis: Iterable[ApiDocument], width: int) -> Columns:
        apis = list(apis)
        longest = max((len(_name(api)) for api in apis), default=0)
        regions = max((len(api.region) for api in apis), default=0)
        return cls(name=min(longest, max(width // 4, 16)), region=regions)

    def line(self, api: ApiDocument) -> Line:
        head = Text().append(plain(_name(api), self.name).ljust(self.name), style="bold")
        head.append(f"  {api.api_id:<10}  {api.region:<{self.region}}  ", style="dim")
        return Line(head.append_text(_stages(api)), hanging=self.name + self.region + 16)


def scan_text(
    report: Report, *, width: int = 100, color: bool = False, detail: Detail = Detail.NORMAL
) -> str:
    """`width` in columns."""
    return write(_lines(report, width, detail), width=width, color=color)


def _lines(report: Report, width: int, detail: Detail) -> Iterator[Line]:
    scan = report.scan
    yield Line(Text(verdict(scan), style=f"bold {_mood(scan)}"))
    if report.comparison:
        yield from _compared(report.comparison)
    by_api = _by_api(scan.findings)
    columns = Columns.fitting(scan.apis, width)
    shown = [
        api for api in scan.apis if detail is not Detail.QUIET or _key(api) in by_api or api.gaps
    ]
    block = True
    for api in sorted(shown, key=lambda api: _place(api, by_api)):
        findings = by_api.get(_key(api), [])
        if block or findings or api.gaps:
            yield Line(Text())
        block = bool(findings or api.gaps)
        yield columns.line(api)
        yield from _findings(report, findings, detail)
        yield from (gap_line(gap, indent=2) for gap in api.gaps)
    yield from (gap_line(gap) for gap in scan.gaps)
    yield Line(Text())
    yield Line(_summary(scan))


def _findings(
    report: Report, findings: Iterable[FindingDocument], detail: Detail
) -> Iterator[Line]:
    for finding in findings:
        yield from finding_lines(
            finding,
            report.fix(finding),
            proof=detail is not Detail.QUIET,
            everything=detail is Detail.VERBOSE,
        )


def _mood(scan: ScanDocument) -> str:
    if any(finding.status is Status.OPEN for finding in scan.findings):
        return "red"
    if not scan.complete or any(finding.status is Status.UNKNOWN for finding in scan.findings):
        return "yellow"
    return "green" if scan.apis else ""


def _compared(comparison: Comparison) -> Iterator[Line]:
    since = f"{comparison.since:%Y-%m-%d %H:%M} UTC"
    parts = [
        f"{len(comparison.new)} new",
        f"{len(comparison.resolved)} resolved",
        f"{len(comparison.unchanged)} unchanged",
    ]
    if comparison.unverified:
        parts.append(f"{len(comparison.unverified)} gone but not verified")
    trend = " -> ".join(str(sum(point.findings.values())) for point in comparison.trend)
    yield Line(Text(f"Since {since}: {', '.join(parts)}; findings {trend}"))
    for mark, style, findings in (
        ("NEW     ", "red", comparison.new),
        ("RESOLVED", "green", comparison.resolved),
        ("NOT SEEN", "yellow", comparison.unverified),
    ):
        for finding in most_urgent_first(findings):
            line = Text().append(f"{mark} ", style=style)
            name = plain(finding.api_name or finding.api_id, 40)
            line.append(f"{name}: {plain(finding.title, 200)}")
            yield Line(line.append(f"  {finding.id}", style="dim"), indent=2, hanging=9)


def _name(api: ApiDocument) -> str:
    return plain(api.name, 60) or api.api_id


def _stages(api: ApiDocument) -> Text:
    if not api.stages:
        told = "could not be read" if api.status == "gaps" else "no stage: nobody can call it"
        return Text(told)
    return Text("  ").join(_stage(stage) for stage in api.stages)


def _stage(stage: StageDocument) -> Text:
    line = Text(f"{plain(stage.name, 40)}: ")
    line.append(stage.scope.value, style="bold red" if stage.scope.is_public else "bold")
    if stage.draft_scope is not stage.scope:
        style = "bold red" if stage.draft_scope.is_public else ""
        line.append(" (next deployment: ").append(stage.draft_scope.value, style=style).append(")")
    return line


def _summary(scan: ScanDocument) -> Text:
    calls = sum(scan.calls.values())
    seconds = (scan.finished_at - scan.started_at).total_seconds()
    line = Text(f"{count(len(scan.apis), 'API')}, ")
    counted = {
        severity: sum(
            1 for f in scan.findings if f.severity is severity and f.status in _UNRESOLVED
        )
        for severity in Severity
    }
    told = [
        Text(f"{number} {severity.value}", style=SEVERITY_STYLE[severity])
        for severity, number in counted.items()
        if number
    ]
    line.append_text(Text(", ").join(told) if told else Text("no findings"))
    line.append(f"; {count(calls, 'AWS call')} in {seconds:.1f} s")
    if not scan.complete:
        line.append("; INCOMPLETE, see what was not read", style="bold yellow")
    return line


def _by_api(
    findings: Iterable[FindingDocument],
) -> Mapping[tuple[str, str], list[FindingDocument]]:
    found: dict[tuple[str, str], list[FindingDocument]] = {}
    for finding in most_urgent_first(findings):
        found.setdefault((finding.region, finding.api_id), []).append(finding)
    return found


def _key(api: ApiDocument) -> tuple[str, str]:
    return api.region, api.api_id


def _place(
    api: ApiDocument, by_api: Mapping[tuple[str, str], list[FindingDocument]]
) -> tuple[int, int]:
    """The worst first; those without a finding last, as they came."""
    findings = by_api.get(_key(api))
    return urgency(findings[0]) if findings else (len(Severity), 0)
