"""`gatewatch policy` as a user calls it: answers, exit codes, mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from tests.aws_answers import AwsAnswers, body
from tests.unit.test_collect import DENIED, answers

from monitor.aws.apigateway import RestApiReads
from monitor.evaluation.policy_check import PolicyCheckDocument
from monitor.evaluation.policy_tests import PolicyTestDocument
from remediators.cli import main

ROOT = Path(__file__).resolve().parents[3]
BANK = ROOT / "docs/examples/bank.yaml"
CASES = ROOT / "docs/examples/bank-cases.yaml"

POLICY = """\
version: 1
organization:
  networks: {office: 198.51.100.0/24}
classes:
  - {name: public, select: {tags: {exposure: public}}, allowed: anyone}
  - {name: also public, select: {tags: {exposure: public, team: shop}}, allowed: anyone}
  - {name: production, select: {stage: prod}, allowed: token holders}
  - {name: payments, select: {name: pay-*}, allowed: nobody}
  - {name: the rest, allowed: no-public-access}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["policy", *map(str, arguments)])


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    return file


def scan_of(*apis: dict[str, Any], complete: bool = True) -> str:
    of_api = {
        "api_type": "REST", "region": "eu-west-1", "scope": "internet",
        "draft_scope": "internet", "status": "judged", "gaps": [],
    }  # fmt: skip
    return json.dumps(
        {
            "schema": "gatewatch.scan/1", "account_id": "111111111111", "regions": ["eu-west-1"],
            "started_at": "2026-11-22T12:00:00Z", "finished_at": "2026-11-22T12:00:00Z",
            "complete": complete, "calls": {}, "gaps": [], "findings": [],
            "apis": [{**of_api, "stages": [], **api} for api in apis],
        }
    )  # fmt: skip


def stage(name: str) -> dict[str, Any]:
    return {
        "name": name, "deployment_id": "d1", "scope": "internet", "draft_scope": "internet",
        "witness": None, "draft_witness": None,
    }  # fmt: skip


APIS = (
    {"api_id": "a1", "name": "shop", "tags": {"exposure": "public"}},
    {"api_id": "a2", "name": "orders", "stages": [stage("prod"), stage("dev")]},
    {"api_id": "a3", "name": "\x1b[31mevil"},
)


def test_a_good_policy_is_one_and_what_looks_wrong_is_told_with_its_place(policy: Path) -> None:
    result = run("check", policy)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"{policy}: an org policy of 5 classes",
        f"{policy}:3:14: no class allows `office` or asks for it",
        f"{policy}:6:5: no API ever comes to the class `also public`: "
        "`public` takes them all before",
    ]


def test_a_pipeline_may_be_strict(policy: Path) -> None:
    assert run("check", policy, "--strict").exit_code == 1
    assert run("check", BANK, "--strict").exit_code == 0


def test_a_file_full_of_mistakes_has_each_of_them_told(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("version: 1\nclases: []\nrules: {acess-unknown: off}\ntimezone: Mars\n")

    result = run("check", file)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"Error: {file} has 3 mistakes",
        f"{file}:2:1: `clases`: unknown key; did you mean `classes`?",
        f"{file}:3:9: `rules.acess-unknown`: there is no rule `acess-unknown`; "
        "did you mean `access-unknown`?",
        f"{file}:4:1: `timezone`: expected a time zone such as `Europe/Zurich`, found `Mars`",
    ]


def test_a_scan_shows_which_class_takes_which_api(policy: Path, tmp_path: Path) -> None:
    scan = tmp_path / "scan.json"
    scan.write_text(scan_of(*APIS))

    result = run("check", policy, "--scan", scan)

    assert result.exit_code == 0
    told = result.stdout.splitlines()
    assert f"{policy}:8:5: no API is of the class `payments`" in told
    assert told[told.index("") :] == [
        "",
        "     1  public",
        "     0  also public",
        "     1  production",
        "     0  payments",
        "     2  the rest",
        "",
        "1 API that no class but the last one names:",
        "        a3  [31mevil (eu-west-1)",
    ]


def test_the_answer_for_a_program(policy: Path, tmp_path: Path) -> None:
    scan = tmp_path / "scan.json"
    scan.write_text(scan_of(*APIS))

    result = run("check", policy, "--scan", scan, "--format", "json")

    answer = json.loads(result.stdout)
    schema = PolicyCheckDocument.model_json_schema(mode="serialization", by_alias=True)
    jsonschema.validate(answer, schema)
    assert answer["schema"] == "gatewatch.policy-check/1"
    assert [(one["api_id"], one["classes"], one["unclassed"]) for one in answer["apis"]] == [
        ("a1", ["public"], False),
        ("a2", ["production", "the rest"], False),
        ("a3", ["the rest"], True),
    ]
    assert [one["kind"] for one in answer["notes"]] == [
        "name-unused",
        "class-shadowed",
        "class-empty",
    ]
    assert json.loads(run("check", policy, "--format", "json").stdout)["apis"] is None


def test_a_scan_with_gaps_may_lack_apis(policy: Path, tmp_path: Path) -> None:
    scan = tmp_path / "scan.json"
    scan.write_text(scan_of(complete=False))

    result = run("check", policy, "--scan", scan)

    assert result.exit_code == 3
    assert "not every API could be read" in result.stdout


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the command read an account with these answers."""

    def given(**changed: Any) -> None:
        found: AwsAnswers = answers(**changed)
        monkeypatch.setattr(
            "monitor.bootstrap.looking.RestApiReads", lambda _client: RestApiReads(found.client())
        )

    return given


def listed(**fields: Any) -> dict[str, Any]:
    api = {
        "id": "a1b2c3d4e5",
        "name": "pay-out",
        "endpointConfiguration": {"types": ["REGIONAL"]},
        **fields,
    }
    return {"GetRestApi": api, "GetRestApis": {"items": [api]}}


@mock_aws
def test_the_account_as_it_is_now(policy: Path, account: Callable[..., None]) -> None:
    account(**listed())

    result = run("check", policy, "--live", "--region", "eu-west-1", "--format", "json")

    assert result.exit_code == 0, result.output
    (api,) = json.loads(result.stdout)["apis"]
    assert (api["name"], "payments" in api["classes"]) == ("pay-out", True)


@mock_aws
def test_an_account_that_may_not_be_read_is_no_clean_answer(
    policy: Path, account: Callable[..., None]
) -> None:
    account(GetRestApis=DENIED)

    result = run("check", policy, "--live", "--region", "eu-west-1")

    assert result.exit_code == 3


STRICT = """\
version: 1
classes:
  - {name: mine, allowed: nobody}
rules: {access-exceeds-policy: {severity: low}}
"""
WAIVED = (
    STRICT
    + """\
waivers:
  - {rule: access-exceeds-policy, select: {name: pay-*}, reason: r, owner: team-pay,
     granted: GRANTED, expires: EXPIRES}
"""
)


@mock_aws
@pytest.mark.parametrize(("days", "status"), [(5, "waived"), (-1, "open")])
def test_a_scan_is_judged_by_the_file_and_a_waiver_holds_until_its_end(
    account: Callable[..., None], tmp_path: Path, days: int, status: str
) -> None:
    account(
        **listed(),
        GetExport=lambda _params: body(b'{"openapi": "3.0.1", "paths": {"/out": {"get": {}}}}'),
    )
    today = datetime.now(UTC).date()
    file = tmp_path / "policy.yaml"
    text = WAIVED.replace("GRANTED", str(today - timedelta(days=9)))
    file.write_text(text.replace("EXPIRES", str(today + timedelta(days=days))))

    result = CliRunner().invoke(
        main, ["scan", "--region", "eu-west-1", "--org-policy", str(file), "--format", "json"]
    )

    found = {one["rule"]: one for one in json.loads(result.stdout)["findings"]}
    exceeds = found["access-exceeds-policy"]
    assert (exceeds["status"], exceeds["severity"]) == (status, "low")
    assert exceeds["policy_class"] == "mine"


def test_the_banks_cases_pass() -> None:
    result = run("test", BANK, CASES)

    assert result.exit_code == 0, result.stdout
    assert result.stdout.splitlines()[-1] == "10 passed, 0 failed"


OPEN = """\
rules: access-*
cases:
  - name: an open API
    question:
      account_id: "111111111111"
      policy: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: "*", Action: "*", Resource: "*"}]}
      api: {routes: [{method: GET, path: /}]}
    findings: FINDINGS
"""  # noqa: E501


@pytest.mark.parametrize(
    ("findings", "passes"),
    [
        ("[{rule: access-exceeds-policy}]", True),
        ("[{rule: access-exceeds-policy, class: production, live: true, stage: prod}]", True),
        ("[{rule: access-exceeds-policy, routes: [GET /], title: anyone on the internet}]", True),
        ("[{rule: access-exceeds-policy, routes: []}]", False),
        ("[{rule: access-exceeds-policy, severity: low}]", False),
        ("[{rule: access-exceeds-policy, scope: token}]", False),
        ("[{rule: access-exceeds-policy}, {rule: access-exceeds-policy}]", False),
        ("[{rule: access-unknown}]", False),
        ("[]", False),
    ],
)
def test_a_case_passes_if_exactly_its_findings_are_there(
    policy: Path, tmp_path: Path, findings: str, passes: bool
) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text(OPEN.replace("FINDINGS", findings))

    assert run("test", policy, cases).exit_code == (0 if passes else 1)


def test_a_case_that_fails_shows_the_difference(policy: Path, tmp_path: Path) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text(
        OPEN.replace("FINDINGS", "[{rule: access-exceeds-policy, live: false, routes: [GET /]}]")
    )

    text = run("test", policy, cases).stdout.splitlines()
    answer = json.loads(run("test", policy, cases, "--format", "json").stdout)

    assert text == [
        "FAILED  an open API",
        "        - expected, not found: rule: access-exceeds-policy, live: false, routes: [GET /]",
        "        + found, not expected: access-exceeds-policy, critical, open, stage prod: "
        + answer["cases"][0]["unexpected"][0]["title"]
        + " (class production; GET /)",
        "0 passed, 1 failed",
    ]
    schema = PolicyTestDocument.model_json_schema(mode="serialization", by_alias=True)
    jsonschema.validate(answer, schema)
    assert (answer["schema"], answer["failed"]) == ("gatewatch.policy-test/1", 1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("account_id", "acount_id"), "`cases[0].question.acount_id`: unknown key; did you mean"),
        (("method", "metod"), "`cases[0].question.api.routes[0].metod`: unknown key"),
        (("findings: FINDINGS", "findings: [{rule: nope}]"), "there is no rule `nope`"),
        (("findings: FINDINGS", ""), "`cases[0].findings`: is missing"),
        (("findings: FINDINGS", "findings: [{rul: access-unknown}]"), "did you mean `rule`?"),
        (("cases:", "case:"), "did you mean `cases`?"),
    ],
)
def test_a_mistake_in_the_cases_is_told_with_its_place(
    policy: Path, tmp_path: Path, wrong: tuple[str, str], message: str
) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text(OPEN.replace(*wrong).replace("FINDINGS", "[]"))

    result = run("test", policy, cases)

    assert result.exit_code == 2
    assert message in result.stderr
    assert f"{cases}:" in result.stderr


def test_cases_that_are_no_file_or_no_cases_are_wrong_input(policy: Path, tmp_path: Path) -> None:
    assert run("test", policy, tmp_path / "none.yaml").exit_code == 2
    assert run("test", policy, policy).exit_code == 2
    assert run("test", tmp_path / "none.yaml", CASES).exit_code == 2


def test_the_schema_is_printed() -> None:
    result = run("schema")

    assert result.exit_code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(result.stdout))


def test_scan_and_live_exclude_each_other(policy: Path) -> None:
    assert run("check", policy, "--live", "--scan", "x").exit_code == 2
