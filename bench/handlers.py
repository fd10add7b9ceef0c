"""What an event costs: start of each handler, and AWS calls and time from event to verdict.

    make bench

The start is measured in the package that is deployed, on the bare interpreter that the emulator
runs functions on, beside `import boto3` there: a new process each time, the median of several.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
logging.disable(logging.CRITICAL)

from tests.emulator import stack  # noqa: E402 - after the path
from tests.emulator.process import LAMBDA_PYTHON  # noqa: E402

RUNS = 11
STARTS = {
    "import boto3": "import boto3",
    "boto3 and the clients of on_change": (
        "import boto3; s = boto3.Session(region_name='us-east-1'); "
        "[s.client(n) for n in ('dynamodb', 'sqs', 'apigateway', 'apigatewayv2')]"
    ),
    "on_change": "import monitor.handlers.on_change",
    "scan_worker": "import monitor.handlers.scan_worker",
    "scan_fanout": "import monitor.handlers.scan_fanout",
    "notify": "import monitor.handlers.notify",
}


def main() -> None:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"machine: {machine}; figures are medians of {RUNS}\n")
    with TemporaryDirectory() as folder:
        zipfile.ZipFile(stack.package()).extractall(folder)
        print("| start of a process (ms) | with byte code | without |\n| --- | --- | --- |")
        compiled = {name: start(folder, code) for name, code in STARTS.items()}
        for cache in Path(folder).rglob("__pycache__"):
            for file in cache.iterdir():
                file.unlink()
        for name, code in STARTS.items():
            print(f"| {name} | {compiled[name]:.0f} | {start(folder, code):.0f} |")
    print()
    event_to_verdict()


def start(folder: str, code: str) -> float:
    """Milliseconds from the start of the interpreter to its end."""
    environment = {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"}
    taken = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        subprocess.run([LAMBDA_PYTHON, "-c", code], env=environment, check=True)
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def event_to_verdict() -> None:
    """One event on an API of 20 methods and two deployments, AWS answering at once."""
    os.environ.update(
        AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1"
    )
    from tests.aws_answers import AwsAnswers
    from tests.builders import API
    from tests.event_path import EventPath, SetClock
    from tests.unit.test_cloudtrail import record
    from tests.unit.test_collect import reader

    given: AwsAnswers = large_api()
    source: Any = reader(given)
    source.clock = SetClock()
    taken, worked = [], []
    for number in range(RUNS * 10):
        target = EventPath(source)
        batch = target.batch()
        body = json.dumps({"detail": record("CreateDeployment", eventID=f"e{number}")})
        begun, busy = time.perf_counter(), time.process_time()
        batch.prepare([body])
        batch.take(body)
        batch.finish()
        taken.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - busy) * 1000)
        assert target.store.load(API).findings
    looks = RUNS * 10
    calls = {name: count / looks for name, count in sorted(given.calls.items())}
    print(
        f"event to verdict, warm, without AWS's latency: {statistics.median(taken):.1f} ms, "
        f"of CPU {statistics.median(worked):.1f} ms"
    )
    print(f"AWS calls: {sum(calls.values()):.0f} for API {API.api_id} ({json.dumps(calls)})")


def large_api() -> Any:
    from tests.aws_answers import body as export_body
    from tests.unit.test_collect import EXPORT, answers

    verbs = ("get", "put", "post", "delete")
    paths = {f"/orders/{n}": {verb: {} for verb in verbs} for n in range(5)}
    export = json.dumps({**EXPORT, "paths": paths}).encode()
    stages = [{"stageName": s, "deploymentId": f"d-{s}"} for s in ("prod", "test")]
    return answers(GetStages={"item": stages}, GetExport=lambda _params: export_body(export))


if __name__ == "__main__":
    main()
