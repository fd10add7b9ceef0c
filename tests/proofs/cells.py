"""Requests drawn from the engine's own cells, one per cell of every axis, and what the engine says
of each: surely let in, possibly let in, or kept out.

Within a cell the engine cannot tell two callers apart; the reference, which knows no cells, judges
a representative of each. So a wrong cell and a wrong box both show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from random import Random

from monitor.access.authorization import Gate, gates
from monitor.access.axes import AddressAxis
from monitor.access.circumstances import AxisName, Network
from monitor.access.doors import OpenDoor
from monitor.access.judge import Judge
from monitor.access.outcome import Let
from monitor.access.route_space import Sample
from monitor.access.space import Space
from monitor.access.thresholds import Thresholds
from monitor.access.witness import witness
from monitor.iampolicy.boxes import Box
from monitor.model.addresses import address_at
from monitor.model.api import ApiSnapshot, Configuration
from monitor.model.callers import Credential
from monitor.model.request import Request

# Keys on whose value AWS's pages disagree: the reference tries every reading by itself.
_READINGS = (AxisName.ANONYMOUS_NAMES, AxisName.SOURCE_ARN, AxisName.RESOURCE_ACCOUNT)


@dataclass(frozen=True)
class Drawn:
    """A request of one cell, and what the engine says of it."""

    request: Request
    surely: bool
    possibly: bool


@dataclass(frozen=True)
class Judged:
    """The callers whom one gate of one route lets in, in the engine's space."""

    gate: Gate
    space: Space
    samples: tuple[Sample, ...]
    let: Let


def drawn_requests(
    snapshot: ApiSnapshot, rng: Random, *, now: datetime, count: int
) -> Iterator[Drawn]:
    """`count` requests for each route, door and kind of caller."""
    for stage in snapshot.stages:
        judge = Judge(snapshot, stage, now, Thresholds())
        configuration = snapshot.deployments[stage.deployment_id or ""]
        for route, guard in judge.guarded_routes(configuration):
            found = gates(snapshot, configuration, stage, guard)
            for door in judge.doors.open:
                sets = list(_judged(judge, configuration, door, route, found))
                for signed in (False, True):
                    alike = [one for one in sets if one.gate.signed is signed]
                    if alike:
                        yield from _drawn(alike, door, stage.name, rng, count)


def _judged(
    judge: Judge, configuration: Configuration, door: OpenDoor, route: object, found: object
) -> Iterator[Judged]:
    requests = judge.requests(configuration, route)
    for policy in configuration.policies:
        if policy.text is None and door.network is Network.VPC_ENDPOINT:
            # A private API refuses every call until it has a policy.
            continue
        for one in judge.passages(door, policy, requests, found):
            if one.samples:
                yield Judged(one.gate, one.outcomes.space, one.samples, one.let)


def _drawn(
    alike: list[Judged], door: OpenDoor, stage: str, rng: Random, count: int
) -> Iterator[Drawn]:
    space, samples = alike[0].space, alike[0].samples
    widths = [len(samples), *(axis.full.bit_length() for axis in space.axes[1:])]
    for _ in range(count):
        place = [rng.randrange(width) for width in widths]
        with_credentials = rng.random() < 0.5
        request = _request(space, place, samples, door, stage, rng)
        request = replace(
            request, token=with_credentials, api_key=with_credentials, client_certificate=True
        )
        needed = frozenset(Credential) if with_credentials else {Credential.CLIENT_CERTIFICATE}
        sets = [one.let for one in alike if one.gate.credentials <= needed]
        boxes = [_box(one) for one in _readings_of(space, place)]
        yield Drawn(
            request,
            surely=any(all(_within(box, let.sure) for box in boxes) for let in sets),
            possibly=any(_within(box, let.possible) for box in boxes for let in sets),
        )


def _request(
    space: Space,
    place: list[int],
    samples: tuple[Sample, ...],
    door: OpenDoor,
    stage: str,
    rng: Random,
) -> Request:
    shown = witness(space, _box(place), samples, door, stage)
    request = Request.from_witness(shown)
    index = space.index[AxisName.SOURCE]
    axis = space.axes[index]
    if request.source_ip is None or not isinstance(axis, AddressAxis) or axis.may_be_absent:
        return replace(request, source_ip=None)
    start, end = axis.spans[place[index]]
    return replace(request, source_ip=address_at(rng.choice((start, end - 1))))


def _readings_of(space: Space, place: list[int]) -> Iterator[list[int]]:
    """The same request in every cell of the axes that only stand for readings; behind a VPC
    endpoint aws:SourceIp is one of them."""
    free = {space.index[name] for name in _READINGS if name in space.index}
    source = space.index[AxisName.SOURCE]
    axis = space.axes[source]
    if isinstance(axis, AddressAxis) and axis.may_be_absent:
        free.add(source)
    choices = [
        range(space.axes[index].full.bit_length()) if index in free else (one,)
        for index, one in enumerate(place)
    ]
    return (list(one) for one in product(*choices))


def _box(place: list[int]) -> Box:
    return tuple(1 << one for one in place)


def _within(box: Box, boxes: tuple[Box, ...]) -> bool:
    return any(all(a & b for a, b in zip(box, other, strict=True)) for other in boxes)
