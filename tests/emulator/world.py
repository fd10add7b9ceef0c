"""The local world: a mended AWS emulator and a Slack stand-in, for the demo and end-to-end tests.

    with World.start(workdir) as world:
        outputs = world.deploy(template, package, "gatewatch", {"SlackBaseUrl": world.slack.url})
        alice = world.assume("platform-admin", "alice@example.com")
        world.client("apigateway", alice).create_deployment(restApiId=..., stageName="prod")

Everything listens on loopback only, and nothing of the caller's AWS set-up is read.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from tests.emulator import clients, deployment
from tests.emulator.clients import Credentials
from tests.emulator.process import HOST, LAMBDA_PYTHON, Emulator, EmulatorError, installed
from tests.slack_standin.server import SlackStandin

__all__ = ["Credentials", "EmulatorError", "World", "installed"]

ACCOUNT = "123456789012"
REGION = "us-east-1"
# MiniStack takes a twelve-digit key for the root of that account.
ROOT = Credentials(ACCOUNT, "root-of-the-local-account")
ALL_OF_API_GATEWAY = {"Effect": "Allow", "Action": "apigateway:*", "Resource": "*"}
_RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")

T = TypeVar("T")


@dataclass
class World:
    workdir: Path
    emulator: Emulator
    slack: SlackStandin
    _clients: dict[tuple[str, Credentials, str | None], Any] = field(default_factory=dict)

    @classmethod
    def start(
        cls,
        workdir: Path,
        *,
        auth: bool = True,
        event_delay: float = 0.3,
        flat_events: bool = False,
        mends: Sequence[str] | None = None,
        lambda_python: Path = LAMBDA_PYTHON,
    ) -> World:
        """Start both; `mends=()` gives the emulator as it comes, `None` every mend."""
        options = ["--account", ACCOUNT, "--region", REGION, "--event-delay", str(event_delay)]
        options += ["--auth"] if auth else []
        options += ["--flat-events"] if flat_events else []
        if mends is not None:
            options += ["--mends", ",".join(mends) or "none"]
        for label in _RUNTIMES:
            options += ["--lambda-python", f"{label}={lambda_python}"]
        slack = SlackStandin.start()
        try:
            return cls(workdir, Emulator.start(workdir, options), slack)
        except BaseException:
            slack.stop()
            raise

    def stop(self) -> None:
        try:
            self.emulator.stop()
        finally:
            self.slack.stop()

    def __enter__(self) -> World:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return self.emulator.url

    def client(
        self, service: str, credentials: Credentials | None = None, *, address: str | None = None
    ) -> Any:
        """A boto3 client, of the account's root unless told whose; `address`: called from there."""
        key = (service, credentials or ROOT, address)
        if key not in self._clients:  # making one takes longer than most calls
            self._clients[key] = clients.client(
                service, self.endpoint, key[1], region=REGION, address=address
            )
        return self._clients[key]

    def deploy(
        self, template: Path, package: Path, stack: str, parameters: Mapping[str, str]
    ) -> dict[str, str]:
        """Create the stack of a SAM template whose functions are all in `package`; its outputs."""
        return deployment.deploy(
            self.client("s3"), self.client("cloudformation"), template, package, stack, parameters
        )

    def assume(
        self, role: str, session: str, *, statements: Sequence[Mapping[str, Any]] | None = None
    ) -> Credentials:
        """A person's session of a role, which is made if need be. Default: all of API Gateway."""
        iam, arn = self.client("iam"), f"arn:aws:iam::{ACCOUNT}:role/{role}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=_policy([trust]))
        granted = _policy(statements if statements is not None else [ALL_OF_API_GATEWAY])
        iam.put_role_policy(RoleName=role, PolicyName="granted", PolicyDocument=granted)
        answer = self.client("sts").assume_role(RoleArn=arn, RoleSessionName=session)
        keys = answer["Credentials"]
        return Credentials(
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys["SessionToken"],
            answer["AssumedRoleUser"]["Arn"],
        )

    def invoke_api(
        self,
        api_id: str,
        stage: str,
        path: str,
        source_ip: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
    ) -> tuple[int, str]:
        """Call a deployed API over HTTP, unsigned, from `source_ip`: (status, body)."""
        sent = dict(headers or {})
        if source_ip:
            sent["X-Forwarded-For"] = source_ip
        connection = http.client.HTTPConnection(HOST, self.emulator.port, timeout=30)
        try:
            url = f"/restapis/{api_id}/{stage}/_user_request_/{path.lstrip('/')}"
            connection.request(method, url, headers=sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def until(self, probe: Callable[[], T], seconds: float, what: str) -> T:
        """Wait for the probe's first truthy answer; the failure says what was waited for."""
        deadline = time.monotonic() + seconds
        while not (found := probe()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {seconds:.0f} s")
            time.sleep(0.05)
        return found

    def reset(self) -> None:
        """Empty the emulator and Slack, much faster than starting them again."""
        connection = http.client.HTTPConnection(HOST, self.emulator.port, timeout=30)
        try:
            connection.request("POST", "/_ministack/reset")
            if connection.getresponse().status != 200:
                raise RuntimeError("the emulator refused to reset")
        finally:
            connection.close()
        self.slack.reset()


def lambda_runtime(python: Path = LAMBDA_PYTHON) -> tuple[Path, str]:
    """The interpreter functions run on and its minor version: what their zip must be built for."""
    said = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        check=True,
        capture_output=True,
        text=True,
    )
    return python, said.stdout.strip()


def _policy(statements: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
