"""The local world starts, deploys and goes away again as promised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from botocore.exceptions import ClientError
from tests.emulator import probes
from tests.emulator.deployment import DeployError, packaged
from tests.emulator.mends import expect
from tests.emulator.process import ROOT
from tests.emulator.world import EmulatorError, World, installed, lambda_runtime

pytestmark = pytest.mark.skipif(not installed(), reason="no .venv-emulator: run `make emulator`")

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Runtime: python3.13
      Environment: {Variables: {GREETING: !Ref Greeting}}
Outputs:
  Function: {Value: !Ref Function}
"""
ORPHAN = """
  Orphan:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: orphan
      Roles: [no-such-role]
      PolicyDocument:
        Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]
"""
HELLO = "import os, sys\ndef handler(event, context):\n    return os.environ['GREETING']\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.start(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return probes.write_package(tmp_path / "package.zip", HELLO)


def test_a_template_is_deployed_and_its_function_runs(
    world: World, tmp_path: Path, package: Path
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    outputs = world.deploy(template, package, "works", {"Greeting": "hello"})
    answer = world.client("lambda").invoke(FunctionName=outputs["Function"])
    assert json.loads(answer["Payload"].read()) == "hello"


def test_a_failed_deployment_names_the_resource(
    world: World, tmp_path: Path, package: Path
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE.replace("Outputs:", f"{ORPHAN}Outputs:"))
    reason = r"Orphan \(AWS::IAM::Policy\): .*no-such-role"
    with pytest.raises(DeployError, match=reason):
        world.deploy(template, package, "fails", {"Greeting": "hello"})


def test_every_local_code_is_replaced() -> None:
    template = "A: {CodeUri: src/, Handler: x}\n  CodeUri: ../src\n  CodeUri: s3://b/k\n"
    assert packaged(template, "s3://new/key") == (
        "A: {CodeUri: s3://new/key, Handler: x}\n  CodeUri: s3://new/key\n  CodeUri: s3://b/k\n"
    )


def test_a_role_session_may_do_what_it_was_granted(world: World) -> None:
    read = {"Effect": "Allow", "Action": "apigateway:GET", "Resource": "*"}
    bob = world.assume("reader", "bob@example.com", statements=[read])
    apigateway = world.client("apigateway", bob)
    assert "items" in apigateway.get_rest_apis()
    with pytest.raises(ClientError, match="AccessDenied"):
        apigateway.create_rest_api(name="orders")
    caller = world.client("sts", bob).get_caller_identity()["Arn"]
    assert caller == bob.arn == "arn:aws:sts::123456789012:assumed-role/reader/bob@example.com"


def test_the_callers_own_aws_settings_are_not_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999999999999")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert world.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_reset_empties_everything(world: World) -> None:
    world.client("apigateway").create_rest_api(name="orders")
    world.reset()
    assert world.client("apigateway").get_rest_apis()["items"] == []


def test_a_failed_start_shows_the_log(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="no mend called typo"):
        World.start(tmp_path, mends=["typo"])


def test_functions_run_on_the_interpreter_the_package_is_built_for(
    world: World, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    source = "import sys\ndef handler(event, context):\n    say('%d.%d' % sys.version_info[:2])\n"
    probes.function(world, "version", source, log)
    world.client("lambda").invoke(FunctionName="version")
    assert probes.lines(log) == [lambda_runtime()[1]]


KILLED = """
import os, pathlib, sys
from tests.emulator.world import World
world = World.start(pathlib.Path(sys.argv[1]))
print(world.emulator.process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_the_emulator_never_outlives_who_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == -9, ended.stderr
    pid = int(ended.stdout)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _runs(pid):
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan that has ended may wait for init to collect it.
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def test_a_mend_refuses_an_emulator_that_has_changed() -> None:
    module = ModuleType("emulator")
    module.handle = lambda path, body: None  # type: ignore[attr-defined]
    assert expect.function(module, "handle", "path", "body") is module.handle
    with pytest.raises(expect.EmulatorChangedError, match="takes"):
        expect.function(module, "handle", "path")
    with pytest.raises(expect.EmulatorChangedError, match="is gone"):
        expect.function(module, "answer")
    with pytest.raises(expect.EmulatorChangedError, match="expected dict"):
        expect.attribute(module, "handle", dict)
