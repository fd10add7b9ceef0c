"""The policies a call meets behind each door, applied to the callers who come through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.access.circumstances import AxisName, Circumstances, Network
from monitor.access.doors import OpenDoor
from monitor.access.fences import Fence, FencePolicy, endpoint_mask, fence_policies
from monitor.access.outcome import Let, PolicyOutcomes
from monitor.access.route_space import RouteRequests, Sample
from monitor.access.space import Space, Surroundings, build_space
from monitor.access.statements import apply_policy
from monitor.access.web_acl import WebAclPass
from monitor.iampolicy.boxes import Budget
from monitor.iampolicy.document import PolicyDocument, parse
from monitor.model.api import ApiSnapshot, ApiType, ResourcePolicy


@dataclass(frozen=True, slots=True)
class Front:
    """The API's policy behind one kind of door, with the fences before it."""

    outcomes: PolicyOutcomes
    fences: tuple[Fence, ...]

    def samples(self, requests: RouteRequests, budget: Budget) -> tuple[Sample, ...] | None:
        rules = [rule for fence in self.fences for rule in fence.rules]
        return requests.samples((*self.outcomes.rules(), *rules), budget)

    def reach(self, reach: Let, samples: Sequence[Sample]) -> Let:
        place = self.outcomes.space.index.get(AxisName.ENDPOINT)
        for fence in self.fences if place is not None else ():
            reach = fence.narrowed(place or 0, samples, reach)
        return reach


@dataclass(slots=True)
class Fronts:
    """Every front of one stage, built once."""

    snapshot: ApiSnapshot
    now: datetime
    web_acl: WebAclPass
    budget: Budget
    _fronts: dict[object, Front] = field(default_factory=dict)

    def front(self, door: OpenDoor, policy: ResourcePolicy | None, *, signed: bool) -> Front:
        text = policy.text if policy is not None else None
        key = (id(door), policy is None, text, signed)
        if key not in self._fronts:
            self._fronts[key] = self._new_front(door, policy, signed)
        return self._fronts[key]

    def _new_front(self, door: OpenDoor, policy: ResourcePolicy | None, signed: bool) -> Front:
        circumstances = Circumstances(door.network, signed, self.now)
        document = parse(policy.text) if policy is not None and policy.text is not None else None
        fences: tuple[FencePolicy, ...] = ()
        if door.network is Network.VPC_ENDPOINT:
            fences = fence_policies(self.snapshot.vpc_endpoints or (), door.private_domain)
        space = build_space(
            circumstances,
            _readable(document),
            self._surroundings(door),
            [one for fence in fences for one in _readable(fence.document)],
        )
        attached = policy is None or policy.text is not None
        outcomes = self._outcomes(space, document, attached=attached)
        return Front(outcomes, tuple(self._fence(space, fence) for fence in fences))

    def _fence(self, space: Space, policy: FencePolicy) -> Fence:
        outcomes = self._outcomes(space.seen_signed(), policy.document)
        return Fence(endpoint_mask(space, policy.endpoint), outcomes, policy.binds)

    def _outcomes(
        self, space: Space, document: PolicyDocument | None, *, attached: bool = True
    ) -> PolicyOutcomes:
        applied = None
        if document is not None and document.readable:
            applied = apply_policy(document, space, self.api_arn)
        return PolicyOutcomes(
            space,
            document,
            applied,
            self.budget,
            attached,
            can_have_policy=self.snapshot.api_type is ApiType.REST,
        )

    @property
    def api_arn(self) -> str:
        api = self.snapshot.api
        return f"arn:{api.partition}:execute-api:{api.region}:{api.account_id}:{api.api_id}"

    def _surroundings(self, door: OpenDoor) -> Surroundings:
        domain = door.private_domain
        return Surroundings(
            api=self.snapshot.api,
            families=door.families,
            borders=tuple(edge for span in self.web_acl.addresses.spans for edge in span),
            endpoints=tuple(
                (one.vpc_endpoint_id, one.vpc_id) for one in self.snapshot.vpc_endpoints or ()
            ),
            named_endpoints=(domain.access_associations or ()) if domain else (),
        )


def _readable(document: PolicyDocument | None) -> tuple[PolicyDocument, ...]:
    return (document,) if document is not None and document.readable else ()
