"""What a deployment costs a month, from stated prices and stated volumes -> docs/cost.md.

Called by tools/make_docs.py. Prices are those of us-east-1 on AWS's public price pages, without any
free tier; change them here and run `make docs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"
MADE = "<!-- made by `make docs` from tools/cost_sheet.py; edit that -->\n\n"
HOURS, DAYS = 730, 30.4
SIZES = (10, 400, 1320)

PRICES = {
    "Lambda, a GB-second (x86)": 0.0000166667,
    "Lambda, a request": 0.20 / 1e6,
    "SQS, a request": 0.40 / 1e6,
    "DynamoDB, a write unit (on demand)": 0.625 / 1e6,
    "DynamoDB, a read unit (on demand)": 0.125 / 1e6,
    "DynamoDB, a GB kept for a month, with point-in-time recovery": 0.25 + 0.20,
    "EventBridge, an event sent to another region or bus": 1.00 / 1e6,
    "EventBridge Scheduler, an invocation": 1.00 / 1e6,
    "CloudWatch, a metric": 0.30,
    "CloudWatch, an alarm": 0.10,
    "CloudWatch, a dashboard": 3.00,
    "CloudWatch Logs, a GB taken in": 0.50,
    "X-Ray, a trace": 5.00 / 1e6,
    "Secrets Manager, a secret": 0.40,
    "KMS, a request (the key AWS manages)": 0.03 / 1e4,
    "CloudTrail, a management event in a second trail": 2.00 / 1e5,
}

DEPLOYMENTS = 4.3
EVENTS = 65
LOOKS = 2
CALLS_KEPT, CALLS_ANEW = 3, 4
KEPT_BYTES = 30_000
LOG_BYTES = 2_000
VOLUMES = {
    "deployments of an API a month": DEPLOYMENTS,
    "events of one deployment (a Terraform apply)": EVENTS,
    "looks at an API for one deployment (at once, and when its burst is over)": LOOKS,
    "calls to AWS for a look that uses what is kept": CALLS_KEPT,
    "calls to AWS for a look that reads everything": CALLS_ANEW,
    "bytes kept of an API": KEPT_BYTES,
    "bytes of log a look or a batch of events": LOG_BYTES,
}
"""Assumptions. The calls are those of docs/performance.md."""

MEMORY_GB = 0.5
RATE = 5.0
PROCESSES = 4
"""Of RequestsPerSecond, shared by four processes that wait for their turn (docs/decisions)."""
BEATS = HOURS * 12
METRICS = 20
"""Custom metrics that have data in an ordinary month."""


@dataclass(frozen=True)
class Line:
    what: str
    dollars: float


def lines(apis: int) -> Iterator[Line]:
    """What each part costs a month, hourly scans and a full one a day included."""
    price = PRICES
    events = apis * DEPLOYMENTS * EVENTS
    looks = apis * (DEPLOYMENTS * LOOKS + HOURS)
    batches = events / 20 + BEATS
    # A process spends its time waiting for its share of the rate, and that is paid as well.
    seconds = calls(apis) / (RATE / PROCESSES) + batches * 0.2 + 3 * BEATS * 0.5
    yield Line(
        "Lambda: looks, paced; events, notices, the watch",
        seconds * MEMORY_GB * price["Lambda, a GB-second (x86)"]
        + (looks / 5 + batches + 4 * BEATS) * price["Lambda, a request"],
    )
    polls = 2 * 3 * 60 * HOURS * 3  # the pollers of two queues, twenty seconds each
    yield Line("SQS: messages and polls", (3 * (events + looks) + polls) * price["SQS, a request"])
    writes = looks * 8 + events * 0.5 + 4 * BEATS
    reads = looks * 12 + events * 0.5 + 20 * BEATS
    gigabytes = apis * KEPT_BYTES / 1e9
    yield Line(
        "DynamoDB: findings, what is kept of exports, bursts",
        writes * price["DynamoDB, a write unit (on demand)"]
        + reads * price["DynamoDB, a read unit (on demand)"]
        + gigabytes * price["DynamoDB, a GB kept for a month, with point-in-time recovery"]
        + (writes + reads) / 100 * price["KMS, a request (the key AWS manages)"],
    )
    logged = (looks + batches) * LOG_BYTES / 1e9
    yield Line("CloudWatch Logs", logged * price["CloudWatch Logs, a GB taken in"])
    yield Line(
        "CloudWatch: alarms, metrics, the dashboard",
        alarms() * price["CloudWatch, an alarm"]
        + METRICS * price["CloudWatch, a metric"]
        + price["CloudWatch, a dashboard"],
    )
    traces = (looks / 5 + batches + 4 * BEATS) * 0.05  # X-Ray takes one in twenty
    yield Line(
        "Scheduler, X-Ray, the secret",
        4 * BEATS * price["EventBridge Scheduler, an invocation"]
        + traces * price["X-Ray, a trace"]
        + price["Secrets Manager, a secret"],
    )


def calls(apis: int) -> float:
    """Calls to AWS in a month, each of them a management event of CloudTrail."""
    with_kept = DEPLOYMENTS * LOOKS + HOURS - DAYS
    return apis * (with_kept * CALLS_KEPT + DAYS * CALLS_ANEW)


def idle_region() -> float:
    """A region without any API: its heartbeat, forwarded and noted."""
    price = PRICES
    return BEATS * (
        price["EventBridge Scheduler, an invocation"]
        + price["EventBridge, an event sent to another region or bus"]
        + 3 * price["SQS, a request"]
        + price["Lambda, a request"]
        + 0.2 * MEMORY_GB * price["Lambda, a GB-second (x86)"]
        + 2 * price["DynamoDB, a write unit (on demand)"]
    )


def alarms() -> int:
    return len(re.findall(r"Type: AWS::CloudWatch::Alarm", TEMPLATE.read_text("utf-8")))


def page() -> str:
    sheets = {apis: list(lines(apis)) for apis in SIZES}
    names = [line.what for line in sheets[SIZES[0]]]
    head = "| a month, in dollars | " + " | ".join(f"{n:,} APIs" for n in SIZES) + " |"
    rows = [
        f"| {name} | " + " | ".join(_dollars(sheets[n][i].dollars) for n in SIZES) + " |"
        for i, name in enumerate(names)
    ]
    totals = [sum(line.dollars for line in sheets[n]) for n in SIZES]
    trail = PRICES["CloudTrail, a management event in a second trail"]
    second = [calls(n) * trail for n in SIZES]
    return (
        f"{MADE}# What it costs\n\n"
        "Computed from the prices and volumes below, for an account that scans hourly with what\n"
        "is kept of exports and once a day anew. No free tier is counted.\n\n"
        f"{head}\n| --- | {' | '.join(['---:'] * len(SIZES))} |\n"
        + "\n".join(rows)
        + "\n| **total** | "
        + " | ".join(f"**{_dollars(total)}**" for total in totals)
        + " |\n| *each further trail of the account, for Gatewatch's own reads* | "
        + " | ".join(f"*{_dollars(cost)}*" for cost in second)
        + " |\n\n"
        "The first trail of management events is free. Every further one is billed by the event,\n"
        "and the reads of hourly scans are most of Gatewatch's events: where a second trail\n"
        "exists, `ScanSchedule` is what to turn. Setting it to `rate(1 day)` divides that line\n"
        "and the first one by about twenty; what events miss is then found a day later.\n\n"
        f"A region without any API that forwards its events costs "
        f"{_dollars(idle_region())} dollars a month: its heartbeat.\n\n"
        "## Prices\n\n| of | dollars |\n| --- | ---: |\n"
        + "\n".join(f"| {name} | {price:.10f}".rstrip("0") + " |" for name, price in PRICES.items())
        + "\n\n## Volumes\n\n| assumed | |\n| --- | ---: |\n"
        + "\n".join(f"| {name} | {amount:,} |" for name, amount in VOLUMES.items())
        + f"\n| alarms in the template | {alarms()} |\n| metrics with data | {METRICS} |\n"
        f"| memory of a function, GB | {MEMORY_GB} |\n| `RequestsPerSecond` | {RATE:g} |\n"
    )


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}"
