"""A scan as a person reads it in a terminal: the verdict first, one line an API, findings beneath,
their proof and fix one indent deeper, a summary last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import chain

from rich.text import Text

from monitor.model.finding import Severity, Status
from monitor.report.comparison import Comparison
from monitor.report.documents import ApiDocument, FindingDocument, ScanDocument, StageDocument
from monitor.report.finding_text import SEVERITY_STYLE, finding_lines, gap_line, remarks_line
from monitor.report.judged import JudgedApi, judged_apis
from monitor.report.order import most_urgent_first, urgency
from monitor.report.plain import plain
from monitor.report.report import Report
from monitor.report.terminal import Line, write
from monitor.report.verdict import count, is_open, is_undecided, verdict

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
    judged = tuple(judged_apis(report.scan))
    parts = scan_text_parts(report, lambda: judged, width=width, color=color, detail=detail)
    return "".join(parts)


def scan_text_parts(
    report: Report,
    judged: Callable[[], Iterable[JudgedApi]],
    *,
    width: int = 100,
    color: bool = False,
    detail: Detail = Detail.NORMAL,
) -> Iterator[str]:
    """The same piece by piece; the report's scan may be an outline, as long as `judged` holds the
    details. It is gone through once for each urgency there is, so that the worst comes first."""
    yield write(_beginning(report), width=width, color=color)
    columns, block = Columns.fitting(report.scan.apis, width), True
    for place in _places(report.scan):
        for each in judged():
            if _place(each.findings) != place or not _is_shown(each, detail):
                continue
            has_details = bool(each.findings or each.api.gaps)
            lines = chain(
                [Line(Text())] if block or has_details else [],
                _api(report, each, columns, detail),
            )
            yield write(lines, width=width, color=color)
            block = has_details
    yield write(_end(report.scan), width=width, color=color)


def _beginning(report: Report) -> Iterator[Line]:
    yield Line(Text(verdict(report.scan), style=f"bold {_mood(report.scan)}"))
    if report.comparison:
        yield from _compared(report.comparison)


def _api(report: Report, judged: JudgedApi, columns: Columns, detail: Detail) -> Iterator[Line]:
    yield columns.line(judged.api)
    yield from _findings(report, most_urgent_first(judged.findings), detail)
    yield from (gap_line(gap, indent=2) for gap in judged.api.gaps)


def _end(scan: ScanDocument) -> Iterator[Line]:
    yield from (gap_line(gap) for gap in scan.gaps)
    yield Line(Text())
    yield Line(_summary(scan))


def _is_shown(judged: JudgedApi, detail: Detail) -> bool:
    return bool(detail is not Detail.QUIET or judged.findings or judged.api.gaps)


def _findings(
    report: Report, findings: Iterable[FindingDocument], detail: Detail
) -> Iterator[Line]:
    remarks: list[FindingDocument] = []
    for finding in findings:
        if finding.severity is Severity.INFO and detail is not Detail.VERBOSE:
            remarks.append(finding)
            continue
        yield from finding_lines(
            finding,
            report.fix(finding),
            proof=detail is not Detail.QUIET,
            everything=detail is Detail.VERBOSE,
        )
    if remarks and detail is Detail.NORMAL:
        yield remarks_line(remarks)


def _mood(scan: ScanDocument) -> str:
    if any(map(is_open, scan.findings)):
        return "red"
    if not scan.complete or any(map(is_undecided, scan.findings)):
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
    if scan.baseline_of:
        known = sum(1 for finding in scan.findings if finding.in_baseline)
        line.append(f"; {known} of them in the baseline of {scan.baseline_of:%Y-%m-%d %H:%M} UTC")
    line.append(f"; {count(calls, 'AWS call')} in {seconds:.1f} s")
    if refused := sum(scan.refused.values()):
        line.append(f"; {refused} of them refused as too many, so it went slower", style="yellow")
    if scan.continued:
        line.append(f"; {len(scan.continued)} judged before the scan was stopped")
    if not scan.complete:
        line.append("; INCOMPLETE, see what was not read", style="bold yellow")
    return line


def _places(scan: ScanDocument) -> list[tuple[int, int]]:
    return sorted({_place(each.findings) for each in judged_apis(scan)})


def _place(findings: Iterable[FindingDocument]) -> tuple[int, int]:
    """An API's urgency: that of its worst finding; those without one come last."""
    return min(map(urgency, findings), default=(len(Severity), 0))
