"""The mends of the emulator that concern functions and their event sources.

As in `test_emulator_mends.py`: when an assertion on `raw` fails after an upgrade, the mend may go.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.emulator import probes
from tests.emulator.world import World, installed

T = TypeVar("T")

pytestmark = pytest.mark.skipif(not installed(), reason="no .venv-emulator: run `make emulator`")


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.start(tmp_path_factory.mktemp("mended")) as world:
        yield world


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World.start(tmp_path_factory.mktemp("raw"), mends=()) as world:
        yield world


def _both(
    observe: Callable[[World, Path], T], mended: World, raw: World, tmp_path: Path
) -> tuple[T, T]:
    """What is observed on the mended and on the raw emulator, at the same time to save it."""
    with ThreadPoolExecutor(2) as pool:
        of_mended = pool.submit(observe, mended, tmp_path / "mended")
        of_raw = pool.submit(observe, raw, tmp_path / "raw")
        return of_mended.result(), of_raw.result()


COUNT = "def handler(event, context):\n    say(len(event['Records']))\n"


def _batches(world: World, log: Path) -> list[int]:
    """Sizes of the batches that twelve messages arrive in."""
    url, arn = probes.queue(world, "window", VisibilityTimeout="30")
    probes.function(world, "window", COUNT, log)
    world.client("lambda").create_event_source_mapping(
        FunctionName="window", EventSourceArn=arn, BatchSize=50, MaximumBatchingWindowInSeconds=2
    )
    sqs = world.client("sqs")
    for number in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    world.until(lambda: sum(probes.lines(log)) == 12, 15, "twelve messages handled")
    return probes.lines(log)


def test_a_batch_waits_for_its_window(mended: World, raw: World, tmp_path: Path) -> None:
    started = time.monotonic()
    of_mended, of_raw = _both(_batches, mended, raw, tmp_path)
    assert of_mended == [12]
    assert time.monotonic() - started > 2
    assert max(of_raw) <= 10


def test_a_large_batch_needs_a_window(mended: World, raw: World, tmp_path: Path) -> None:
    for world, refused in ((mended, True), (raw, False)):
        _, arn = probes.queue(world, "large")
        probes.function(world, "large", COUNT, tmp_path / "log")
        functions = world.client("lambda")
        mapping = {"FunctionName": "large", "EventSourceArn": arn, "BatchSize": 50}
        try:
            functions.create_event_source_mapping(**mapping)
        except functions.exceptions.InvalidParameterValueException:
            assert refused
        else:
            assert not refused


def _stream(world: World, name: str, source: str, log: Path, **mapping: Any) -> Any:
    """A table whose stream the function handles; returns the table's client."""
    dynamodb = world.client("dynamodb")
    table = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    probes.function(world, name, source, log)
    world.client("lambda").create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=table["TableDescription"]["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        **mapping,
    )
    return dynamodb


POISON = """
def handler(event, context):
    keys = {r['dynamodb']['Keys']['pk']['S']: r for r in event['Records']}
    say(sorted(keys))
    bad = [r['dynamodb']['SequenceNumber'] for k, r in keys.items() if k == 'bad']
    return {'batchItemFailures': [{'itemIdentifier': number} for number in bad]}
"""


def _handled(world: World, log: Path) -> tuple[int, list[str]]:
    """How often a bad record was tried, and what arrived at the on-failure destination."""
    url, failures = probes.queue(world, "failures")
    dynamodb = _stream(
        world,
        "poison",
        POISON,
        log,
        BatchSize=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": failures}},
    )
    for key in ("first", "bad", "last"):
        dynamodb.put_item(TableName="poison", Item={"pk": {"S": key}})
    world.until(lambda: ["last"] in probes.lines(log), 15, "the last record")
    answer = world.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1)
    bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
    conditions = [body["requestContext"]["condition"] for body in bodies]
    return probes.lines(log).count(["bad"]), conditions


def test_a_stream_retries_what_failed(mended: World, raw: World, tmp_path: Path) -> None:
    of_mended, of_raw = _both(_handled, mended, raw, tmp_path)
    assert of_mended == (2, ["RetryAttemptsExhausted"])
    assert of_raw == (1, [])


SLOW = "def handler(event, context):\n    say('in')\n    time.sleep(3)\n"


def _seconds_behind_a_slow_stream(world: World, folder: Path) -> float:
    """How long a message waits while the handler of a stream sleeps."""
    folder.mkdir()
    slow, quick = folder / "slow", folder / "quick"
    url, arn = probes.queue(world, "beside")
    probes.function(world, "beside", COUNT, quick)
    functions = world.client("lambda")
    functions.create_event_source_mapping(FunctionName="beside", EventSourceArn=arn)
    dynamodb = _stream(world, "slow", SLOW, slow)
    dynamodb.put_item(TableName="slow", Item={"pk": {"S": "one"}})
    world.until(lambda: probes.lines(slow), 10, "the slow handler")
    started = time.monotonic()
    world.client("sqs").send_message(QueueUrl=url, MessageBody="now")
    world.until(lambda: probes.lines(quick), 10, "the message")
    return time.monotonic() - started


def test_a_slow_stream_delays_no_queue(mended: World, raw: World, tmp_path: Path) -> None:
    of_mended, of_raw = _both(_seconds_behind_a_slow_stream, mended, raw, tmp_path)
    assert of_mended < 2 < of_raw


BOTO3 = """
def handler(event, context):
    import importlib.util
    return importlib.util.find_spec('botocore') is not None
"""


def test_a_function_has_only_what_its_zip_brings(mended: World, raw: World, tmp_path: Path) -> None:
    for world, found in ((mended, False), (raw, True)):
        probes.function(world, "bare", BOTO3, tmp_path / "log")
        answer = world.client("lambda").invoke(FunctionName="bare")
        assert json.loads(answer["Payload"].read()) is found


AUTHORIZER = """
def handler(event, context):
    statement = {'Effect': 'Allow', 'Action': 'execute-api:Invoke', 'Resource': event['methodArn']}
    policy = {'Version': '2012-10-17', 'Statement': [statement]}
    return {'principalId': 'somebody', 'policyDocument': policy}
"""
ADDRESSES = {"aws:SourceIp": "203.0.113.0/24"}
FENCED = probes.resource_policy(probes.allow(), probes.deny(Condition={"NotIpAddress": ADDRESSES}))
ALLOWED_ONLY = probes.resource_policy(probes.allow(Condition={"IpAddress": ADDRESSES}))


def _authorized(world: World, policy: str, headers: dict[str, str], **authorizer: Any) -> list[int]:
    """What a holder of a token gets at an address of the policy, and elsewhere."""
    apigateway = world.client("apigateway")
    api = apigateway.create_rest_api(name="tokens", policy=policy)["id"]
    made = apigateway.create_authorizer(
        restApiId=api,
        name="tokens",
        identitySource="method.request.header.Authorization",
        **authorizer,
    )["id"]
    root = apigateway.get_resources(restApiId=api)["items"][0]["id"]
    method = {"authorizationType": "CUSTOM", "authorizerId": made}
    probes.put_mock_method(apigateway, api, root, **method)
    apigateway.create_deployment(restApiId=api, stageName="prod")
    assert world.invoke_api(api, "prod", "/", "203.0.113.7")[0] == 401
    return [
        world.invoke_api(api, "prod", "/", address, headers)[0]
        for address in ("203.0.113.7", "198.51.100.7")
    ]


def test_a_deny_fences_holders_of_a_token(mended: World, raw: World, tmp_path: Path) -> None:
    path = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions"
    function = "arn:aws:lambda:us-east-1:123456789012:function:authorizer"
    token = {"Authorization": "let me in"}
    settings = {"type": "TOKEN", "authorizerUri": f"{path}/{function}/invocations"}
    for world, fenced in ((mended, [200, 403]), (raw, [200, 200])):
        probes.function(world, "authorizer", AUTHORIZER, tmp_path / "log")
        assert _authorized(world, FENCED, token, **settings) == fenced
        # An allow by address alone does not bind them, in AWS either.
        assert _authorized(world, ALLOWED_ONLY, token, **settings) == [200, 200]
