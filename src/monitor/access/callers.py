"""From boxes of the engine to the set of callers that they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.access.authorization import Gate
from monitor.access.axes import AddressAxis, Cell, CellAxis, CellKind
from monitor.access.circumstances import AxisName, Mystery, Network
from monitor.access.doors import OpenDoor
from monitor.access.space import Space
from monitor.iampolicy.boxes import Box
from monitor.model.addresses import EVERYWHERE, AddressSet
from monitor.model.callers import (
    ANONYMOUS,
    ANY_NAME,
    OTHERS,
    CallerBox,
    CallerNetwork,
    CallerPrincipal,
    NameSet,
    PrincipalKind,
    only,
)

_NETWORKS = {
    Network.INTERNET: CallerNetwork.INTERNET,
    Network.VPC_ENDPOINT: CallerNetwork.VPC_ENDPOINT,
}
_STRANGE = (CellKind.NO_ORGANIZATION, CellKind.OTHER_ORGANIZATION)


def caller_boxes(
    space: Space, boxes: Iterable[Box], gate: Gate, door: OpenDoor, *, proven: bool
) -> Iterator[CallerBox]:
    """Who the boxes are, through one door and gate."""
    credentials = frozenset(gate.held(door.needs_certificate))
    for box in boxes:
        for endpoints, vpcs in _endpoints(space, box):
            yield CallerBox(
                network=_NETWORKS[door.network],
                principals=frozenset(_principals(space, box)),
                addresses=_addresses(space, box, door),
                vpcs=vpcs,
                endpoints=endpoints,
                credentials=credentials,
                token_issuers=gate.token_issuers,
                proven=proven,
            )


def _addresses(space: Space, box: Box, door: OpenDoor) -> AddressSet:
    place = space.index[AxisName.SOURCE]
    axis = space.axes[place]
    if door.network is Network.VPC_ENDPOINT or not isinstance(axis, AddressAxis):
        return EVERYWHERE
    return axis.addresses(box[place])


def _principals(space: Space, box: Box) -> Iterator[CallerPrincipal]:
    callers = list(_cells(space, box, AxisName.IDENTITY))
    if not callers:
        yield ANONYMOUS
    organizations = {_organization(cell) for cell in _cells(space, box, AxisName.ORGANIZATION)}
    for cell in callers:
        if cell.identity is None:
            yield ANONYMOUS
            continue
        named = cell.kind is not CellKind.STRANGER
        for organization in organizations or {OTHERS}:
            yield CallerPrincipal(
                PrincipalKind.SIGNED,
                account=cell.identity.account if named else OTHERS,
                arn=(cell.identity.session_arn or cell.identity.arn) if cell.exact else OTHERS,
                organization=organization,
            )


def _organization(cell: Cell) -> str:
    value = cell.values["aws:principalorgid"]
    return OTHERS if cell.kind in _STRANGE or isinstance(value, Mystery) else value[0]


def _cells(space: Space, box: Box, name: AxisName) -> Iterator[Cell]:
    place = space.index.get(name)
    axis = None if place is None else space.axes[place]
    if place is not None and isinstance(axis, CellAxis):
        yield from (cell for index, cell in enumerate(axis.cells) if box[place] >> index & 1)


def _endpoints(space: Space, box: Box) -> Iterable[tuple[NameSet, NameSet]]:
    """VPC endpoints with the VPCs they may be in."""
    axis = space.axis(AxisName.ENDPOINT)
    if not isinstance(axis, CellAxis):
        return {(ANY_NAME, ANY_NAME)}
    endpoints = _Names(axis, "aws:sourcevpce")
    vpcs = _Names(axis, "aws:sourcevpc")
    found: dict[NameSet, NameSet] = {}
    for cell in _cells(space, box, AxisName.ENDPOINT):
        endpoint, vpc = endpoints.of(cell), vpcs.of(cell)
        found[endpoint] = _either(found[endpoint], vpc) if endpoint in found else vpc
    return found.items()


def _either(left: NameSet, right: NameSet) -> NameSet:
    if left.excluded or right.excluded:
        kept = [one for one in (left, right) if one.excluded]
        finite = {name for one in (left, right) if not one.excluded for name in one.names}
        names = frozenset.intersection(*(one.names for one in kept))
        return NameSet(names - finite)
    return NameSet(left.names | right.names, excluded=False)


class _Names:
    """The ids of one key: the named ones as themselves, the rest as all others."""

    def __init__(self, axis: CellAxis, key: str) -> None:
        self._key = key
        self._named = frozenset(
            value[0]
            for cell in axis.cells
            if not isinstance(value := cell.values[key], Mystery) and value[0] in axis.named
        )

    def of(self, cell: Cell) -> NameSet:
        value = cell.values[self._key]
        if not isinstance(value, Mystery) and value[0] in self._named:
            return only(value[0])
        return NameSet(self._named)
