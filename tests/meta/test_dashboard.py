"""The dashboard shows metrics that the code publishes, and nothing that is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.template import resource, resources

from monitor.model.trouble import TroubleKind

SOURCES = Path(__file__).resolve().parent.parent.parent / "src" / "monitor"


def widgets() -> list[dict[str, Any]]:
    body = json.loads(resource("Dashboard")["Properties"]["DashboardBody"]["Sub"])
    return [widget["properties"] for widget in body["widgets"]]


def rows(widget: dict[str, Any]) -> list[list[Any]]:
    """Its metrics with `.` and `...` filled in from the row before."""
    filled: list[list[Any]] = []
    for row in widget["metrics"]:
        parts = [part for part in row if not isinstance(part, dict)]
        before = filled[-1] if filled else []
        if parts[0] == "...":
            parts = [*before[: len(before) - len(parts) + 1], *parts[1:]]
        filled.append([before[i] if part == "." else part for i, part in enumerate(parts)])
    return filled


def test_every_metric_of_ours_is_published_somewhere() -> None:
    code = "\n".join(path.read_text("utf-8") for path in SOURCES.rglob("*.py"))
    published = set(re.findall(r'"([A-Z]\w+)"', code)) | {kind.metric for kind in TroubleKind}
    published |= {f"Opened{severity}" for severity in ("Critical", "High", "Medium", "Low", "Info")}
    shown = {row[1] for widget in widgets() for row in rows(widget) if row[0] == "Gatewatch"}

    assert shown
    assert shown <= published, shown - published


def test_every_queue_and_function_it_shows_is_of_the_stack() -> None:
    names = set(resources("AWS::SQS::Queue")) | set(resources("AWS::Serverless::Function"))
    for widget in widgets():
        for row in rows(widget):
            if row[0] != "Gatewatch":
                (name,) = re.findall(r"\$\{(\w+)", row[3])
                assert name in names
