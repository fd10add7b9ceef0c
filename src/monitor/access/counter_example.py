"""The request that a counter-example makes: a caller of an exact set, in flesh and blood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice, product

from monitor.access.axes import CellAxis
from monitor.access.callers import caller_boxes
from monitor.access.circumstances import AxisName
from monitor.access.judge import Judge
from monitor.access.reasons import Passage
from monitor.access.thresholds import Thresholds
from monitor.access.witness import witness
from monitor.iampolicy.boxes import Box
from monitor.model.access import Witness
from monitor.model.addresses import AddressSet, position
from monitor.model.api import ApiSnapshot, Configuration, Stage
from monitor.model.callers import Caller, CallerBox, CallerNetwork, Credential
from monitor.model.excess import CounterExample

# Single cells tried before a box is given up; a policy names a few dozen principals at most.
_MOST_TRIED = 20_000
_CALLER_AXES = (AxisName.IDENTITY, AxisName.ORGANIZATION, AxisName.ENDPOINT)


def witness_of(
    snapshot: ApiSnapshot,
    example: CounterExample,
    *,
    stage: str,
    live: bool,
    now: datetime,
    thresholds: Thresholds,
) -> Witness | None:
    """None if no single request could be named, as for a caller out of a very entangled policy."""
    caller = example.caller
    if caller is None:
        return example.route.access.witness
    found = next((one for one in snapshot.stages if one.name == stage), None)
    if found is None:
        return None
    judge = Judge(snapshot, found, now, thresholds)
    for configuration in _configurations(snapshot, found, live=live):
        for shown in _requests(judge, configuration, example, caller):
            return replace(
                shown, credentials=tuple(c for c in Credential if c in caller.credentials)
            )
    return None


def _configurations(snapshot: ApiSnapshot, stage: Stage, *, live: bool) -> Iterator[Configuration]:
    if not live:
        if snapshot.draft is not None:
            yield snapshot.draft
        return
    for deployment in (stage.deployment_id, stage.canary_deployment_id):
        if deployment is not None and deployment in snapshot.deployments:
            yield snapshot.deployments[deployment]


def _requests(
    judge: Judge, configuration: Configuration, example: CounterExample, caller: Caller
) -> Iterator[Witness]:
    door = next((one for one in judge.doors.open if one.door == example.route.door), None)
    if door is None:
        return
    for passage in judge.passages_of(configuration, example.route.route, door):
        space = passage.outcomes.space
        proven = passage.gate.proven and door.proven
        for box in passage.let.sure if proven else passage.let.possible:
            for narrow in _single_cells(passage, box):
                boxes = caller_boxes(space, (narrow,), passage.gate, door, proven=proven)
                if any(_holds(one, caller) for one in boxes):
                    shown = witness(space, narrow, passage.samples, door, judge.stage.name)
                    if caller.network is CallerNetwork.INTERNET:
                        shown = replace(shown, source_ip=caller.address)
                    yield shown


def _single_cells(passage: Passage, box: Box) -> Iterator[Box]:
    """The box, cut to one cell on each axis that tells callers apart."""
    space = passage.outcomes.space
    places = [
        place
        for name in _CALLER_AXES
        if (place := space.index.get(name)) is not None and isinstance(space.axes[place], CellAxis)
    ]
    bits = [[1 << bit for bit in range(box[p].bit_length()) if box[p] >> bit & 1] for p in places]
    for chosen in islice(product(*bits), _MOST_TRIED):
        narrow = list(box)
        for place, bit in zip(places, chosen, strict=True):
            narrow[place] = bit
        yield tuple(narrow)


def _holds(box: CallerBox, caller: Caller) -> bool:
    return (
        box.network is caller.network
        and caller.principal in box.principals
        and box.credentials == caller.credentials
        and _covers(box.addresses, caller.address)
        and (box.network is CallerNetwork.INTERNET or caller.endpoint in box.endpoints)
        and (box.network is CallerNetwork.INTERNET or caller.vpc in box.vpcs)
    )


def _covers(addresses: AddressSet, address: str | None) -> bool:
    place = None if address is None else position(address)
    return place is None or place in addresses
