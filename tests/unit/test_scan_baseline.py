"""What stood in an earlier scan fails no later one, unless it got worse."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from bench.synthetic_account import SyntheticAccount, serving
from click.testing import CliRunner, Result
from tests.report_samples import ACCOUNT, api, finding, scan, stage

from monitor.cli.common import Exit
from monitor.evaluation.catalogue import RULES
from monitor.model.access import Scope
from monitor.model.finding import Severity, Status
from monitor.report.as_text import scan_text
from monitor.report.baseline import KnownFindings
from monitor.report.documents import FindingDocument, ScanDocument, to_json
from monitor.report.formats import RENDERERS
from monitor.report.judged import judged_apis, whole
from monitor.report.report import Report, by_id
from remediators.cli import main


def scanned(*findings: FindingDocument) -> ScanDocument:
    return scan([api("a1b2c3d4e5", "orders", stage())], findings)


def marked(before: Sequence[FindingDocument], now: Sequence[FindingDocument]) -> ScanDocument:
    known = KnownFindings.of(scanned(*before))
    later = scanned(*now)
    outline = later.model_copy(update={"baseline_of": known.since})
    return whole(outline, map(known.mark, judged_apis(later)))


AS_IT_WAS = finding(1, severity=Severity.HIGH, scope=Scope.ANY_AWS_ACCOUNT)


@pytest.mark.parametrize(
    ("now", "is_known"),
    [
        (AS_IT_WAS, True),
        (AS_IT_WAS.model_copy(update={"routes": ("GET /a", "GET /b")}), True),
        (AS_IT_WAS.model_copy(update={"severity": Severity.LOW}), True),
        (AS_IT_WAS.model_copy(update={"scope": Scope.CIDRS}), True),
        (AS_IT_WAS.model_copy(update={"status": Status.UNKNOWN}), True),
        (AS_IT_WAS.model_copy(update={"status": Status.WAIVED}), False),
        (AS_IT_WAS.model_copy(update={"severity": Severity.CRITICAL}), False),
        (AS_IT_WAS.model_copy(update={"scope": Scope.INTERNET}), False),
        (AS_IT_WAS.model_copy(update={"reopened": 1}), False),
        (finding(2), False),
    ],
)
def test_what_is_no_worse_is_in_the_baseline(now: FindingDocument, is_known: bool) -> None:
    (found,) = marked([AS_IT_WAS], [now]).findings

    assert found.in_baseline is is_known


@pytest.mark.parametrize("status", [Status.WAIVED, Status.UNKNOWN, Status.RESOLVED])
def test_what_was_not_open_then_is_not_known_as_open(status: Status) -> None:
    then = AS_IT_WAS.model_copy(update={"status": status})

    assert not marked([then], [AS_IT_WAS]).findings[0].in_baseline


def test_a_wider_stage_makes_a_finding_about_its_logs_no_worse() -> None:
    logs = finding(3, rule="stage-tracing-off", witness=None, scope=Scope.CIDRS)

    assert (
        marked([logs], [logs.model_copy(update={"scope": Scope.INTERNET})]).findings[0].in_baseline
    )


def test_reports_count_what_is_in_the_baseline() -> None:
    of = marked([AS_IT_WAS], [AS_IT_WAS, finding(2)])
    report = Report(scan=of, rules=by_id(RULES), version="1")

    text = scan_text(report, width=200)
    assert "1 open finding since the baseline" in text
    assert "1 of them in the baseline of 2026-11-22 12:00 UTC" in text
    assert "[in the baseline]" in text
    (run_,) = json.loads(RENDERERS["sarif"](report))["runs"]
    assert [result["baselineState"] for result in run_["results"]] == ["unchanged", "new"]
    assert 'failures="1"' in RENDERERS["junit"](report)
    assert 'skipped="1"' in RENDERERS["junit"](report)
    nothing_new = Report(scan=marked([AS_IT_WAS], [AS_IT_WAS]), rules={}, version="1")
    assert scan_text(nothing_new, width=200).startswith("Nothing new since the baseline")


# --- the command line --------------------------------------------------------------------------


def run(*arguments: object) -> Result:
    command = ["scan", "--rate", "100000", *map(str, arguments)]
    return CliRunner().invoke(main, command)


def test_a_scan_is_its_own_baseline_and_another_api_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, account = tmp_path / "baseline.json", SyntheticAccount(apis=3, routes=2)
    with serving(account) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        first = run("--format", "json", "--output", file)
        same = run("--format", "json", "--baseline", file)
        account.apis = 9
        more = run("--format", "json", "--baseline", file)
        without = run("--format", "json")
        again = run("--quiet", "--baseline", file, "--state", tmp_path / "state")

    assert first.exit_code == without.exit_code == Exit.OPEN_FINDINGS
    assert same.exit_code == Exit.CLEAN, same.output
    said = json.loads(same.stdout)
    assert said["baseline_of"] is not None
    assert all(found["in_baseline"] for found in said["findings"])
    assert more.exit_code == again.exit_code == Exit.OPEN_FINDINGS
    fresh = [f for f in json.loads(more.stdout)["findings"] if not f["in_baseline"]]
    assert {found["api_id"] for found in fresh}.isdisjoint(f["api_id"] for f in said["findings"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not JSON"),
        ("[]", "expected a scan"),
        (to_json(scanned()).replace(ACCOUNT, "999999999999"), "is of account 999999999999"),
    ],
)
def test_a_wrong_baseline_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text, "utf-8")
    with serving(SyntheticAccount(apis=1, routes=1)) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        result = run("--baseline", file)

    assert result.exit_code == Exit.WRONG_INPUT
    assert expected in result.output
