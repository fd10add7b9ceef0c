"""A scan as a person reads it: the verdict first, one line an API and stage, findings beneath."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from monitor.model.finding import Severity, Status
from monitor.report.documents import (
    ApiDocument,
    ChangeDocument,
    FindingDocument,
    GapDocument,
    ScanDocument,
    StageDocument,
)
from monitor.report.judged import JudgedApi, judged_apis
from monitor.report.plain import plain

_STYLE = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "blue",
    Severity.INFO: "dim",
}
MAX_ROUTES = 8


def scan_text(scan: ScanDocument, *, width: int = 100, color: bool = False) -> str:
    """`width` in columns."""
    return "".join(scan_text_parts(scan, judged_apis(scan), width=width, color=color))


def scan_text_parts(
    scan: ScanDocument, judged: Iterable[JudgedApi], *, width: int = 100, color: bool = False
) -> Iterator[str]:
    """The same piece by piece; `scan` may be an outline, as long as `judged` holds the details."""
    console = _console(width, color)
    console.print(_verdict(scan))
    yield _text(console)
    for each in judged:
        console = _console(width, color)
        _print_api(console, each)
        yield _text(console)
    console = _console(width, color)
    for gap in scan.gaps:
        console.print(_indent(_gap(gap), 0))
    console.print()
    console.print(_summary(scan))
    yield _text(console)


def changes_text(
    changes: Sequence[ChangeDocument], *, width: int = 100, color: bool = False
) -> str:
    """One line a record: what it makes Gatewatch look at, or why nothing."""
    console = _console(width, color)
    for change in changes:
        console.print(_change(change))
    ignored = sum(1 for change in changes if change.ignored)
    console.print(
        Text(f"\n{_count(len(changes), 'record')}, {ignored} of them ask for nothing", style="bold")
    )
    return _text(console)


def _verdict(scan: ScanDocument) -> Text:
    open_ = [finding for finding in scan.findings if finding.status is Status.OPEN]
    unknown = [finding for finding in scan.findings if finding.status is Status.UNKNOWN]
    where = f"account {scan.account_id}, {', '.join(scan.regions)}"
    if open_:
        return Text(f"{_count(len(open_), 'open finding')} in {where}", style="bold red")
    if unknown or not scan.complete:
        return Text(f"Not everything could be read or decided in {where}", style="bold yellow")
    if not scan.apis:
        return Text(f"No API in {where}", style="bold")
    return Text(f"Nothing exceeds the org policy in {where}", style="bold green")


def _print_api(console: Console, judged: JudgedApi) -> None:
    console.print()
    for line in _api(judged.api):
        console.print(line)
    for finding in sorted(judged.findings, key=lambda item: list(Severity).index(item.severity)):
        _print_finding(console, finding)
    for gap in judged.api.gaps:
        console.print(_indent(_gap(gap), 2))


def _api(api: ApiDocument) -> Iterator[Text]:
    name = Text(plain(api.name or api.api_id, 60), style="bold")
    name.append(f"  {api.api_id}  {api.region}", style="dim")
    if not api.stages:
        told = "could not be read" if api.status == "gaps" else "no stage: nobody can call it"
        name.append(f"  {told}")
    yield name
    for stage in api.stages:
        yield _stage(stage)


def _stage(stage: StageDocument) -> Text:
    line = Text(f"  {plain(stage.name, 40)}: ")
    line.append(stage.scope.value, style="bold red" if stage.scope.is_public else "bold")
    if stage.draft_scope is not stage.scope:
        line.append("   next deployment: ")
        style = "bold red" if stage.draft_scope.is_public else ""
        line.append(stage.draft_scope.value, style=style)
    return line


def _print_finding(console: Console, finding: FindingDocument) -> None:
    head = Text(finding.severity.value.upper(), style=_STYLE[finding.severity])
    title = plain(finding.title, 300)
    head.append(f" {title[:1].upper()}{title[1:]}", style="default")
    head.append(f"  {finding.id}", style="dim")
    console.print(_indent(head, 4))
    for line in _details(finding):
        console.print(_indent(Text(line), 6))


def _details(finding: FindingDocument) -> Iterator[str]:
    if finding.routes:
        more = len(finding.routes) - MAX_ROUTES
        shown = ", ".join(plain(route, 80) for route in finding.routes[:MAX_ROUTES])
        yield f"routes: {shown}" + (f" and {more} more" if more > 0 else "")
    if finding.witness is not None:
        yield f"try: {plain(finding.witness.curl, 500)}"
    for reason in finding.because:
        yield f"because: {plain(reason.text, 300)}"
    for caveat in finding.caveats:
        yield f"note: {plain(caveat, 300)}"
    if finding.change is not None:
        yield f"changed by: {plain(finding.change.who, 120)} ({finding.change.event_name})"


def _gap(gap: GapDocument) -> Text:
    line = Text("NOT READ ", style="yellow")
    line.append(f"{gap.operation} {plain(gap.subject, 120)}: {plain(gap.error_code, 60)}")
    line.append(f"; so nobody knows {gap.unknown}")
    return line


def _change(change: ChangeDocument) -> Text:
    line = Text(plain(change.event_name, 60) or "(no event name)", style="bold")
    if change.event_time is not None:
        line.append(f"  {change.event_time:%Y-%m-%d %H:%M:%S}", style="dim")
    line.append(f"  by {plain(change.actor, 100)}")
    if change.ignored:
        why = f": {plain(change.problem, 120)}" if change.problem else ""
        line.append(f"  -> nothing ({change.ignored}{why})", style="dim")
        return line
    target = ", ".join(change.api_ids) if change.look_at == "api" else change.object or ""
    line.append(f"  -> look at {change.look_at} {plain(target, 200)}".rstrip())
    line.append(f" (acts: {change.live})", style="dim")
    if not change.known:
        line.append("  a name that Gatewatch does not know yet", style="yellow")
    return line


def _summary(scan: ScanDocument) -> Text:
    apis = _count(len(scan.apis), "API")
    calls = sum(scan.calls.values())
    seconds = (scan.finished_at - scan.started_at).total_seconds()
    worst = ", ".join(
        f"{count} {severity.value}"
        for severity in Severity
        if (count := sum(1 for finding in scan.findings if finding.severity is severity))
    )
    line = Text(f"{apis}, {worst or 'no findings'}; {_count(calls, 'AWS call')} in {seconds:.1f} s")
    if refused := sum(scan.refused.values()):
        line.append(f"; {refused} of them refused as too many, so it went slower", style="yellow")
    if scan.continued:
        line.append(f"; {len(scan.continued)} judged before the scan was stopped")
    if not scan.complete:
        line.append("; INCOMPLETE, see what was not read", style="bold yellow")
    return line


def _console(width: int, color: bool) -> Console:
    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _text(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _indent(text: Text, columns: int) -> Padding:
    return Padding(text, (0, 0, 0, columns))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
