"""One concrete request out of a set of callers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from monitor.access.axes import AddressAxis, Cell, CellAxis, CellKind
from monitor.access.circumstances import TAG_PREFIX, AxisName, Mystery
from monitor.access.doors import OpenDoor
from monitor.access.route_space import Sample
from monitor.access.space import Space
from monitor.iampolicy.boxes import Box
from monitor.model.access import Witness
from monitor.model.addresses import ROUTABLE, AddressSet, address_at, position

# Shown where they fit; everybody knows them to be plain addresses of the internet.
_FAMILIAR = tuple(
    place for text in ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111") if (place := position(text))
)
_HEADERS = {"aws:referer": "Referer", "aws:useragent": "User-Agent"}
_CONTEXT = {
    "aws:sourcevpce": "aws:SourceVpce",
    "aws:sourcevpc": "aws:SourceVpc",
    "aws:principalorgid": "aws:PrincipalOrgID",
    "aws:principalorgpaths": "aws:PrincipalOrgPaths",
    "aws:userid": "aws:userid",
    "aws:multifactorauthpresent": "aws:MultiFactorAuthPresent",
    "aws:multifactorauthage": "aws:MultiFactorAuthAge",
    "aws:tokenissuetime": "aws:TokenIssueTime",
}


def witness(
    space: Space, box: Box, samples: tuple[Sample, ...], door: OpenDoor, stage: str
) -> Witness:
    sample = samples[(box[0] & -box[0]).bit_length() - 1]
    cells = _cells(space, box)
    identity = next((cell.identity for cell in cells if cell.identity is not None), None)
    return Witness(
        door=door.door,
        method=sample.verb,
        path=sample.path,
        stage=stage,
        principal=(identity.session_arn or identity.arn) if identity else "anonymous",
        source_ip=_address(space, box, AxisName.SOURCE),
        headers=_texts(cells, _HEADERS),
        context=_context(space, box, cells),
    )


def _cells(space: Space, box: Box) -> list[Cell]:
    return [
        _typical(axis, mask)
        for axis, mask in zip(space.axes[1:], box[1:], strict=True)
        if isinstance(axis, CellAxis)
    ]


def _typical(axis: CellAxis, mask: int) -> Cell:
    """The widest kind of cell; of those the first, which is "absent" where that will do."""
    texts = axis.mask_where(lambda cell: "aws:useragent" in cell.values and _has_text(cell))
    if mask & texts:
        # Programs send some User-Agent of their own unless they are told which.
        return axis.first(mask & texts)
    for kind in (CellKind.ANONYMOUS, CellKind.STRANGER, CellKind.ANY_VPCE, CellKind.NAMED_VPC):
        wide = mask & axis.mask_of_kinds((kind,))
        if wide:
            return axis.first(wide)
    return axis.first(mask)


def _has_text(cell: Cell) -> bool:
    value = cell.values["aws:useragent"]
    return not isinstance(value, Mystery) and value != ("",)


def _address(space: Space, box: Box, name: AxisName) -> str | None:
    place = space.index.get(name)
    axis = None if place is None else space.axes[place]
    if place is None or not isinstance(axis, AddressAxis) or axis.holds_absent(box[place]):
        return None
    return typical_address(axis.addresses(box[place]))


@lru_cache(maxsize=512)
def typical_address(addresses: AddressSet) -> str | None:
    for place in _FAMILIAR:
        if place in addresses:
            return address_at(place)
    spans = (addresses & ROUTABLE).spans or addresses.spans
    if not spans:
        return None
    start, end = max(spans, key=lambda span: span[1] - span[0])
    return address_at(min(start + 1, end - 1))


def _texts(cells: list[Cell], names: Mapping[str, str]) -> dict[str, str]:
    return {
        names[key]: value[0]
        for cell in cells
        for key, value in cell.values.items()
        if key in names and not isinstance(value, Mystery)
    }


def _context(space: Space, box: Box, cells: list[Cell]) -> dict[str, str]:
    context = _texts(cells, _CONTEXT)
    for cell in cells:
        for key, value in cell.values.items():
            if key.startswith(TAG_PREFIX) and not isinstance(value, Mystery):
                context["aws:PrincipalTag/" + key.removeprefix(TAG_PREFIX)] = value[0]
    if AxisName.VPC_SOURCE in space.index:
        address = _address(space, box, AxisName.VPC_SOURCE)
        if address is not None:
            context["aws:VpcSourceIp"] = address
    return context
