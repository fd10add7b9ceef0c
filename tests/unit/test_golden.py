"""What every format looks like, kept in `tests/golden/`. `make golden` rewrites it; the difference
is for a person to read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.report_samples import sample_report
from tests.slack_samples import slack_messages

from monitor.report.as_text import Detail, scan_text
from monitor.report.formats import RENDERERS

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
SUFFIX = {
    "json": "json",
    "sarif": "sarif",
    "ocsf": "ocsf.json",
    "asff": "asff.json",
    "html": "html",
    "junit": "junit.xml",
}
Made = Callable[[], str]


def _made() -> dict[str, Made]:
    made: dict[str, Made] = {
        "scan-80.txt": lambda: scan_text(sample_report(), width=80),
        "scan-200.txt": lambda: scan_text(sample_report(), width=200),
        "scan-colour.txt": lambda: scan_text(sample_report(), width=100, color=True),
        "scan-quiet.txt": lambda: scan_text(sample_report(), width=80, detail=Detail.QUIET),
        "scan-verbose.txt": lambda: scan_text(sample_report(), width=80, detail=Detail.VERBOSE),
        "comparison-80.txt": lambda: scan_text(sample_report(compared=True), width=80),
    }
    for name, sent in slack_messages().items():
        made[f"slack-{name}.json"] = lambda sent=sent: (
            json.dumps(sent, indent=2, ensure_ascii=False) + "\n"
        )
    for name, render in RENDERERS.items():
        made[f"scan.{SUFFIX[name]}"] = lambda render=render: render(sample_report())
        made[f"comparison.{SUFFIX[name]}"] = lambda render=render: render(
            sample_report(compared=True)
        )
    return made


@pytest.mark.parametrize("name", _made())
def test_the_output_is_as_expected(name: str, request: pytest.FixtureRequest) -> None:
    file, made = GOLDEN / name, _made()[name]()
    if request.config.getoption("--rewrite-golden"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(made, "utf-8")

    assert made == file.read_text("utf-8")


def test_nothing_else_lies_there() -> None:
    assert {file.name for file in GOLDEN.iterdir() if file.is_file()} == set(_made())
