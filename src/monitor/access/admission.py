"""Sets of callers, summed up: who they are, from where, and how wide that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import or_

from monitor.access.authorization import Gate
from monitor.access.axes import AddressAxis, CellAxis, CellKind
from monitor.access.circumstances import AxisName, Network
from monitor.access.doors import OpenDoor
from monitor.access.space import Space
from monitor.access.thresholds import Thresholds
from monitor.iampolicy.boxes import Box
from monitor.model.access import Scope
from monitor.model.addresses import NOWHERE, AddressSet
from monitor.model.callers import Credential


class Who(StrEnum):
    ANONYMOUS = "anonymous"
    STRANGER = "stranger"
    ORGANIZATION = "organization"
    NAMED = "named"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Reach:
    """Callers of one kind through one door: the addresses they may come from (all of the door's
    `unrestricted`), or how wide the VPC endpoints are; `example` is one box of them."""

    who: Who
    scope: Scope
    addresses: AddressSet
    unrestricted: bool
    example: Box


def reaches(
    space: Space, boxes: Iterable[Box], gate: Gate, door: OpenDoor, thresholds: Thresholds
) -> tuple[Reach, ...]:
    """What the boxes hold, one entry for each kind of caller."""
    found: dict[Who, list[Box]] = {}
    for box in boxes:
        for who, part in _by_who(space, box):
            found.setdefault(who, []).append(part)
    return tuple(_reach(space, who, parts, gate, door, thresholds) for who, parts in found.items())


def _by_who(space: Space, box: Box) -> Iterable[tuple[Who, Box]]:
    place = space.index.get(AxisName.IDENTITY)
    if place is None or not space.circumstances.signed:
        yield Who.ANONYMOUS, box
        return
    axis = space.axes[place]
    for who, kind in _KINDS.items():
        mask = axis.mask_of_kinds((kind,)) & box[place] if isinstance(axis, CellAxis) else 0
        if mask:
            part = (*box[:place], mask, *box[place + 1 :])
            yield from _strangers(space, part) if who is Who.STRANGER else ((who, part),)


_KINDS = {Who.STRANGER: CellKind.STRANGER, Who.NAMED: CellKind.NAMED, Who.OWN: CellKind.OWN}


def _strangers(space: Space, box: Box) -> Iterable[tuple[Who, Box]]:
    """Callers of an unnamed account are strangers unless something that AWS assigns to them is
    named: their organization, or their unique id."""
    rest = box
    for name, kind, who in (
        (AxisName.ORGANIZATION, CellKind.NAMED_ORGANIZATION, Who.ORGANIZATION),
        ("aws:userid", CellKind.NAMED, Who.NAMED),
    ):
        place = space.index.get(name)
        axis = None if place is None else space.axes[place]
        if place is None or not isinstance(axis, CellAxis):
            continue
        named = axis.mask_of_kinds((kind,))
        if rest[place] & named:
            yield who, (*rest[:place], rest[place] & named, *rest[place + 1 :])
        if not rest[place] & ~named:
            return
        rest = (*rest[:place], rest[place] & ~named, *rest[place + 1 :])
    yield Who.STRANGER, rest


def _reach(
    space: Space,
    who: Who,
    boxes: list[Box],
    gate: Gate,
    door: OpenDoor,
    thresholds: Thresholds,
) -> Reach:
    addresses, unrestricted = _addresses(space, boxes, door)
    network = (
        thresholds.scope_of(addresses)
        if door.network is Network.INTERNET
        else _endpoint_scope(space, boxes)
    )
    scope = _scope(who, network, gate, door)
    return Reach(who, scope, addresses, unrestricted, _widest_box(space, boxes, door))


def _addresses(space: Space, boxes: Iterable[Box], door: OpenDoor) -> tuple[AddressSet, bool]:
    place = space.index[AxisName.SOURCE]
    axis = space.axes[place]
    if not isinstance(axis, AddressAxis):
        return NOWHERE, False
    mask = reduce(or_, (box[place] for box in boxes), 0)
    unrestricted = mask == axis.full or axis.holds_absent(mask)
    return axis.addresses(mask) & door.families, unrestricted


def _endpoint_scope(space: Space, boxes: Iterable[Box]) -> Scope:
    """How wide the VPC endpoints are; an address in a VPC proves nothing, anyone can number one."""
    place = space.index[AxisName.ENDPOINT]
    axis = space.axes[place]
    if not isinstance(axis, CellAxis):
        return Scope.ANY_VPCE
    mask = reduce(or_, (box[place] for box in boxes), 0)
    for kind, scope in _ENDPOINT_SCOPES:
        if mask & axis.mask_of_kinds((kind,)):
            return scope
    return Scope.NOBODY


_ENDPOINT_SCOPES = (
    (CellKind.ANY_VPCE, Scope.ANY_VPCE),
    (CellKind.NAMED_VPC, Scope.VPC),
    (CellKind.NAMED_VPCE, Scope.VPCE),
)


def _scope(who: Who, network: Scope, gate: Gate, door: OpenDoor) -> Scope:
    """Where a caller needs two things, the one that says more about who it is."""
    if network is Scope.NOBODY:
        return Scope.NOBODY
    if door.needs_certificate:
        return Scope.CLIENT_CERTIFICATE
    if Credential.TOKEN in gate.credentials:
        return Scope.TOKEN
    if who in _PRINCIPAL_SCOPES:
        return _PRINCIPAL_SCOPES[who]
    if Credential.API_KEY in gate.credentials:
        return Scope.KEY
    if who is Who.STRANGER and network.is_public:
        return Scope.ANY_AWS_ACCOUNT
    return network


_PRINCIPAL_SCOPES = {
    Who.ORGANIZATION: Scope.ORG,
    Who.NAMED: Scope.AWS_PRINCIPALS,
    Who.OWN: Scope.OWN_ACCOUNT,
}


def _widest_box(space: Space, boxes: list[Box], door: OpenDoor) -> Box:
    """The box from which a typical caller is best drawn."""
    place = space.index[AxisName.SOURCE if door.network is Network.INTERNET else AxisName.ENDPOINT]
    axis = space.axes[place]
    if isinstance(axis, AddressAxis):
        return max(boxes, key=lambda box: axis.addresses(box[place]).size)
    wide = axis.mask_of_kinds((CellKind.ANY_VPCE,))
    return max(boxes, key=lambda box: (bool(box[place] & wide), box[place].bit_count()))
