"""Who comes as far as the route: through the door, past the web ACL, of the right account."""

from __future__ import annotations

from monitor.access.authorization import Gate
from monitor.access.axes import AddressAxis, CellAxis, CellKind
from monitor.access.circumstances import AxisName, Network
from monitor.access.doors import OpenDoor
from monitor.access.outcome import NOBODY, Let
from monitor.access.space import Space
from monitor.access.web_acl import WebAclPass
from monitor.iampolicy.boxes import Box


def reach_of(web_acl: WebAclPass, door: OpenDoor, space: Space, gate: Gate, samples: int) -> Let:
    """`samples`: how many kinds of requests the policy tells apart on this route."""
    box = [(1 << samples) - 1, *space.full[1:]]
    if gate.signed and gate.own_account is not None:
        _restrict_account(space, box, own=gate.own_account)
    _restrict_associations(space, box, door)
    in_vpc = door.network is Network.VPC_ENDPOINT
    if not in_vpc:
        _restrict_addresses(space, box, web_acl)
    if not all(box) or not web_acl.addresses:
        return NOBODY
    whole: tuple[Box, ...] = (tuple(box),)
    # Which address a web ACL sees behind a VPC endpoint is not documented.
    known = web_acl.modelled and not (in_vpc and web_acl.narrows)
    return Let(whole if known else (), whole)


def _restrict_account(space: Space, box: list[int], *, own: bool) -> None:
    place = space.index[AxisName.IDENTITY]
    axis = space.axes[place]
    if isinstance(axis, CellAxis):
        mine = axis.mask_of_kinds((CellKind.OWN,))
        box[place] &= mine if own else ~mine


def _restrict_addresses(space: Space, box: list[int], web_acl: WebAclPass) -> None:
    place = space.index[AxisName.SOURCE]
    axis = space.axes[place]
    if web_acl.narrows and isinstance(axis, AddressAxis):
        box[place] &= axis.mask(web_acl.addresses)


def _restrict_associations(space: Space, box: list[int], door: OpenDoor) -> None:
    """A private custom domain is open to the VPC endpoints that are associated with it.

    Source: API Gateway guide, "Custom domain names for private APIs".
    """
    domain = door.private_domain
    if domain is None or domain.access_associations is None:
        return
    place = space.index[AxisName.ENDPOINT]
    axis = space.axes[place]
    if isinstance(axis, CellAxis):
        allowed = {(one,) for one in domain.access_associations}
        box[place] &= axis.mask_where(lambda cell: cell.values.get("aws:sourcevpce") in allowed)
