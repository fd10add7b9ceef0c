"""One stage: its doors, web ACL and policies against every route of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from monitor.access.admission import Reach, reaches
from monitor.access.authorization import Gate, gates
from monitor.access.axes import AddressAxis, CellAxis, CellKind
from monitor.access.circumstances import AxisName, Circumstances, Network
from monitor.access.codes import Code
from monitor.access.doors import Doors, OpenDoor, doors_to
from monitor.access.outcome import NOBODY, Asked, Let, PolicyOutcomes
from monitor.access.reasons import chain, wide_caveats
from monitor.access.route_space import RouteRequests, Sample, requests_of
from monitor.access.space import Space, Surroundings, build_space
from monitor.access.statements import Applied, apply_policy
from monitor.access.thresholds import Thresholds
from monitor.access.verdict import Halves, Verdict, decisive, judged, nobody, widest_of
from monitor.access.web_acl import WebAclPass, passes
from monitor.access.witness import witness
from monitor.iampolicy.boxes import Box
from monitor.iampolicy.document import PolicyDocument, parse
from monitor.model.access import Reason, RouteAccess
from monitor.model.api import (
    ApiSnapshot,
    ApiType,
    AuthorizationType,
    Configuration,
    PolicySource,
    ResourcePolicy,
    Route,
    Stage,
)

_CONNECT = Route(key="$connect", authorization=AuthorizationType.NONE)
_NO_POLICY = ResourcePolicy(text=None, source=PolicySource.SAVED)
_SEVERAL = "more than one resource policy may be in force; the one that lets in the most is judged"


@dataclass(slots=True)
class Judge:
    """Judges the routes of one stage; what routes have in common is worked out once."""

    snapshot: ApiSnapshot
    stage: Stage
    now: datetime
    thresholds: Thresholds
    doors: Doors = field(init=False)
    web_acl: WebAclPass = field(init=False)
    _outcomes: dict[object, PolicyOutcomes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.doors = doors_to(self.snapshot, self.stage.name)
        self.web_acl = passes(self.snapshot, self.stage)

    def closed_doors(self) -> tuple[Reason, ...]:
        return self.doors.closed or (Reason(code=Code.NO_DOOR),)

    def routes(self, configuration: Configuration) -> Iterator[tuple[RouteAccess, Verdict]]:
        """Every route through every door."""
        for route, guard in self._guarded(configuration):
            requests = self._requests(configuration, route)
            found = gates(self.snapshot, configuration, self.stage, guard)
            for door in self.doors.open:
                verdict = self._through(door, configuration, requests, found)
                access = RouteAccess(door=door.door, route=route.key, access=verdict.access)
                yield access, verdict

    def _guarded(self, configuration: Configuration) -> Iterator[tuple[Route, Route]]:
        """Each route with the route whose authorization counts: on a WebSocket API `$connect`,
        whose absence leaves connecting open.

        Source: API Gateway guide, "Controlling and managing access to a WebSocket API".
        """
        routes = configuration.routes or ()
        if self.snapshot.api_type is not ApiType.WEBSOCKET:
            yield from ((route, route) for route in routes)
            return
        connect = next((route for route in routes if route.key == "$connect"), _CONNECT)
        yield from ((route, connect) for route in routes)

    def _requests(self, configuration: Configuration, route: Route) -> RouteRequests:
        return requests_of(self.snapshot.api, self.stage.name, route, configuration.routes or ())

    def _through(
        self,
        door: OpenDoor,
        configuration: Configuration,
        requests: RouteRequests,
        found: tuple[Gate, ...],
    ) -> Verdict:
        policies = configuration.policies
        if self.snapshot.api_type is not ApiType.REST:
            policies = (_NO_POLICY,)
        if not policies:
            return self._under(door, None, requests, found)
        alternatives = [self._under(door, policy, requests, found) for policy in policies]
        return widest_of(alternatives, _SEVERAL)

    def _under(
        self,
        door: OpenDoor,
        policy: ResourcePolicy | None,
        requests: RouteRequests,
        found: tuple[Gate, ...],
    ) -> Verdict:
        if policy is not None and policy.text is None and door.network is Network.VPC_ENDPOINT:
            return nobody(Reason(code=Code.NO_POLICY_PRIVATE, place="policy"))
        if not found:
            return nobody(Reason(code=Code.KEY_UNOBTAINABLE, place=f"stage {self.stage.name}"))
        return RouteJudgement(self, door, policy, requests).verdict(found)

    def outcomes(
        self, door: OpenDoor, policy: ResourcePolicy | None, *, signed: bool
    ) -> PolicyOutcomes:
        text = policy.text if policy is not None else None
        key = (door.network, door.families, door.private_domain, policy is None, text, signed)
        if key not in self._outcomes:
            self._outcomes[key] = self._outcome(door, policy, signed)
        return self._outcomes[key]

    def _outcome(
        self, door: OpenDoor, policy: ResourcePolicy | None, signed: bool
    ) -> PolicyOutcomes:
        circumstances = Circumstances(door.network, signed, self.now)
        document = parse(policy.text) if policy is not None and policy.text is not None else None
        documents = () if document is None or not document.readable else (document,)
        space = build_space(circumstances, documents, self._surroundings(door))
        if document is None:
            attached = policy is None
            return PolicyOutcomes(space, None, attached=attached)
        return PolicyOutcomes(space, self._applied(document, space))

    def _applied(self, document: PolicyDocument, space: Space) -> tuple[Applied, ...] | None:
        if not document.readable:
            return None
        api = self.snapshot.api
        arn = f"arn:{api.partition}:execute-api:{api.region}:{api.account_id}:{api.api_id}"
        return apply_policy(document, space, arn)

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


@dataclass(slots=True)
class RouteJudgement:
    """One route through one door under one policy."""

    judge: Judge
    door: OpenDoor
    policy: ResourcePolicy | None
    requests: RouteRequests

    def verdict(self, found: tuple[Gate, ...]) -> Verdict:
        sure: list[Reach] = []
        possible: list[Reach] = []
        examples = {}
        for gate in found:
            outcomes = self.judge.outcomes(self.door, self.policy, signed=gate.signed)
            samples = outcomes.samples(self.requests)
            asked: tuple[Asked, ...] = ()
            if samples is None:
                samples = (self.requests.filler(),)
                let = self._bounded(outcomes, gate)
            else:
                asked = outcomes.asked(samples)
                let = outcomes.let(gate.rule, asked, self._reach(outcomes.space, gate, samples))
            proven = gate.proven and self.door.proven
            for boxes, into in ((let.sure if proven else (), sure), (let.possible, possible)):
                for reach in reaches(outcomes.space, boxes, gate, self.door, self.judge.thresholds):
                    into.append(reach)
                    examples[id(reach)] = (gate, outcomes, samples, asked, let)
        halves = Halves(tuple(sure), tuple(possible))
        best = decisive(halves)
        if best is None:
            return judged(halves, chain(self, found, None, None), (), None)
        gate, outcomes, samples, asked, let = examples[id(best)]
        shown = witness(outcomes.space, best.example, samples, self.door, self.judge.stage.name)
        because = chain(self, found, best, (gate, outcomes, asked))
        return judged(halves, because, wide_caveats(self, gate, let), shown)

    def _bounded(self, outcomes: PolicyOutcomes, gate: Gate) -> Let:
        reach = self._reach(outcomes.space, gate, (self.requests.filler(),))
        return Let((), reach.possible, entangled=True)

    def _reach(self, space: Space, gate: Gate, samples: tuple[Sample, ...]) -> Let:
        """Who comes through the door and past the web ACL at all."""
        box = [(1 << len(samples)) - 1, *space.full[1:]]
        if gate.signed and gate.own_account is not None:
            _restrict_account(space, box, own=gate.own_account)
        if not self._restrict_associations(space, box):
            return NOBODY
        possible = self._past_web_acl(space, box)
        if not all(possible):
            return NOBODY
        whole = (tuple(possible),)
        in_vpc = self.door.network is Network.VPC_ENDPOINT
        narrowed = in_vpc and possible != tuple(box)
        sure = whole if self.judge.web_acl.modelled and not narrowed else ()
        return Let(sure, whole)

    def _past_web_acl(self, space: Space, box: list[int]) -> Box:
        place = space.index[AxisName.SOURCE]
        axis = space.axes[place]
        if not isinstance(axis, AddressAxis) or not self.judge.web_acl.modelled:
            return tuple(box)
        if self.door.network is Network.VPC_ENDPOINT:
            # Which address a web ACL sees behind a VPC endpoint is not documented.
            return tuple(box)
        mask = axis.mask(self.judge.web_acl.addresses)
        return (*box[:place], box[place] & mask, *box[place + 1 :])

    def _restrict_associations(self, space: Space, box: list[int]) -> bool:
        """A private custom domain is open to the endpoints that are associated with it."""
        domain = self.door.private_domain
        if domain is None or domain.access_associations is None:
            return True
        place = space.index[AxisName.ENDPOINT]
        axis = space.axes[place]
        if isinstance(axis, CellAxis):
            allowed = {(one,) for one in domain.access_associations}
            box[place] &= sum(
                1 << index
                for index, cell in enumerate(axis.cells)
                if cell.values.get("aws:sourcevpce") in allowed
            )
        return bool(box[place])


def _restrict_account(space: Space, box: list[int], *, own: bool) -> None:
    place = space.index[AxisName.IDENTITY]
    axis = space.axes[place]
    if isinstance(axis, CellAxis):
        mine = axis.mask_of_kinds((CellKind.OWN,))
        box[place] &= mine if own else ~mine
