"""The command line as a user calls it: answers, exit codes, and the mistakes of a newcomer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import jsonschema
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from tests.aws_answers import AwsAnswers, body
from tests.unit.test_cloudtrail import record
from tests.unit.test_collect import DENIED, answers

from monitor.aws.apigateway import RestApiReads
from monitor.report.documents import SCHEMAS
from remediators.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run() -> Iterator[Run]:
    with mock_aws():
        yield lambda *arguments, **rest: CliRunner().invoke(main, [*map(str, arguments)], **rest)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the commands read an account with these answers."""

    def given(**changed: Any) -> None:
        found: AwsAnswers = answers(**changed)
        monkeypatch.setattr(
            "monitor.bootstrap.looking.RestApiReads", lambda _client: RestApiReads(found.client())
        )

    return given


def open_api() -> dict[str, Any]:
    return {"GetRestApi": _listed("a1b2c3d4e5"), "GetRestApis": {"items": [_listed("a1b2c3d4e5")]}}


def _listed(api_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": api_id,
        "name": "orders",
        "endpointConfiguration": {"types": ["REGIONAL"]},
        **fields,
    }


def _open_export(_params: Any) -> dict[str, Any]:
    return body(b'{"openapi": "3.0.1", "paths": {"/orders": {"get": {}}}}')


def test_an_account_without_an_api_is_clean_and_says_so(run: Run) -> None:
    result = run("scan", "--region", "eu-west-1")

    assert result.exit_code == 0
    assert "No API in account 123456789012, eu-west-1" in result.stdout


def test_an_open_api_is_an_open_finding(run: Run, account: Callable[..., None]) -> None:
    account(**open_api(), GetExport=_open_export)

    result = run("scan", "--format", "json")

    assert result.exit_code == 1, result.output
    scan = json.loads(result.stdout)
    assert (scan["schema"], scan["complete"]) == ("gatewatch.scan/1", True)
    (api,) = scan["apis"]
    assert (api["scope"], api["status"]) == ("internet", "judged")
    finding, undeployed = (one for one in scan["findings"] if one["severity"] != "info")
    assert finding["rule"] == "access-exceeds-policy"
    # Somebody drafted the fix already.
    assert (undeployed["rule"], undeployed["severity"]) == ("draft-differs-from-live", "medium")
    assert finding["witness"]["curl"].startswith("curl -i https://a1b2c3d4e5.execute-api.")
    assert scan["calls"]["sts:GetCallerIdentity"] == 1


@pytest.mark.parametrize(("level", "code"), [("critical", 1), ("low", 1)])
def test_fail_on_sets_the_bar(
    run: Run, account: Callable[..., None], level: str, code: int
) -> None:
    account(**open_api(), GetExport=_open_export)

    assert run("scan", "--fail-on", level).exit_code == code


def test_a_tagged_api_is_allowed(run: Run, account: Callable[..., None]) -> None:
    listed = _listed("a1b2c3d4e5", tags={"exposure": "public"})
    account(GetRestApis={"items": [listed]}, GetExport=_open_export)

    result = run("scan")

    assert result.exit_code == 0, result.output
    assert "anyone" not in result.stdout
    assert "writes no access log" in result.stdout


@pytest.mark.parametrize("operation", ["GetExport", "GetStages", "GetResources", "GetRestApis"])
def test_what_could_not_be_read_is_never_clean(
    run: Run, account: Callable[..., None], operation: str
) -> None:
    account(**{operation: DENIED})

    result = run("scan", "--format", "json")

    scan = json.loads(result.stdout)
    assert result.exit_code == 3, result.output
    assert scan["complete"] is False
    gaps = [*scan["gaps"], *(gap for api in scan["apis"] for gap in api["gaps"])]
    assert [gap["operation"] for gap in gaps] == [operation]
    text = run("scan").stdout
    assert f"NOT READ {operation}" in text
    assert "AccessDeniedException" in text


def test_one_api_by_id_and_one_that_does_not_exist(run: Run) -> None:
    api = boto3.client("apigateway").create_rest_api(name="mine")

    result = run("scan", "--api", api["id"], "--api", "nosuchapi1", "--format", "json")

    scan = json.loads(result.stdout)
    assert [a["api_id"] for a in scan["apis"]] == [api["id"]]
    assert [gap["message"] for gap in scan["gaps"]] == ["no such API in us-east-1"]
    assert result.exit_code == 3


def test_output_goes_to_the_file(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "scan.json"

    result = run("scan", "--format", "json", "--output", target)

    assert result.stdout == ""
    assert json.loads(target.read_text())["apis"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan", "--rate", "0"], "--rate"),
        (["scan", "--profile", "nosuchprofile"], "nosuchprofile"),
        (["scan", "--org-policy", "nosuch.yaml"], "nosuch.yaml: No such file"),
        (["scan", "--output", "nosuchfolder/x"], "nosuchfolder/x: No such file"),
        (["scan", "--fail-on", "blocker"], "--fail-on"),
        (["replay", "nosuch.json"], "nosuch.json: No such file"),
        (["replay"], "Missing argument"),
        (["explode"], "No such command"),
    ],
)
def test_a_wrong_command_line_is_one_message(run: Run, arguments: list[str], message: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"{", "events.json:1:2: not JSON"),
        (b"3", "events.json:1:1: expected a CloudTrail record"),
        (b'{"a": 1}', "events.json:1:1: expected a CloudTrail record"),
        (b'{"Records": 5}', "events.json:1:1: expected a CloudTrail record"),
        (b"\xff\xfe", "events.json: not UTF-8"),
        (b"\x1f\x8bbroken", "events.json: broken gzip"),
        (b"[" * 200_000, "events.json: nested too deeply"),
    ],
)
def test_a_file_that_is_no_event_file(run: Run, tmp_path: Path, text: bytes, place: str) -> None:
    file = tmp_path / "events.json"
    file.write_bytes(text)

    result = run("replay", "--dry-run", file)

    assert result.exit_code == 2
    assert place in result.stderr


def test_a_dry_run_says_what_would_be_looked_at(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "log.json.gz"
    records = [record(), record("StopIt", eventSource=None), record(errorCode="AccessDenied")]
    file.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))

    result = run("replay", "--dry-run", "--format", "json", file)

    assert result.exit_code == 0
    replayed = json.loads(result.stdout)
    assert replayed["schema"] == "gatewatch.replay/1"
    assert [(c["look_at"], c["ignored"]) for c in replayed["changes"]] == [
        ("api", None),
        ("nothing", "malformed"),
        ("nothing", "failed"),
    ]
    text = run("replay", "--dry-run", file).stdout
    assert "UpdateRestApi  2026-11-22 11:59:30  by jane@example.com (role Developer)" in text
    assert "3 records, 2 of them ask for nothing" in text


def test_a_replay_looks_and_judges(run: Run, account: Callable[..., None], tmp_path: Path) -> None:
    account(**open_api(), GetExport=_open_export)
    file = tmp_path / "event.json"
    file.write_text(json.dumps(record(awsRegion="us-east-1")))

    result = run("replay", file, "--format", "json")

    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["findings"][0]["scope"] == "internet"
    assert document["changes"][0]["event_name"] == "UpdateRestApi"


def test_a_replay_of_nothing_makes_no_call(run: Run) -> None:
    result = run("replay", "-", "--format", "json", input=json.dumps(record(errorCode="x")))

    assert result.exit_code == 0
    assert json.loads(result.stdout)["calls"] == {}


def test_a_hostile_name_cannot_drive_the_terminal(run: Run, account: Callable[..., None]) -> None:
    listed = _listed("a1b2c3d4e5", name="\x1b]0;owned\x07[bold]orders\u202e")
    account(GetRestApis={"items": [listed]}, GetExport=_open_export)

    shown = run("scan").stdout

    assert "\x1b" not in shown
    assert "[bold]orders" in shown
    assert "\u202e" not in shown


def test_the_json_is_what_the_schema_says(run: Run, account: Callable[..., None]) -> None:
    account(**open_api(), GetExport=_open_export)
    scan = json.loads(run("scan", "--format", "json").stdout)

    jsonschema.validate(scan, SCHEMAS["scan"].model_json_schema(mode="serialization"))
