"""How fast the access engine decides, and what a policy made to explode costs.

Run it with `python bench/engine.py`. Reading the policy text is not counted: one API is judged many
times with the same text. Times are of this process on the CPU, whatever else the machine does.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from monitor.access.decide import decide
from monitor.access.question import Question, snapshot_of
from monitor.iampolicy.document import parse
from monitor.model.access import Access
from monitor.model.api import ApiSnapshot

NOW = datetime(2026, 11, 22, tzinfo=UTC)
API_ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5"
EXAMPLES = Path(__file__).parents[1] / "tests" / "cases" / "examples"
LARGEST_POLICY = 8192

Statement = dict[str, object]
ALLOW: Statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
DENY: Statement = {**ALLOW, "Effect": "Deny"}


@dataclass(frozen=True)
class Measured:
    seconds: float
    megabytes: float
    access: Access


def snapshot(
    statements: list[Statement],
    *,
    routes: int = 5,
    authorization: str = "NONE",
    path: str = "/resource{}/items",
) -> ApiSnapshot:
    policy = {"Version": "2012-10-17", "Statement": statements}
    question = Question.model_validate(
        {
            "account_id": "123456789012",
            "authorization_type": authorization,
            "policy_text": json.dumps(policy),
            "api": {
                "routes": [{"method": "GET", "path": path.format(i)} for i in range(routes)],
            },
        }
    )
    return _live_only(snapshot_of(question, now=NOW))


def _live_only(whole: ApiSnapshot) -> ApiSnapshot:
    for policy in whole.deployments["live"].policies:
        parse(policy.text or "")
    return replace(whole, draft=None)


def median_seconds(judged: ApiSnapshot, times: int) -> float:
    samples = []
    for _ in range(times):
        start = time.process_time()
        decide(judged, now=NOW)
        samples.append(time.process_time() - start)
    return statistics.median(samples)


def measure_once(judged: ApiSnapshot) -> Measured:
    start = time.process_time()
    access = decide(judged, now=NOW).stages[0].live
    seconds = time.process_time() - start
    tracemalloc.start()
    decide(judged, now=NOW)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Measured(seconds, peak / 1e6, access)


def typical() -> Iterator[tuple[str, ApiSnapshot]]:
    """The example questions: one to four statements, five routes each, verdict and witness."""
    for file in sorted(EXAMPLES.glob("*.json")):
        question = Question.model_validate(json.loads(file.read_text()))
        yield file.stem, _live_only(snapshot_of(question, now=NOW))


def large() -> ApiSnapshot:
    """300 routes, 50 statements, 10 CIDRs in each."""
    statements = [
        {
            **(ALLOW if i % 2 else DENY),
            "Resource": f"{API_ARN}/prod/GET/resource{i}*" if i % 5 else f"{API_ARN}/*",
            "Condition": {
                "IpAddress": {"aws:SourceIp": [f"{i + 1}.{j}.0.0/16" for j in range(10)]}
            },
        }
        for i in range(50)
    ]
    return snapshot(statements, routes=300)


def filled(make: Callable[[int], Statement]) -> list[Statement]:
    """As many statements as the largest policy holds."""
    statements: list[Statement] = [ALLOW]
    while True:
        more = [*statements, make(len(statements))]
        if len(json.dumps({"Version": "2012-10-17", "Statement": more})) > LARGEST_POLICY:
            return statements
        statements = more


def explosive() -> Iterator[tuple[str, ApiSnapshot]]:
    """Policies of the largest size, each made against one part of the engine."""
    tags = filled(
        lambda i: {
            **DENY,
            "Condition": {
                "StringEquals": {f"aws:PrincipalTag/{i}": "a", f"aws:PrincipalTag/{i + 1}": "b"}
            },
        }
    )
    yield "entangled tags", snapshot(tags, authorization="AWS_IAM", routes=1)
    globs = filled(
        lambda i: {
            **DENY,
            "Condition": {"StringLike": {"aws:UserAgent": f"*{i}*{i // 2}*{i // 3}*"}},
        }
    )
    yield "overlapping globs", snapshot(globs, routes=1)
    octets = filled(
        lambda i: {**DENY, "Condition": {"StringLike": {"aws:SourceIp": f"*{i}*.*{i}*"}}}
    )
    yield "scattered addresses", snapshot(octets, routes=1)
    paths = filled(lambda i: {**DENY, "Resource": f"{API_ARN}/*{i}*a*b*c*{i % 5}*"})
    yield "paths full of stars", snapshot(paths, routes=1, path="/pets/{{id}}/{}")
    arns = filled(
        lambda i: {**DENY, "Condition": {"StringLike": {"aws:PrincipalArn": f"*{i}*:*{i // 2}*"}}}
    )
    yield "principal patterns", snapshot(arns, authorization="AWS_IAM", routes=1)


def main() -> None:
    out = sys.stdout.write
    out(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n\n")
    medians = [(name, median_seconds(one, 200)) for name, one in typical()]
    for name, seconds in medians:
        out(f"{name:34} {seconds * 1e6:8.0f} us\n")
    overall = statistics.median(seconds for _, seconds in medians)
    out(f"{'median of the typical policies':34} {overall * 1e6:8.0f} us   (goal: 500 us)\n\n")
    large_ms = median_seconds(large(), 5) * 1e3
    out(f"{'300 routes x 50 statements x 10':34} {large_ms:8.1f} ms   (goal: 50 ms)\n\n")
    for name, one in explosive():
        found = measure_once(one)
        out(
            f"{name:34} {found.seconds * 1e3:8.0f} ms {found.megabytes:6.1f} MB   "
            f"public {found.access.public}, scope {found.access.scope}\n"
        )


if __name__ == "__main__":
    main()
