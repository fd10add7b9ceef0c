"""The page without a browser: its size, its policy, its escaping. `tests/browser` opens it."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from tests.report_samples import large_scan, sample_report

from monitor.evaluation.catalogue import RULES
from monitor.report.as_html import html
from monitor.report.report import Report, by_id


@pytest.fixture(scope="module")
def page() -> str:
    return html(sample_report(compared=True))


def test_400_apis_fit_in_two_megabytes() -> None:
    report = Report(scan=large_scan(400, 800), rules=by_id(RULES), version="0.1.0")

    assert len(html(report).encode()) < 2_000_000


def test_the_policy_allows_the_inlined_style_and_script_and_nothing_else(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    directives = dict(one.strip().split(" ", 1) for one in policy[1].split(";"))

    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (inlined,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inlined.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"
    assert directives["default-src"] == "'none'"
    assert "unsafe" not in policy[1]


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    assert re.findall(r'(?:src|href|action)="(?!#)', page) == []
    assert "url(" not in page
    assert "@import" not in page


def test_nothing_hostile_becomes_markup(page: str) -> None:
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert len(re.findall(r"<script", page)) == 1
    assert re.findall(r'\s(?:style|on\w+)="', page) == []


def test_each_finding_has_its_proof(page: str) -> None:
    for told in (
        "curl -i https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/orders",
        "Statement 1 of the resource policy allows everybody (policy.Statement[0])",
        "jane@example.com (role Developer): CreateDeployment, 2026-11-22 11:56 UTC",
        "Ask for authorization on the routes",
        "gatewatch remediate plan gw-0000000000000001 --action deploy-previous",
    ):
        assert told in page
