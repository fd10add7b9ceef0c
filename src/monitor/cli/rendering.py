"""`--format` and its relatives: a scan's documents put into the form that was asked for."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import click

from monitor.evaluation.catalogue import RULES
from monitor.report.as_text import Detail, scan_text, scan_text_parts
from monitor.report.comparison import compare
from monitor.report.documents import ScanDocument
from monitor.report.formats import FORMATS, RENDERERS
from monitor.report.judged import JudgedApi, json_parts, whole
from monitor.report.report import Report, by_id

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_WIDTH = 100


def report_options(command: F) -> F:
    """`--format`, `--output`, `--quiet`, `--verbose`."""
    for option in (
        click.option(
            "--verbose",
            "detail",
            flag_value=Detail.VERBOSE,
            type=Detail,
            help="Text only: every route and reason, and where a finding comes from.",
        ),
        click.option(
            "--quiet",
            "detail",
            flag_value=Detail.QUIET,
            type=Detail,
            help="Text only: no proof, and only what has a finding or could not be read.",
        ),
        click.option(
            "--output",
            type=click.Path(dir_okay=False, writable=True, path_type=Path),
            help="Write the answer there instead of to standard output.",
        ),
        click.option(
            "--format",
            "format_",
            type=click.Choice(FORMATS),
            default="text",
            show_default=True,
        ),
    ):
        command = option(command)
    return command


def render(
    scans: Sequence[ScanDocument],
    format_: str,
    output: Path | None,
    detail: Detail | None = None,
) -> str:
    """The last scan; with earlier ones before it, compared with them."""
    report = _report(scans)
    if format_ != "text":
        return RENDERERS[format_](report)
    width, color = terminal_width(output)
    return scan_text(report, width=width, color=color, detail=detail or Detail.NORMAL)


def render_parts(
    outline: ScanDocument,
    judged: Callable[[], Iterable[JudgedApi]],
    format_: str,
    output: Path | None,
    detail: Detail | None,
) -> Iterable[str]:
    """A scan whose details are read an API at a time; only `text` and `json` do with so little."""
    if format_ == "json":
        return json_parts(outline, judged)
    if format_ == "text":
        width, color = terminal_width(output)
        detail = detail or Detail.NORMAL
        return scan_text_parts(_report([outline]), judged, width=width, color=color, detail=detail)
    return [render([whole(outline, judged())], format_, output)]


def _report(scans: Sequence[ScanDocument]) -> Report:
    return Report(
        scan=scans[-1],
        rules=by_id(RULES),
        version=version("gatewatch"),
        comparison=compare(scans) if len(scans) > 1 else None,
    )


def terminal_width(output: Path | None) -> tuple[int, bool]:
    """Columns, and whether colour is wanted: only where a person looks at a terminal."""
    if output is not None or not sys.stdout.isatty():
        return DEFAULT_WIDTH, False
    return shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns, True
