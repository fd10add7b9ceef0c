"""One self-contained page that a security lead can forward.

It loads nothing: the style and the script stand inside, and its Content-Security-Policy names them
by hash, so nothing that an API's name smuggles in can run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from monitor.model.finding import Severity, Status
from monitor.report.audience import exposures
from monitor.report.comparison import Comparison
from monitor.report.documents import FindingDocument, GapDocument, ScanDocument
from monitor.report.exposure_chart import exposure_chart, trend_bars
from monitor.report.life_text import history_lines, waived_text
from monitor.report.order import most_urgent_first
from monitor.report.plain import plain
from monitor.report.report import Report
from monitor.report.verdict import verdict

_MAX_TEXT = 2_000
_UNRESOLVED = frozenset({Status.OPEN, Status.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Inlined:
    """A file that stands in the page, with the hash by which the page's policy allows it."""

    text: Markup
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    label: str
    value: str
    note: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """`name` is the `data-` attribute that it compares."""

    name: str
    label: str
    all: str
    options: tuple[tuple[str, str], ...]


def html(report: Report) -> str:
    scan = report.scan
    template = _environment().get_template("report.html.j2")
    return template.render(
        scan=scan,
        verdict=verdict(scan, regions=False),
        version=report.version,
        style=_inlined("report.css"),
        script=_inlined("report.js"),
        tiles=list(_tiles(scan)),
        exposure=exposure_chart(exposures(scan.apis)),
        gaps=_gaps(scan),
        findings=most_urgent_first(scan.findings),
        fixes={finding.rule: report.fix(finding) for finding in scan.findings},
        filters=list(_filters(report)),
        comparison=report.comparison,
        trend=trend_bars(report.comparison.trend) if report.comparison else [],
        since=_since(report.comparison, scan.findings),
        severities=list(Severity),
        rank={severity: place for place, severity in enumerate(Severity)},
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("monitor.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    environment.filters["code"] = _code
    environment.filters["waived"] = waived_text
    environment.filters["history"] = history_lines
    return environment


def _code(text: str) -> Markup:
    """What stands between backticks as code."""
    parts = plain(text, _MAX_TEXT).split("`")
    tagged = (
        Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts)
    )
    return Markup("").join(tagged)


def _harmless(value: object) -> object:
    """Whatever text comes from outside loses what could turn round or hide its neighbours."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return plain(value, _MAX_TEXT)
    return value


def _inlined(name: str) -> Inlined:
    text = resources.files("monitor.report").joinpath("templates", name).read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Inlined(text=Markup(text), hash=f"sha256-{digest}")  # noqa: S704 - our own file


def _tiles(scan: ScanDocument) -> Iterator[Tile]:
    open_ = [finding for finding in scan.findings if finding.status is Status.OPEN]
    undecided = [finding for finding in scan.findings if finding.status is Status.UNKNOWN]
    public = sum(1 for api in scan.apis if api.scope.is_public)
    worst = ", ".join(
        f"{number} {severity.value}"
        for severity in Severity
        if (number := sum(1 for finding in open_ if finding.severity is severity))
    )
    yield Tile(
        label="Open findings", value=str(len(open_)), note=worst, kind="bad" if open_ else ""
    )
    if scan.baseline_of:
        known = sum(1 for finding in scan.findings if finding.in_baseline)
        note = f"that of {scan.baseline_of:%Y-%m-%d}"
        yield Tile(label="In the baseline", value=str(known), note=note)
    yield Tile(
        label="Public APIs",
        value=str(public),
        note=f"of {len(scan.apis)} read",
        kind="bad" if public else "",
    )
    yield Tile(
        label="Undecided findings",
        value=str(len(undecided)),
        note="nobody can say who gets in" if undecided else "",
        kind="unsure" if undecided else "",
    )
    gaps = len(_gaps(scan))
    yield Tile(
        label="Reads that failed",
        value=str(gaps),
        note="see what is unknown" if gaps else "everything was read",
        kind="unsure" if gaps else "",
    )


def _gaps(scan: ScanDocument) -> list[GapDocument]:
    return [*scan.gaps, *(gap for api in scan.apis for gap in api.gaps)]


def _filters(report: Report) -> Iterator[Filter]:
    findings = report.scan.findings
    yield Filter(
        name="severity",
        label="Severity",
        all="Every severity",
        options=_options([finding.severity.value for finding in findings], list(Severity)),
    )
    yield Filter(
        name="status",
        label="Status",
        all="Every status",
        options=_options([finding.status.value for finding in findings], list(Status)),
    )
    yield Filter(
        name="live",
        label="When",
        all="Now or later",
        options=(("live", "Live now"), ("draft", "At the next deployment")),
    )
    if report.comparison:
        yield Filter(
            name="since",
            label="Change",
            all="New or not",
            options=(("new", "New"), ("unchanged", "Unchanged")),
        )


def _options(found: Sequence[str], every: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((str(one), str(one).capitalize()) for one in every if one in found)


def _since(comparison: Comparison | None, findings: Sequence[FindingDocument]) -> dict[str, Any]:
    new = {finding.id for finding in comparison.new} if comparison else set()
    known = ("new", "unchanged") if comparison else ("", "")
    return {finding.id: known[finding.id not in new] for finding in findings}
