"""What a scan costs: calls, refusals, time and memory, against a stand-in that holds AWS's quotas.

    .venv/bin/python bench/scans.py            about five minutes
    .venv/bin/python bench/scans.py --large    and 400 APIs, and 1,320 APIs of 300 routes (an hour)

Calls are exact. Seconds are those of the quotas plus this machine's; compare them as ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.synthetic_account import (  # noqa: E402 - after the path
    Fault,
    Quotas,
    SyntheticAccount,
    neighbour,
    serving,
)

LATENCY = 0.05
GATEWATCH = [sys.executable, "-c", "from remediators.cli import main; main()"]


@dataclass(frozen=True)
class Run:
    exit_code: int
    seconds: float
    peak_mib: float
    calls: int
    refused: int
    answer: dict[str, Any]

    @property
    def verdicts(self) -> dict[str, str]:
        return {api["api_id"]: api["scope"] for api in self.answer["apis"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"machine: {machine}\n")
    print("| scan | calls | refused | seconds | peak MiB | complete | exit |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for apis in (10, 100, 400) if options.large else (10, 100):
        first_and_second(apis)
    one_api()
    beside_a_neighbour()
    with_faults()
    if options.large:
        account = SyntheticAccount(apis=1320, routes=300)
        show("1,320 APIs of 300 routes, no quota", scan(account, "--rate", "100000"))


def first_and_second(apis: int) -> None:
    with TemporaryDirectory() as state:
        for which in ("first", "second"):
            account = SyntheticAccount(apis=apis, latency=LATENCY, quotas=Quotas())
            run = scan(account, "--rate", "9.5", "--state", state)
            show(f"{apis} APIs, {which}, rate 9.5", run)
    account = SyntheticAccount(apis=apis, latency=LATENCY, quotas=Quotas())
    if apis <= 100:
        show(f"{apis} APIs, first, default rate", scan(account))


def one_api() -> None:
    with TemporaryDirectory() as state:
        for which in ("first", "exports kept"):
            account = SyntheticAccount(apis=10, latency=LATENCY, quotas=Quotas())
            show(
                f"1 of 10 APIs by id, {which}",
                scan(account, "--api", "api0000005", "--state", state),
            )


def beside_a_neighbour() -> None:
    quiet = scan(SyntheticAccount(apis=10))
    for rate in (9, 20):
        account = SyntheticAccount(apis=10, latency=LATENCY, quotas=Quotas())
        run = scan(account, neighbour_rate=rate)
        now = [run.verdicts.get(api, "missing") for api in quiet.verdicts]
        unknown = now.count("unknown")
        changed = sum(one != two for one, two in zip(now, quiet.verdicts.values(), strict=True))
        told = f"{changed - unknown} verdicts differ, {unknown} unknown"
        show(f"10 APIs beside a neighbour at {rate}/s, {told}", run)


def with_faults() -> None:
    for operation in ("resources", "exports/oas30", "stages$"):
        for status, name in ((403, "403"), (500, "500"), (0, "cut off")):
            account = SyntheticAccount(apis=10, faults=[Fault(f"api0000005.*/{operation}", status)])
            run = scan(account, "--api", "api0000005")
            api = run.answer["apis"][0]
            verdict = f"live {api['scope']}, draft {api['draft_scope']}"
            show(f"{operation.strip('$')} answered {name}: {verdict}", run)


def scan(account: SyntheticAccount, *arguments: str, neighbour_rate: float = 0) -> Run:
    beside = neighbour(account, neighbour_rate) if neighbour_rate else nullcontext()
    with TemporaryDirectory() as folder, serving(account) as address, beside:
        output = Path(folder) / "scan.json"
        command = [*GATEWATCH, "scan", *arguments, "--format", "json", "--output", str(output)]
        begun = time.monotonic()
        process = subprocess.Popen(command, env=environment(address), stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        answer = json.loads(output.read_text("utf-8"))
    control_plane = [name for name in answer["calls"] if name.startswith("apigateway")]
    return Run(
        exit_code=process.returncode,
        seconds=seconds,
        peak_mib=usage.ru_maxrss / 1024,
        calls=sum(answer["calls"][name] for name in control_plane),
        refused=account.refused.total(),
        answer=answer,
    )


def environment(address: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def show(what: str, run: Run) -> None:
    complete = "yes" if run.answer["complete"] else "no, and says so"
    print(
        f"| {what} | {run.calls} | {run.refused} | {run.seconds:.1f} | {run.peak_mib:.0f} "
        f"| {complete} | {run.exit_code} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
