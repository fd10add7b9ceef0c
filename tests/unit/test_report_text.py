"""The text report at any width."""

from __future__ import annotations

import pytest
from tests.report_samples import large_scan, sample_report, scan

from monitor.evaluation.catalogue import RULES
from monitor.report.as_text import Detail, scan_text
from monitor.report.report import Report, by_id


@pytest.mark.parametrize("detail", Detail)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_only_what_is_to_be_copied_is_longer_than_the_terminal(width: int, detail: Detail) -> None:
    text = scan_text(sample_report(compared=True), width=width, detail=detail)

    too_long = [line for line in text.splitlines() if len(line) > width]
    assert all("curl " in line or "gatewatch remediate" in line for line in too_long)


@pytest.mark.parametrize("width", [80, 200])
def test_the_columns_stand_under_each_other(width: int) -> None:
    report = Report(scan=large_scan(30, 0), rules=by_id(RULES), version="0.1.0")
    lines = [line for line in scan_text(report, width=width).splitlines() if "service-" in line]

    assert len(lines) == 30
    assert len({line.index("api00") for line in lines}) == 1
    assert len({line.index("prod:") for line in lines}) == 1


def test_the_verdict_comes_first_and_the_summary_last() -> None:
    lines = scan_text(sample_report(), width=200).splitlines()

    assert lines[0] == "3 open findings in account 123456789012, us-east-1, eu-central-1"
    assert lines[-1].startswith("6 APIs, 1 critical, 2 high, 1 medium; 9 AWS calls in 8.4 s")


def test_the_worst_api_comes_first_and_fine_ones_take_one_line() -> None:
    text = scan_text(sample_report(), width=200)

    names = ["orders ", "partner-gateway", "billing ", "internal-reports", "never-deployed"]
    places = [text.index(name) for name in names]
    assert places == sorted(places)


def test_colour_only_where_it_is_wanted() -> None:
    assert "\x1b[" in scan_text(sample_report(), color=True)
    assert "\x1b" not in scan_text(sample_report(), color=False)


def test_a_command_stays_on_one_line() -> None:
    text = scan_text(sample_report(), width=40)

    assert (
        "curl -i https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/orders "
        "# from 203.0.113.9\n" in text
    )


def test_an_account_with_nothing_in_it_says_so() -> None:
    report = Report(scan=scan([], [], calls={}), rules={}, version="0.1.0")

    assert scan_text(report).splitlines()[0].startswith("No API in account")
