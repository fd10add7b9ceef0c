"""A storm of events over the event path: late, shuffled, three times each, some of them malformed,
with reads that are throttled now and then. What is known at the end must be what a quiet scan of
the same APIs finds.

    make storm
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from monitor.events.routing import API_GATEWAY_EVENTS  # noqa: E402 - after the path
from monitor.model.api import ApiId, ApiSnapshot, AuthorizationType  # noqa: E402
from monitor.model.finding import Status  # noqa: E402
from tests.builders import ACCOUNT, API, NOW, configuration, gap, rest_api, route  # noqa: E402
from tests.event_path import EventPath, Source  # noqa: E402
from tests.unit.test_cloudtrail import record  # noqa: E402

SPREAD = timedelta(minutes=30)
"""In which the changes are made."""
LATE = 90.0
"""Seconds by which an event may be later than its change."""
COPIES = 3
MALFORMED = 0.05
THROTTLED = 0.02

_OF_AN_API = tuple(
    name
    for name, effect in API_GATEWAY_EVENTS.items()
    if effect.rest is not None and effect.look_at.value == "api" and not name.startswith("Create")
)
_GUARDS = (AuthorizationType.NONE, AuthorizationType.AWS_IAM)
_BROKEN = ("{", "[]", "null", '{"detail": 7}', '{"detail": {"eventName": null}}', '"' + "x" * 999)


@dataclass(frozen=True)
class Outcome:
    events: int
    messages: int
    counts: Counter[str]
    reads: int
    notices: int
    dead: int
    expected_dead: int
    wrong: tuple[str, ...]
    left: int
    largest_burst: int
    seconds: float


def storm(events: int, apis: int, seed: int) -> Outcome:
    begun = time.perf_counter()
    random = Random(seed)
    ids = [replace(API, api_id=f"api{number:04d}") for number in range(apis)]
    path = EventPath(Source({api: _state(api, random) for api in ids}))
    path.scan()
    path.counts.clear()
    path.source.reads.clear()
    begin = (path.clock.time - NOW).total_seconds() + 1
    changes = sorted(_changes(events, ids, begin, random), key=lambda change: change[0])
    messages = sorted(_messages(changes, random), key=lambda message: message[0])
    throttling = Random(seed + 1)
    path.source.spoil = lambda found: (
        _throttled(found) if throttling.random() < THROTTLED else found
    )
    largest = 0
    for at, api, body in sorted(
        [(at, api, None) for at, api, _ in changes] + [(at, None, body) for at, body in messages],
        key=lambda one: one[0],
    ):
        path.pass_time(at - (path.clock.time - NOW).total_seconds())
        if body is not None:
            path.send(body)
        elif api is not None:
            path.source.snapshots[api] = _state(api, random)
            burst = path.book.burst(api)
            largest = max(largest, len(burst.changes) if burst else 0)
    path.settle()
    path.source.spoil = lambda found: found
    broken = sum(body in _BROKEN for _, body in messages)
    return Outcome(
        events=events,
        messages=len(messages),
        counts=path.counts,
        reads=len(path.source.reads),
        notices=sum(len(path.store.untold_of(api)) for api in ids),
        dead=len(path.events.dead) + len(path.scans.dead),
        expected_dead=broken,
        wrong=tuple(_differences(path, ids)),
        left=sum(path.book.burst(api) is not None for api in ids),
        largest_burst=largest,
        seconds=time.perf_counter() - begun,
    )


def _changes(
    events: int, ids: list[ApiId], begin: float, random: Random
) -> list[tuple[float, ApiId, Any]]:
    """Second, API, record: alone, or in bursts as deployment tools make them."""
    found: list[tuple[float, ApiId, Any]] = []
    while len(found) < events:
        api = random.choice(ids)
        at = begin + random.uniform(0, SPREAD.total_seconds())
        for _ in range(min(random.choice((1, 1, 5, 40)), events - len(found))):
            at += random.uniform(0, 2)
            found.append((at, api, _record(api, len(found), at, random)))
    return found


def _record(api: ApiId, number: int, at: float, random: Random) -> dict[str, Any]:
    return record(
        random.choice(_OF_AN_API),
        eventID=f"e-{number}",
        eventTime=(NOW + timedelta(seconds=at)).isoformat(),
        requestParameters={"restApiId": api.api_id},
    )


def _messages(changes: list[tuple[float, ApiId, Any]], random: Random) -> list[tuple[float, str]]:
    found: list[tuple[float, str]] = []
    for at, _, event in changes:
        body = json.dumps({"detail": event})
        found += [(at + random.uniform(1, LATE), body) for _ in range(COPIES)]
    for _ in range(int(len(found) * MALFORMED)):
        found.append((random.uniform(5, SPREAD.total_seconds()), random.choice(_BROKEN)))
    return found


def _state(api: ApiId, random: Random) -> ApiSnapshot:
    """Some API, as it may be between two changes; now and then it does not exist."""
    live = configuration(
        *(
            route(
                f"GET /{number}", random.choice((AuthorizationType.NONE, AuthorizationType.AWS_IAM))
            )
            for number in range(random.randint(1, 3))
        )
    )
    return rest_api(live, configuration(route()), api=api)


def _throttled(found: ApiSnapshot) -> ApiSnapshot:
    return replace(found, deployments={}, gaps=(gap(error_code="TooManyRequestsException"),))


def _differences(path: EventPath, ids: list[ApiId]) -> list[str]:
    quiet = EventPath(Source(dict(path.source.snapshots)))
    quiet.scan()
    return [api.api_id for api in ids if _unresolved(path, api) != _unresolved(quiet, api)]


def _unresolved(path: EventPath, api: ApiId) -> set[tuple[Any, ...]]:
    stored = path.store.load(api)
    return {
        (one.id, one.status, one.violation.title, one.violation.scope, one.violation.routes)
        for one in stored.findings.values()
        if one.status is not Status.RESOLVED
    } | {(stored.scope,)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--apis", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    one = storm(given.events, given.apis, given.seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{one.events} events over {given.apis} APIs of account {ACCOUNT}, {one.messages} messages "
        f"({COPIES} copies each, {MALFORMED:.0%} malformed), {THROTTLED:.0%} of reads throttled\n"
        f"looks: {one.counts['Looks']}, reads {one.reads}, put off {one.counts['LooksPutOff']}; "
        f"without coalescing {one.messages - one.expected_dead}\n"
        f"duplicates dropped: {one.counts['Duplicates']}; timers: {one.counts['Timers']}; "
        f"notices: {one.notices}\n"
        f"dead letters: {one.dead} (malformed: {one.expected_dead}); bursts left: {one.left}; "
        f"largest burst kept: {one.largest_burst} changes\n"
        f"APIs whose findings differ from a quiet scan's: {len(one.wrong)}\n"
        f"{one.seconds:.0f} s, {peak} MiB at the peak"
    )
    return 1 if one.wrong or one.left or one.dead != one.expected_dead else 0


if __name__ == "__main__":
    sys.exit(main())
