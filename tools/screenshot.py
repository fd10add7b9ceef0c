"""Take the picture of a report that the README shows.

    python tools/screenshot.py docs/images/report.png

The account is invented; the page and the browser are real.
"""

from __future__ import annotations

import argparse
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402
from tests.browser.conftest import FLAGS, NAMES  # noqa: E402
from tests.report_samples import company_scan  # noqa: E402

from monitor.evaluation.catalogue import RULES  # noqa: E402
from monitor.report.as_html import html  # noqa: E402
from monitor.report.report import Report, by_id  # noqa: E402

SIZE = {"width": 1000, "height": 1500}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        sys.exit("no Chromium on this machine")
    out.parent.mkdir(parents=True, exist_ok=True)
    report = Report(scan=company_scan(), rules=by_id(RULES), version="0.1.0")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        page_file = pathlib.Path(folder, "report.html")
        page_file.write_text(html(report), "utf-8")
        browser = running.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(page_file.as_uri())
        page.locator(".findings details").first.evaluate("details => { details.open = true; }")
        page.screenshot(path=out)
        browser.close()
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
