"""Other evaluators of resource policies beside ours, on the same policies: who is right, how fast.

    .venv/bin/python bench/peers.py            under two minutes; `--wrong` names each wrong verdict

The policies are those of the hand-written cases: a REST API that is not private, on its default
endpoint, its routes without authorization or key, and a definite answer to "public?". Every
evaluator runs as a program of its own. The peers are installed into `.build/` on the first run;
one that cannot be installed is left out, with a line that says so.

What is timed is from the text of a policy to the verdict, parse included for all, in a warm
process; nobody keeps a parsed policy from one round to the next. The work is not the same:
policyuniverse and prowler read the document alone, iam-simulate decides one request, and ours
decides every route for every caller, and finds a witness.

How to read it: the cases are corners, not what is common in the field, and ours was developed
against them. A policy that is public, but not for the one request asked about, is a miss of
iam-simulate's that says nothing against it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.proofs import differential  # noqa: E402
from tests.proofs.cases import REQUEST, Case, all_cases, request_of  # noqa: E402

from monitor.model.request import ANONYMOUS, Decision  # noqa: E402 - after the path

ENVIRONMENTS = ROOT / ".build" / "peers"
ROUNDS = 21
INSTALL_SECONDS = 180
RUN_SECONDS = 60

# Reads {"rounds", "asked"}, writes {"version", "verdicts", "microseconds"}; null is no verdict.
PYTHON_PROGRAM = """
import json, statistics, sys, time
from importlib.metadata import version
{prepare}
def timed(judge):
    begun = time.perf_counter()
    try:
        verdict = judge()
    except Exception:
        verdict = None
    return verdict, (time.perf_counter() - begun) * 1e6

given = json.load(sys.stdin)
judges = [prepare(one) for one in given["asked"]]
rounds = [[timed(judge) for judge in judges] for _ in range(given["rounds"])]
print(json.dumps({{
    "version": version("{package}"),
    "verdicts": [verdict for verdict, _ in rounds[-1]],
    "microseconds": [statistics.median(t for _, t in one) for one in zip(*rounds)],
}}))
"""
GATEWATCH = """
from dataclasses import replace
from datetime import datetime
from monitor.access.decide import decide
from monitor.access.question import read_question, snapshot_of
from monitor.iampolicy.document import parse

def prepare(one):
    now = datetime.fromisoformat(one["question"]["evaluation_time"])
    snapshot = replace(snapshot_of(read_question(one["question"]), now=now), draft=None)

    def judge():
        parse.cache_clear()
        return decide(snapshot, now=now).stages[0].live.public
    return judge
"""
POLICYUNIVERSE = """
from policyuniverse.policy import Policy

def prepare(one):
    return lambda: bool(Policy(json.loads(one["text"])).is_internet_accessible())
"""
PROWLER = """
from prowler.providers.aws.services.iam.lib.policy import is_policy_public

def prepare(one):
    account = one["question"]["account_id"]
    return lambda: bool(is_policy_public(json.loads(one["text"]), account))
"""
NODE_PROGRAM = """
import { runSimulation, anonymousPrincipal } from '@cloud-copilot/iam-simulate'
import { readFileSync } from 'node:fs'
const own = 'node_modules/@cloud-copilot/iam-simulate/package.json'
const { rounds, asked } = JSON.parse(readFileSync(0, 'utf8'))
const verdicts = asked.map(() => null)
const taken = asked.map(() => [])
for (const one of asked) one.simulation.request.principal = anonymousPrincipal
for (let round = 0; round < rounds; round++) {
  for (const [place, one] of asked.entries()) {
    const begun = process.hrtime.bigint()
    const found = await (async () => {
      one.simulation.resourcePolicy = JSON.parse(one.text)
      return await runSimulation(one.simulation, {})
    })().catch(() => ({}))
    taken[place].push(Number(process.hrtime.bigint() - begun) / 1000)
    verdicts[place] = found.overallResult ? found.overallResult === 'Allowed' : null
  }
}
const median = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
const version = JSON.parse(readFileSync(own, 'utf8')).version
console.log(JSON.stringify({ version, verdicts, microseconds: taken.map(median) }))
"""


@dataclass(frozen=True)
class Asked:
    """`text`: the policy as API Gateway saves it, the same for every evaluator."""

    name: str
    public: bool
    text: str
    question: dict[str, Any]
    simulation: dict[str, Any]


@dataclass(frozen=True)
class Found:
    version: str
    verdicts: Sequence[bool | None]
    microseconds: Sequence[float]


@dataclass(frozen=True)
class Evaluator:
    """`command` installs it where it is missing and gives what to start, and where."""

    name: str
    command: Callable[[], tuple[list[str], Path]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wrong", action="store_true", help="name each wrong verdict")
    options = parser.parse_args()
    asked = [ask_about(case) for case in all_cases() if is_plain(case)]
    found = {one.name: run(one, asked) for one in EVALUATORS}
    print_table(asked, found)
    if options.wrong:
        for name, answers in found.items():
            for one, verdict in zip(asked, answers.verdicts if answers else (), strict=False):
                if verdict is not one.public:
                    print(f"{name}: {one.name} is {outcome(one, verdict)}")


def is_plain(case: Case) -> bool:
    """The policy alone decides, and the case says what."""
    question, api = case.question, case.question["api"]
    special = {"waf", "custom_domains", "policy_is_deployed", "deployed_policy"}
    return (
        isinstance(case.expect.get("public"), bool)
        and isinstance(question.get("policy"), dict)
        and (api["api_type"], question["authorization_type"]) == ("REST", "NONE")
        and question["endpoint_type"] != "PRIVATE"
        and not case.snapshot
        and special.isdisjoint(api)
        and not api.get("disable_execute_api_endpoint")
        and api["stage"] is not None
        and bool(api["routes"])
        and all(is_open(route) for route in api["routes"])
    )


def is_open(route: dict[str, Any]) -> bool:
    return route.get("authorization_type", "NONE") == "NONE" and not route.get("api_key_required")


def ask_about(case: Case) -> Asked:
    """The one request is anonymous, from a public address, for /pets or else the first route."""
    api = case.question["api"]
    first = next((one for one in api["routes"] if one["path"] == "/pets"), api["routes"][0])
    method = {"ANY": "GET"}.get(first["method"], first["method"])
    path = first["path"].replace("{", "").replace("+}", "").replace("}", "")
    request = request_of(REQUEST | {"method": method, "path": path, "stage": api["stage"]})
    probe = differential.Probe(case.id, case.question, request, ANONYMOUS, Decision.UNKNOWN)
    simulation = differential.simulation(probe)
    text = json.dumps(simulation["resourcePolicy"])
    question = {**case.question, "policy_text": text}
    return Asked(f"{case.theme}/{case.id}", case.expect["public"], text, question, simulation)


def run(evaluator: Evaluator, asked: Sequence[Asked]) -> Found | None:
    """None, and a line that says why, where it cannot be had."""
    given = json.dumps({"rounds": ROUNDS, "asked": [vars(one) for one in asked]})
    try:
        command, folder = evaluator.command()
        done = subprocess.run(
            command,
            cwd=folder,
            input=given,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=RUN_SECONDS,
        )
    except (subprocess.SubprocessError, OSError) as error:
        print(f"{evaluator.name}: skipped, {type(error).__name__}: {str(error)[:200]}\n")
        return None
    return Found(**json.loads(done.stdout.splitlines()[-1]))


def ours() -> tuple[list[str], Path]:
    program = PYTHON_PROGRAM.format(prepare=GATEWATCH, package="gatewatch")
    return [sys.executable, "-c", program], ROOT


def peer(package: str, version: str, prepare: str) -> Callable[[], tuple[list[str], Path]]:
    def command() -> tuple[list[str], Path]:
        python = installed(package, version)
        program = PYTHON_PROGRAM.format(prepare=prepare, package=package)
        return [str(python), "-c", program], ENVIRONMENTS

    return command


def installed(package: str, version: str) -> Path:
    """The interpreter of an environment that has the package, made where it is missing."""
    folder = ENVIRONMENTS / f"{package}-{version}"
    python, complete = folder / "bin" / "python", folder / ".installed"
    if not complete.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        make = [uv, "venv", "-q", "--clear", "--python", sys.executable, str(folder)]
        subprocess.run(make, check=True)
        install = [uv, "pip", "install", "-q", "--python", str(python), f"{package}=={version}"]
        subprocess.run(install, check=True, timeout=INSTALL_SECONDS)
        complete.touch()
    return python


def simulator() -> tuple[list[str], Path]:
    differential.ask([])  # installs it
    (differential.FOLDER / "peers.mjs").write_text(NODE_PROGRAM)
    return ["node", "peers.mjs"], differential.FOLDER


EVALUATORS = (
    Evaluator("Gatewatch", ours),
    Evaluator(
        "policyuniverse is_internet_accessible",
        peer("policyuniverse", "1.5.1.20231109", POLICYUNIVERSE),
    ),
    Evaluator("prowler is_policy_public", peer("prowler", "5.46.0", PROWLER)),
    Evaluator("iam-simulate, one request from 8.8.8.8", simulator),
)


def outcome(one: Asked, verdict: bool | None) -> str:
    if verdict is None:
        return "no verdict"
    if verdict is one.public:
        return "right"
    return "a false alarm" if verdict else "a miss"


def print_table(asked: Sequence[Asked], found: dict[str, Found | None]) -> None:
    public = sum(one.public for one in asked)
    texts = len({one.text for one in asked})
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    print(f"{len(asked)} APIs ({texts} different policies): {public} public, the others not.")
    print(f"Times: text to verdict, parse included for all; medians of {ROUNDS} rounds.\n")
    columns = "evaluator | version | policies | right | false alarms | misses | crashes or unknown"
    print(f"| {columns} | median us a policy |\n|{' --- |' * 8}")
    for name, answers in found.items():
        if answers is not None:
            print(f"| {' | '.join([name, answers.version, *cells(asked, answers)])} |")


def cells(asked: Sequence[Asked], found: Found) -> Iterator[str]:
    """Times are of the policies that it had a verdict on."""
    pairs = list(zip(asked, found.verdicts, strict=True))
    count = Counter(outcome(one, verdict) for one, verdict in pairs)
    yield str(len(pairs))
    yield from (str(count[kind]) for kind in ("right", "a false alarm", "a miss", "no verdict"))
    timed = [
        time
        for (_, verdict), time in zip(pairs, found.microseconds, strict=True)
        if verdict is not None
    ]
    yield f"{statistics.median(timed):.1f}"


if __name__ == "__main__":
    main()
