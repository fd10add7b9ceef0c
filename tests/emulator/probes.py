"""Small real things to watch the emulator with: an API that answers, an event queue, a function."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.emulator.world import ACCOUNT, World


def resource_policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke"} | {
        "Resource": "execute-api:/*",
        **more,
    }


def deny(**more: Any) -> dict[str, Any]:
    return {**allow(**more), "Effect": "Deny"}


def mock_api(apigateway: Any, method: str = "GET", **settings: Any) -> tuple[str, str]:
    """An API of one method that answers 200: ids of the API and of its root resource."""
    of_method = {
        key: settings.pop(key)
        for key in ("authorizationType", "authorizerId", "apiKeyRequired", "authorizationScopes")
        if key in settings
    }
    api = apigateway.create_rest_api(name="probe", **settings)["id"]
    root = apigateway.get_resources(restApiId=api)["items"][0]["id"]
    put_mock_method(apigateway, api, root, method, **of_method)
    return api, root


def put_mock_method(
    apigateway: Any, api: str, resource: str, method: str = "GET", **settings: Any
) -> None:
    where = {"restApiId": api, "resourceId": resource, "httpMethod": method}
    apigateway.put_method(**where, **{"authorizationType": "NONE", **settings})
    templates = {"application/json": '{"statusCode": 200}'}
    apigateway.put_integration(**where, type="MOCK", requestTemplates=templates)
    apigateway.put_method_response(**where, statusCode="200")
    apigateway.put_integration_response(**where, statusCode="200")


def replace(path: str, value: str) -> list[dict[str, str]]:
    return [{"op": "replace", "path": path, "value": value}]


class Events:
    """A queue that a rule fills with every API Gateway event."""

    def __init__(self, world: World, name: str = "events") -> None:
        self._sqs = world.client("sqs")
        self.url, arn = queue(world, name)
        events = world.client("events")
        events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.apigateway"]}))
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def take(self, count: int, seconds: float = 5) -> list[dict[str, Any]]:
        """The next events, whole; fewer if no more come in time."""
        taken: list[dict[str, Any]] = []
        for _ in range(int(seconds)):
            answer = self._sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for message in answer.get("Messages", []):
                taken.append(json.loads(message["Body"]))
                receipt = message["ReceiptHandle"]
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)
            if len(taken) >= count:
                break
        return taken


def queue(world: World, name: str, **attributes: str) -> tuple[str, str]:
    """Address and ARN of a new queue."""
    url = world.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


SAY = """
import json, os, time
def say(what):
    with open(os.environ['LOG'], 'a') as log:
        log.write(json.dumps(what) + '\\n')
"""


def write_package(package: Path, source: str) -> Path:
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", source)
    return package


def function(world: World, name: str, source: str, log: Path, **settings: Any) -> None:
    """A function whose handler may `say(...)`: one JSON line in `log`."""
    package = write_package(log.with_suffix(".zip"), SAY + source)
    log.touch()
    world.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=_role(world),
        Handler="app.handler",
        Code={"ZipFile": package.read_bytes()},
        Timeout=20,
        Environment={"Variables": {"LOG": str(log)}},
        **settings,
    )


def _role(world: World) -> str:
    iam = world.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda"}}
    try:
        iam.create_role(RoleName="functions", AssumeRolePolicyDocument=resource_policy(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        return f"arn:aws:iam::{ACCOUNT}:role/functions"
    everything = resource_policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    iam.put_role_policy(RoleName="functions", PolicyName="all", PolicyDocument=everything)
    return f"arn:aws:iam::{ACCOUNT}:role/functions"


def lines(log: Path) -> list[Any]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def statuses(world: World, api: str, addresses: Iterable[str | None]) -> list[int]:
    """What the stage `prod` answers to an unsigned GET / from each of the addresses."""
    return [world.invoke_api(api, "prod", "/", source_ip=address)[0] for address in addresses]
