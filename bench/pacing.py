"""Two ways in which the functions can share one budget of requests: an equal split, and a bucket of
tokens in DynamoDB that each takes from in blocks. By a simulation with the product's own bucket.

    make bench

Virtual time: a process asks for its token, sends, and gets its answer after LATENCY. AWS's own
bucket (10 a second, 40 at once) counts what it would refuse.
"""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from monitor.aws.pacing import AWS_BURST, AWS_RATE

RATE = 5.0
LATENCY = 0.05
DYNAMODB = 0.006
CALLS_A_LOOK = 5
SCAN_LOOKS = 300
EVENT_EVERY = 20.0
BLOCKS = (1, 5, 20)
PER_MILLION_WRITES = 1.25
"""Dollars, DynamoDB on demand, us-east-1."""


@dataclass
class Bucket:
    """Tokens as `monitor.aws.pacing.TokenBucket` has them, asked when the next is there."""

    rate: float
    burst: float
    tokens: float = 0.0
    filled_at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def take(self, now: float, count: float = 1.0) -> float:
        """When the tokens are there."""
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        self.tokens -= count
        return now + max(0.0, -self.tokens / self.rate)


@dataclass
class Process:
    """`ready` says when a request may be sent that is asked for at a time."""

    ready: Callable[[float], float]


def split(processes: int) -> tuple[list[Process], Callable[[], int]]:
    share = RATE / processes
    buckets = [Bucket(share, share * AWS_BURST / AWS_RATE) for _ in range(processes)]
    return [Process(bucket.take) for bucket in buckets], lambda: 0


def shared(processes: int, block: int) -> tuple[list[Process], Callable[[], int]]:
    bucket = Bucket(RATE, RATE * AWS_BURST / AWS_RATE)
    writes = 0

    def process() -> Process:
        held = 0

        def ready(now: float) -> float:
            nonlocal held, writes
            if held == 0:
                writes += 1
                now = bucket.take(now + DYNAMODB, block)
                held = block
            held -= 1
            return now

        return Process(ready)

    return [process() for _ in range(processes)], lambda: writes


@dataclass
class Run:
    scan_seconds: float = 0.0
    event_waits: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """What AWS's own bucket has no token for."""
        aws, refused = Bucket(AWS_RATE, AWS_BURST), 0
        for at in sorted(self.sent):
            aws.take(at, 0)
            if aws.tokens >= 1:
                aws.tokens -= 1
            else:
                refused += 1
        return refused


def run(processes: list[Process], *, scanning: int) -> Run:
    """`scanning` processes scan; one of the others looks at an API for an event now and then."""
    outcome = Run()
    looks = iter(range(SCAN_LOOKS))
    agenda = [(0.0, number, scan(outcome, processes[number], looks)) for number in range(scanning)]
    agenda.append((0.0, scanning, events(outcome, processes[scanning])))
    alive = scanning
    while alive:
        at, number, steps = heapq.heappop(agenda)
        following = next(steps, None)
        if following is None:
            alive -= 1
            outcome.scan_seconds = max(outcome.scan_seconds, at)
        else:
            heapq.heappush(agenda, (following, number, steps))
    return outcome


def scan(outcome: Run, process: Process, looks: Iterator[int]) -> Iterator[float]:
    now = 0.0
    for _ in looks:
        for now in one_look(outcome, process, now):  # noqa: B020 - each look begins where one ended
            yield now


def events(outcome: Run, process: Process) -> Iterator[float]:
    begin = now = 0.0
    while True:
        begin = max(begin + EVENT_EVERY, now)
        yield begin
        for now in one_look(outcome, process, begin):
            yield now
        outcome.event_waits.append(now - begin)


def one_look(outcome: Run, process: Process, now: float) -> Iterator[float]:
    """The times of its steps; whoever goes on does so at that time, so that requests to a bucket
    come in their order."""
    for _ in range(CALLS_A_LOOK):
        now = process.ready(now)
        outcome.sent.append(now)
        now += LATENCY
        yield now


def main() -> None:
    print(f"budget {RATE:g}/s; {SCAN_LOOKS} APIs of {CALLS_A_LOOK} calls; 2 scan, 2 take events")
    print("| way | scan (s) | event beside it, median / worst (s) | refused | writes | $ a month |")
    print("| --- | --- | --- | --- | --- | --- |")
    ways = {"equal split": split(4)} | {
        f"bucket in DynamoDB, blocks of {block}": shared(4, block) for block in BLOCKS
    }
    for name, (processes, writes) in ways.items():
        found = run(processes, scanning=2)
        waits = found.event_waits
        # 1,320 APIs, every hour of a month.
        monthly = writes() / SCAN_LOOKS * 1320 * 24 * 30 / 1e6 * PER_MILLION_WRITES
        waited = f"{statistics.median(waits):.1f} / {max(waits):.1f}"
        print(
            f"| {name} | {found.scan_seconds:.0f} | {waited} | {found.refused} "
            f"| {writes()} | {monthly:.2f} |"
        )


if __name__ == "__main__":
    main()
