"""One finding, and one gap, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rich.text import Text

from monitor.model.finding import Severity, Status
from monitor.report.documents import ChangeOfFinding, FindingDocument, GapDocument
from monitor.report.life_text import acknowledged_text, history_lines, waived_text
from monitor.report.plain import plain
from monitor.report.terminal import UNBROKEN, Line
from monitor.report.verdict import count

SEVERITY_STYLE = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "blue",
    Severity.INFO: "dim",
}
_MAX_ROUTES, _MAX_REASONS, _MAX_REMARKS = 6, 5, 4
_LABEL, _SEVERITY = 9, 10
_COMMANDS = frozenset({"gets in", "undo"})


def finding_lines(
    finding: FindingDocument, fix: str | None, *, proof: bool, everything: bool
) -> Iterator[Line]:
    """`everything`: all routes and reasons, and where the finding comes from."""
    yield Line(_head(finding), indent=2, hanging=_SEVERITY)
    if not proof:
        return
    told = ""
    for label, text in _details(finding, fix, everything=everything):
        line = Text().append(f"{label if label != told else '':<{_LABEL}}", style="dim")
        line.append(text)
        yield Line(line, indent=4, hanging=_LABEL, whole=label in _COMMANDS)
        told = label


def remarks_line(remarks: Collection[FindingDocument]) -> Line:
    """Remarks in one line: they must not hide what matters."""
    shown = [plain(one.title, 80) for one in remarks][:_MAX_REMARKS]
    more = len(remarks) - len(shown)
    rest = f" and {more} more" if more else ""
    line = Text().append(f"{'INFO':<{_SEVERITY}}", style=SEVERITY_STYLE[Severity.INFO])
    line.append(f"{count(len(remarks), 'remark')}: {'; '.join(shown)}{rest}; see --verbose")
    return Line(line, indent=2, hanging=_SEVERITY)


def gap_line(gap: GapDocument, *, indent: int = 0) -> Line:
    line = Text().append("NOT READ ", style="yellow")
    line.append(f"{gap.operation} {plain(gap.subject, 120)}: {plain(gap.error_code, 60)}")
    line.append(f"; so nobody knows {gap.unknown}")
    return Line(line, indent=indent, hanging=9)


def _head(finding: FindingDocument) -> Text:
    head = Text().append(
        f"{finding.severity.value.upper():<{_SEVERITY}}", style=SEVERITY_STYLE[finding.severity]
    )
    title = plain(finding.title, 300)
    head.append(f"{title[:1].upper()}{title[1:]}")
    marks = [] if finding.status is Status.OPEN else [_STATUS[finding.status]]
    if not finding.live:
        marks.append("next deployment")
    if finding.in_baseline:
        marks.append("in the baseline")
    if finding.acknowledged is not None:
        marks.append(acknowledged_text(finding))
    if marks:
        head.append(f" [{', '.join(marks)}]", style="magenta")
    return head.append(f"  {finding.id}", style="dim")


_STATUS = {
    Status.UNKNOWN: "not decided",
    Status.WAIVED: "waived",
    Status.RESOLVED: "resolved",
}


def _details(
    finding: FindingDocument, fix: str | None, *, everything: bool
) -> Iterator[tuple[str, str]]:
    if finding.witness is not None:
        yield "gets in", plain(finding.witness.curl, 2_000)
    yield from _routes(finding, everything=everything)
    yield from _reasons(finding, everything=everything)
    for caveat in finding.caveats:
        yield "assumed", plain(caveat, 300)
    if finding.change is not None:
        yield "changed", _change(finding.change)
    if finding.waiver is not None:
        yield "accepted", waived_text(finding)
    if fix:
        yield "fix", plain(fix, 1_000)
    for action in finding.remediations:
        yield "undo", f"gatewatch remediate plan {finding.id} --action {plain(action, 60)}"
    if everything:
        yield "rule", f"{finding.rule}, deployment {finding.deployment_id or 'none'}"
        reopened = f", reopened {finding.reopened} x" if finding.reopened else ""
        seen = f"{finding.first_seen:%Y-%m-%d %H:%M} to {finding.last_seen:%Y-%m-%d %H:%M} UTC"
        yield "seen", seen + reopened
        for line in history_lines(finding):
            yield "history", line


def _routes(finding: FindingDocument, *, everything: bool) -> Iterator[tuple[str, str]]:
    shown = finding.routes if everything else finding.routes[:_MAX_ROUTES]
    more = len(finding.routes) - len(shown)
    if shown:
        named = ", ".join(plain(route, 80).replace(" ", UNBROKEN) for route in shown)
        yield "routes", named + (f" and {more} more (--verbose)" if more else "")


def _reasons(finding: FindingDocument, *, everything: bool) -> Iterator[tuple[str, str]]:
    shown = finding.because if everything else finding.because[:_MAX_REASONS]
    for reason in shown:
        yield "because", plain(reason.located if everything else reason.text, 400)
    if more := len(finding.because) - len(shown):
        yield "because", f"{more} more (--verbose)"


def _change(change: ChangeOfFinding) -> str:
    when = f", {change.event_time:%Y-%m-%d %H:%M} UTC" if change.event_time else ""
    via = f", with {plain(change.via, 60)}" if change.via else ""
    return f"by {plain(change.who, 120)}: {change.event_name}{when}{via}"
