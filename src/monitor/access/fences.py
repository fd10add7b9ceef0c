"""Policies that a private call meets before the API's own: of its endpoint, of a private domain.

Source: API Gateway guide, "Use VPC endpoint policies for private APIs", "Custom domain names for
private APIs": every one of them has to allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.access.authorization import PolicyRule
from monitor.access.axes import CellAxis
from monitor.access.circumstances import AxisName
from monitor.access.outcome import Let, PolicyOutcomes
from monitor.access.route_space import Sample
from monitor.access.space import Space
from monitor.iampolicy.boxes import Box
from monitor.iampolicy.document import PolicyDocument, parse
from monitor.iampolicy.resources import ResourceRule
from monitor.model.api import CustomDomain, ResourcePolicy, VpcEndpoint


@dataclass(frozen=True, slots=True)
class FencePolicy:
    """`endpoint` None: it stands before every endpoint. `document` None: it was not read. `binds`
    False: what its Resource covers is not known, so that it can deny nobody for certain."""

    endpoint: str | None
    document: PolicyDocument | None
    binds: bool = True


@dataclass(frozen=True, slots=True)
class Fence:
    """A policy before some of the VPC endpoints, a mask over the cells of their axis."""

    endpoints: int
    outcomes: PolicyOutcomes
    binds: bool

    @property
    def rules(self) -> tuple[ResourceRule, ...]:
        return self.outcomes.rules()

    def narrowed(self, place: int, samples: Sequence[Sample], reach: Let) -> Let:
        inside = Let(
            _where(reach.sure, place, self.endpoints), _where(reach.possible, place, self.endpoints)
        )
        let = self.outcomes.let(PolicyRule.ALLOWED, self.outcomes.asked(samples), inside)
        possible = let.possible if self.binds else inside.possible
        return Let(
            (*_where(reach.sure, place, ~self.endpoints), *let.sure),
            (*_where(reach.possible, place, ~self.endpoints), *possible),
            entangled=reach.entangled or let.entangled,
        )


def _where(boxes: Sequence[Box], place: int, mask: int) -> tuple[Box, ...]:
    return tuple(
        (*box[:place], box[place] & mask, *box[place + 1 :]) for box in boxes if box[place] & mask
    )


def fence_policies(
    endpoints: Sequence[VpcEndpoint], domain: CustomDomain | None
) -> tuple[FencePolicy, ...]:
    """Those that may keep somebody out; the default endpoint policy lets everyone through."""
    found = [
        FencePolicy(one.vpc_endpoint_id, _document(one.policy))
        for one in endpoints
        if one.policy is None or one.policy.text is not None
    ]
    if domain is not None:
        found.append(FencePolicy(None, _document(domain.policy), binds=False))
    return tuple(found)


def _document(policy: ResourcePolicy | None) -> PolicyDocument | None:
    return None if policy is None or policy.text is None else parse(policy.text)


def endpoint_mask(space: Space, endpoint: str | None) -> int:
    axis = space.axis(AxisName.ENDPOINT)
    if not isinstance(axis, CellAxis):
        return 0
    if endpoint is None:
        return axis.full
    return axis.mask_where(lambda cell: cell.values["aws:sourcevpce"] == (endpoint,))
