"""Take the picture of an alert and its thread that the README and docs show.

    python tools/slack_picture.py docs/images/slack-alert.png

The incident is invented; the messages are those that Gatewatch would send.
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
from tests.slack_samples import slack_messages  # noqa: E402
from tests.slack_standin.page import page_of  # noqa: E402

WIDTH = 760


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        sys.exit("no Chromium on this machine")
    out.parent.mkdir(parents=True, exist_ok=True)
    sent = slack_messages()
    replies = [sent[name] for name in ("reply-acknowledged", "reply-plan")]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        page_file = pathlib.Path(folder, "alert.html")
        page_file.write_text(page_of(sent["acknowledged"], replies, channel="api-alerts"), "utf-8")
        browser = running.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 600}, color_scheme="light")
        page.goto(page_file.as_uri())
        page.screenshot(path=out, full_page=True)
        browser.close()
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
