"""What `docs/reports.md` says is so: its formats exist, its commands parse, its workflow loads and
writes a file that is SARIF."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML
from tests.report_samples import sample_scan

from monitor.report.documents import to_json
from monitor.report.formats import FORMATS
from remediators.cli import main

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reports.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def _workflow() -> dict[str, Any]:
    (text,) = (text for language, text in BLOCKS if language == "yaml")
    return dict(YAML(typ="safe").load(text))


def _commands() -> list[str]:
    lines = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
    steps = _workflow()["jobs"]["scan"]["steps"]
    lines += [step["run"] for step in steps if "run" in step]
    return [line for line in lines if line.startswith("gatewatch ")]


def test_every_format_is_described() -> None:
    assert set(FORMATS) == set(re.findall(r"(?m)^\| `(\w+)` \|", PAGE))


@pytest.mark.parametrize("command", _commands())
def test_every_command_is_understood(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("scan.json", "last-week.json", "today.json"):
        Path(name).write_text(to_json(sample_scan()), "utf-8")
    words = shlex.split(command)[1:]
    # A scan needs an account; whether its options exist does not.
    words += ["--help"] if words[0] == "scan" else []

    result = CliRunner().invoke(main, words)

    assert result.exit_code == 0, result.output
    assert "No such option" not in result.output


def test_the_workflow_uploads_what_the_scan_wrote() -> None:
    steps = _workflow()["jobs"]["scan"]["steps"]
    (scan,) = (step["run"] for step in steps if "gatewatch scan" in step.get("run", ""))
    upload = steps[-1]

    written = shlex.split(scan)[shlex.split(scan).index("--output") + 1]
    assert upload["with"]["sarif_file"] == written
    assert upload["if"] == "always()"
