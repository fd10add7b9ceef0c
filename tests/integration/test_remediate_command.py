"""`gatewatch remediate` as a program: plan, apply, undo, status; asked, refused, and killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from tests.demo.company import WIDE_OPEN, Company
from tests.emulator.world import World, installed
from tests.remedies.bench import rest_state

from remediators.cli import main

pytestmark = pytest.mark.skipif(not installed(), reason="no .venv-emulator: run `make emulator`")
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "plan.json"
FAST = ("--rate", "100000")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.start(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def opened(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """An API that was fenced when a scan saw it, and was opened since."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    monkeypatch.chdir(tmp_path)
    company = Company(world.client("apigateway"))
    api = company.orders()
    assert run("scan", "--api", api, "--state", "state", *FAST).exit_code == 0
    company.save_policy(api, WIDE_OPEN)
    company.deploy(api)
    assert is_open(api)
    yield api
    company.delete(api)


def run(*arguments: str, answers: str = "") -> Result:
    return CliRunner().invoke(main, [*arguments], input=answers, catch_exceptions=False)


def remediate(*arguments: str, answers: str = "") -> Result:
    rate = () if arguments[0] == "status" else FAST
    command = ["remediate", *arguments, "--state", "state", "--format", "json", *rate]
    return run(*command, answers=answers)


def finding(api: str) -> str:
    found = run("scan", "--api", api, "--state", "state", "--format", "json", *FAST)
    findings = json.loads(found.stdout)["findings"]
    return next(one["id"] for one in findings if one["rule"] == "access-exceeds-policy")


def is_open(api: str) -> bool:
    found = run("scan", "--api", api, "--state", "state", "--format", "json", *FAST)
    findings = json.loads(found.stdout)["findings"]
    return any(one["rule"] == "access-exceeds-policy" for one in findings)


def document(result: Result) -> Any:
    found = json.loads(result.stdout)
    Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(found)
    return found


def test_plan_apply_undo(world: World, opened: str) -> None:
    before = rest_state(world.client("apigateway"), opened)
    planned = document(remediate("plan", finding(opened)))
    assert planned["state"] == "planned"
    assert planned["action"] == "rollback-stage"
    assert rest_state(world.client("apigateway"), opened) == before

    applied = remediate("apply", planned["id"], "--yes")
    assert applied.exit_code == 0
    assert document(applied)["state"] == "done"
    assert world.invoke_api(opened, "prod", "/orders", "198.51.100.7")[0] == 403
    assert not is_open(opened)

    undone = remediate("undo", planned["id"], "--yes")
    assert undone.exit_code == 0
    assert document(undone)["state"] == "undone"
    assert rest_state(world.client("apigateway"), opened) == before
    assert document(remediate("status", planned["id"]))["state"] == "undone"
    (listed,) = json.loads(remediate("status").stdout)
    assert listed["id"] == planned["id"]


def test_it_asks_and_takes_no_for_an_answer(world: World, opened: str) -> None:
    planned = document(remediate("plan", finding(opened)))
    before = rest_state(world.client("apigateway"), opened)

    refused = remediate("apply", planned["id"], answers="n\n")
    assert refused.exit_code == 1
    assert "Carry it out?" in refused.stderr
    assert "point stage prod back" in refused.stderr
    assert rest_state(world.client("apigateway"), opened) == before
    assert remediate("apply", planned["id"], answers="y\n").exit_code == 0


def test_an_action_and_its_parameters(opened: str) -> None:
    planned = remediate(
        "plan", finding(opened), "--action", "restrict-policy", "--set", "cidrs=198.51.100.0/24"
    )
    assert "198.51.100.0/24" in document(planned)["summary"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("plan", "gw-0"), 2, "has the finding gw-0"),
        (("apply", "gwp-0", "--yes"), 2, "no plan gwp-0"),
        (("undo", "gwp-0", "--yes"), 2, "no plan gwp-0"),
        (("status", "gwp-0"), 2, "no plan gwp-0"),
        (("plan", "gw-0", "--set", "cidrs"), 2, "expected NAME=VALUE"),
    ],
)
def test_what_is_wrong_is_said(
    opened: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = remediate(*arguments)

    assert result.exit_code == code
    assert said in result.stderr


def test_a_refusal_names_its_reason(opened: str) -> None:
    refused = remediate("plan", finding(opened), "--action", "enable-access-logging")

    assert refused.exit_code == 1
    assert "give the parameter `destination`" in refused.stderr


KILLED_AT = """
import os, signal
from remediators.aws_writes import AwsWriter
write = AwsWriter.write
def dying(self, call, plan_id):
    {before}
    write(self, call, plan_id)
    {after}
AwsWriter.write = dying
from remediators.cli import main
main()
"""
DIE = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_in_the_middle_the_same_command_goes_on(
    world: World, opened: str, moment: str
) -> None:
    planned = document(remediate("plan", finding(opened)))
    deaths = {"before": "", "after": "", moment: DIE}
    command = [sys.executable, "-c", KILLED_AT.format(**deaths), "remediate", "apply"]
    died = subprocess.run(
        [*command, planned["id"], "--yes", "--state", "state", *FAST],
        env=dict(os.environ), check=False, capture_output=True, timeout=60,
    )  # fmt: skip
    assert died.returncode == -9
    assert document(remediate("status", planned["id"]))["state"] == "applying"

    assert document(remediate("apply", planned["id"], "--yes"))["state"] == "done"
    assert world.invoke_api(opened, "prod", "/orders", "198.51.100.7")[0] == 403
