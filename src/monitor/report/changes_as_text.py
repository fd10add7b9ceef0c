"""Changes as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from monitor.report.documents import ChangeDocument
from monitor.report.plain import plain
from monitor.report.terminal import Line, write
from monitor.report.verdict import count


def changes_text(
    changes: Sequence[ChangeDocument], *, width: int = 100, color: bool = False
) -> str:
    """One line a record: what it makes Gatewatch look at, or why nothing."""
    return write(_lines(changes), width=width, color=color)


def _lines(changes: Sequence[ChangeDocument]) -> Iterator[Line]:
    for change in changes:
        yield Line(_change(change), hanging=4)
    ignored = sum(1 for change in changes if change.ignored)
    yield Line(Text())
    told = f"{count(len(changes), 'record')}, {ignored} of them ask for nothing"
    yield Line(Text(told, style="bold"))


def _change(change: ChangeDocument) -> Text:
    line = Text().append(plain(change.event_name, 60) or "(no event name)", style="bold")
    if change.event_time is not None:
        line.append(f"  {change.event_time:%Y-%m-%d %H:%M:%S}", style="dim")
    line.append(f"  by {plain(change.actor, 100)}")
    if change.ignored:
        why = f": {plain(change.problem, 120)}" if change.problem else ""
        return line.append(f"  -> nothing ({change.ignored}{why})", style="dim")
    target = ", ".join(change.api_ids) if change.look_at == "api" else change.object or ""
    line.append(f"  -> look at {change.look_at} {plain(target, 200)}".rstrip())
    line.append(f" (acts: {change.live})", style="dim")
    if not change.known:
        line.append("  a name that Gatewatch does not know yet", style="yellow")
    return line
