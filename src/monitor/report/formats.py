"""Every format there is. `text` needs a terminal's width, the others nothing but the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.report.as_asff import asff
from monitor.report.as_html import html
from monitor.report.as_junit import junit
from monitor.report.as_ocsf import ocsf
from monitor.report.as_sarif import sarif
from monitor.report.documents import to_json
from monitor.report.report import Report


def _json(report: Report) -> str:
    return to_json(report.comparison or report.scan)


RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "json": _json,
    "sarif": sarif,
    "ocsf": ocsf,
    "asff": asff,
    "html": html,
    "junit": junit,
}
FORMATS = ("text", *RENDERERS)
