"""A headless Chromium, and the report opened in it as a reader opens it: from a file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.evaluation.catalogue import RULES
from monitor.report.as_html import html
from monitor.report.documents import ScanDocument
from monitor.report.report import Report, by_id

playwright = pytest.importorskip("playwright.sync_api", reason="run `make browser-test`")

# Chromium refuses its sandbox to root; the rest keeps it from looking for its maker's servers.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
Open = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_report(chromium: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens a report; the test fails if the page asked for anything, complained or ran a dialog."""
    contexts, trouble = [], []

    def opened(of: Report | ScanDocument, **options: Any) -> Any:
        report = of if isinstance(of, Report) else _report(of)
        file = tmp_path / "report.html"
        file.write_text(html(report), "utf-8")
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("dialog", lambda dialog: (trouble.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith("file:") or trouble.append(request.url),
        )
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert trouble == []


def _report(scan: ScanDocument) -> Report:
    return Report(scan=scan, rules=by_id(RULES), version="0.1.0")
