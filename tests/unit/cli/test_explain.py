from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli.main import gatewatch

QUESTION = {
    "id": "q",
    "account_id": "123456789012",
    "policy": None,
    "api": {"routes": [{"method": "GET", "path": "/pets"}]},
}


def explain(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(gatewatch, ["explain", *arguments], input=stdin)


def test_json_is_a_list_in_the_order_asked(tmp_path: Path) -> None:
    file = tmp_path / "questions.json"
    file.write_text(json.dumps([QUESTION, QUESTION | {"id": "r", "policy_text": "{"}]))
    result = explain("--format", "json", str(file))
    assert result.exit_code == 0
    first, second = json.loads(result.stdout)
    assert (first["id"], first["public"], first["schema"]) == ("q", True, "gatewatch.answer/1")
    assert (second["id"], second["public"], second["scope"]) == ("r", None, "unknown")


def test_standard_input_and_output_file(tmp_path: Path) -> None:
    output = tmp_path / "answer.txt"
    result = explain("-", "--output", str(output), stdin=json.dumps(QUESTION))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "PUBLIC" in output.read_text()


def test_text_has_no_colour_when_piped() -> None:
    result = explain("-", stdin=json.dumps(QUESTION))
    assert "\x1b" not in result.stdout
    assert result.stdout.splitlines()[1].strip().startswith("PUBLIC")


@pytest.mark.parametrize("content", [b"", b"{", b"5", b"\xff", b"[1]", b"{}", b"[" * 100_000])
def test_a_bad_file_is_exit_2_with_one_message(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    result = explain(str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"gatewatch explain: {file}:")
    assert len(result.stderr.splitlines()) == 1


def test_a_missing_file_is_exit_2() -> None:
    result = explain("nowhere.json")
    assert result.exit_code == 2
    assert "no such file" in result.stderr
