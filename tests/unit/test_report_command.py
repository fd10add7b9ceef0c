"""`gatewatch report`, and a scan's JSON read back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from tests.report_samples import earlier_scan, sample_scan
from tests.unit.test_cloudtrail import record

from monitor.report.documents import ScanDocument, to_json
from monitor.report.formats import FORMATS
from monitor.report.read_scan import read_scan
from remediators.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    return lambda *arguments, **rest: CliRunner().invoke(
        main, ["report", *map(str, arguments)], **rest
    )


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The later scan, then the earlier one."""
    later, earlier = tmp_path / "later.json", tmp_path / "earlier.json"
    later.write_text(to_json(sample_scan()), "utf-8")
    earlier.write_text(to_json(earlier_scan()), "utf-8")
    return later, earlier


def test_a_scan_reads_back_as_it_was_written() -> None:
    assert read_scan(to_json(sample_scan())) == sample_scan()


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_and_the_file(
    run: Run, files: tuple[Path, Path], tmp_path: Path, format_: str
) -> None:
    target = tmp_path / "out"

    shown = run(files[0], "--format", format_)
    written = run(files[0], "--format", format_, "--output", target)

    assert (shown.exit_code, written.exit_code, written.stdout) == (0, 0, "")
    assert shown.stdout.rstrip() == target.read_text("utf-8").rstrip()


def test_two_scans_are_compared_whatever_their_order(run: Run, files: tuple[Path, Path]) -> None:
    one, other = (
        json.loads(run(*order, "--format", "json").stdout) for order in (files, files[::-1])
    )

    assert one == other
    assert one["schema"] == "gatewatch.comparison/1"
    assert [len(one[part]) for part in ("new", "resolved", "unverified", "unchanged")] == [
        3,
        1,
        1,
        2,
    ]


def test_standard_input_and_a_replay_that_looked(run: Run) -> None:
    document = json.loads(to_json(sample_scan()))
    replay = {"schema": "gatewatch.replay/1", "changes": [], **document}
    replay["schema"] = "gatewatch.replay/1"

    result = run("-", input=json.dumps(replay))

    assert result.exit_code == 0
    assert "3 open findings in account 123456789012" in result.stdout


def test_quiet_and_verbose(run: Run, files: tuple[Path, Path]) -> None:
    quiet, normal, verbose = (
        run(files[0], *option).stdout for option in (["--quiet"], [], ["--verbose"])
    )

    assert "gets in" not in quiet
    assert "never-deployed" not in quiet
    assert "(--verbose)" in normal
    assert "documents/11" in verbose
    assert len(quiet) < len(normal) < len(verbose)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{\n  'a'", "bad.json:2:3: not JSON"),
        ("[]", "bad.json:1:1: expected a scan"),
        ('{"schema": "gatewatch.scan/9"}', "bad.json:1:12: `gatewatch.scan/9` is not a scan"),
        ('{"schema": "gatewatch.scan/1",\n "apis": {}}', "bad.json:1:1: `account_id`: field"),
        ('{"schema": "gatewatch.replay/1", "changes": []}', "a replay with `--dry-run`"),
        ("[" * 100_000, "bad.json:1:1: nested too deeply"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(
    run: Run, tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "bad.json"
    file.write_text(content, "utf-8")

    result = run(file)

    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_wrong_value_deep_inside_is_told_with_its_place(run: Run, tmp_path: Path) -> None:
    lines = to_json(sample_scan()).splitlines()
    number = next(n for n, line in enumerate(lines) if '"severity": "high"' in line)
    lines[number] = lines[number].replace("high", "huge")
    file = tmp_path / "bad.json"
    file.write_text("\n".join(lines), "utf-8")

    result = run(file)

    column = lines[number].index('"huge"') + 1
    assert f"bad.json:{number + 1}:{column}: `findings.1.severity`: input should" in result.stderr


def test_files_that_cannot_be_read(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")

    assert "No such file" in run(tmp_path / "none.json").stderr
    assert "not UTF-8 at byte 0" in run(binary).stderr
    assert "not UTF-8 at byte 0" in run("-", input=b"\xff").stderr
    assert run(files[0], "--output", tmp_path / "nowhere" / "x").exit_code == 2


def test_scans_of_two_accounts_are_not_compared(
    run: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    other: ScanDocument = sample_scan().model_copy(update={"account_id": "999999999999"})
    file = tmp_path / "other.json"
    file.write_text(to_json(other), "utf-8")

    result = run(files[0], file)

    assert result.exit_code == 2
    assert "different accounts cannot be compared: 123456789012, 999999999999" in result.stderr


def test_one_file_twice_has_nothing_new(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    shutil.copy(files[0], copy)

    assert "0 new, 0 resolved, 5 unchanged" in run(files[0], copy).stdout


@pytest.mark.parametrize("format_", FORMATS)
def test_a_scan_writes_every_format_itself(tmp_path: Path, format_: str) -> None:
    target = tmp_path / "out"
    with mock_aws():
        result = CliRunner().invoke(
            main, ["scan", "--format", format_, "--output", str(target), "--quiet"]
        )

    assert (result.exit_code, result.stdout) == (0, "")
    assert target.read_text("utf-8").strip()


def test_a_replay_that_looks_nowhere_still_makes_a_report(tmp_path: Path) -> None:
    failed = json.dumps(record(errorCode="AccessDenied"))
    with mock_aws():
        looked = CliRunner().invoke(main, ["replay", "-", "--format", "sarif"], input=failed)
        planned = CliRunner().invoke(
            main, ["replay", "-", "--dry-run", "--format", "sarif"], input=failed
        )

    assert json.loads(looked.stdout)["version"] == "2.1.0"
    assert planned.exit_code == 2
    assert "--dry-run finds none" in planned.stderr
