"""One stage: its doors, web ACL and policies against every route of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.access.admission import Reach, reaches
from monitor.access.authorization import Gate, gates
from monitor.access.callers import caller_boxes
from monitor.access.caveats import caveats_of
from monitor.access.circumstances import Network
from monitor.access.codes import Code
from monitor.access.doors import Doors, OpenDoor, doors_to
from monitor.access.explain import sentence
from monitor.access.fronts import Fronts
from monitor.access.outcome import NOBODY, STAGE_BUDGET, Let
from monitor.access.reach import reach_of
from monitor.access.reasons import Passage, policy_speaks, stops, way_in
from monitor.access.route_space import RouteRequests, RouteTable
from monitor.access.thresholds import Thresholds
from monitor.access.verdict import Halves, Verdict, decisive, judged, nobody, widest_of
from monitor.access.web_acl import WebAclPass, passes
from monitor.access.witness import witness
from monitor.iampolicy.boxes import Budget
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
from monitor.model.callers import CallerBox, CallerSet

_CONNECT = Route(key="$connect", authorization=AuthorizationType.NONE)
# Boxes of more callers than that may overlap.
_MOST_BOXES_APART = 64
_NO_CONNECT_ROUTE = Reason(code=Code.NO_CONNECT_ROUTE)
_CONNECT_DECIDES = Reason(code=Code.CONNECT_DECIDES)
_NO_POLICY = ResourcePolicy(text=None, source=PolicySource.SAVED)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a verdict is made of, before the names of the route: the reaches and the one that
    decides, with the passage (by number) it came from."""

    halves: Halves
    verdict: Verdict
    best: Reach | None
    passage: int
    policy_reasons: tuple[Reason, ...]
    caveats: tuple[str, ...]


@dataclass(slots=True)
class Judge:
    """Judges the routes of one stage; what routes have in common is worked out once."""

    snapshot: ApiSnapshot
    stage: Stage
    now: datetime
    thresholds: Thresholds
    doors: Doors = field(init=False)
    web_acl: WebAclPass = field(init=False)
    _fronts: Fronts = field(init=False)
    _summaries: dict[object, Summary] = field(default_factory=dict)
    _budget: Budget = field(default_factory=lambda: Budget(STAGE_BUDGET))
    _tables: dict[int, RouteTable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.doors = doors_to(self.snapshot, self.stage.name)
        self.web_acl = passes(self.snapshot, self.stage)
        self._fronts = Fronts(self.snapshot, self.now, self.web_acl, self._budget)

    def closed_doors(self) -> tuple[Reason, ...]:
        return self.doors.closed or (Reason(code=Code.NO_DOOR),)

    def routes(self, configuration: Configuration) -> Iterator[tuple[RouteAccess, Verdict]]:
        """Every route through every door."""
        for route, guard in self.guarded_routes(configuration):
            requests = self.requests(configuration, route)
            found = self._gates(configuration, guard)
            for door in self.doors.open:
                verdict = self._through(door, configuration, requests, found)
                access = RouteAccess(
                    door=door.door,
                    route=route.key,
                    access=verdict.access,
                    callers=verdict.callers,
                )
                yield access, verdict

    def _gates(self, configuration: Configuration, guard: Route) -> tuple[Gate, ...]:
        found = gates(self.snapshot, configuration, self.stage, guard)
        if self.snapshot.api_type is not ApiType.WEBSOCKET:
            return found
        if guard is _CONNECT:
            return tuple(replace(one, reasons=(_NO_CONNECT_ROUTE,)) for one in found)
        return tuple(replace(one, reasons=(_CONNECT_DECIDES, *one.reasons)) for one in found)

    def requests(self, configuration: Configuration, route: Route) -> RouteRequests:
        table = self._tables.get(id(configuration))
        if table is None:
            routes = configuration.routes or ()
            table = RouteTable.of(self.snapshot.api, self.stage.name, routes)
            self._tables[id(configuration)] = table
        return table.requests(route)

    def guarded_routes(self, configuration: Configuration) -> Iterator[tuple[Route, Route]]:
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

    def _policies(self, configuration: Configuration) -> tuple[ResourcePolicy | None, ...]:
        """Every resource policy that may be in force; None where that is not known."""
        if self.snapshot.api_type is not ApiType.REST:
            return (_NO_POLICY,)
        return configuration.policies or (None,)

    def passages_of(
        self, configuration: Configuration, key: str, door: OpenDoor
    ) -> Iterator[Passage]:
        """Every passage of one route, under every policy that may be in force."""
        for route, guard in self.guarded_routes(configuration):
            if route.key == key:
                requests = self.requests(configuration, route)
                found = self._gates(configuration, guard)
                for policy in self._policies(configuration):
                    yield from self.passages(door, policy, requests, found)

    def _through(
        self,
        door: OpenDoor,
        configuration: Configuration,
        requests: RouteRequests,
        found: tuple[Gate, ...],
    ) -> Verdict:
        policies = self._policies(configuration)
        alternatives = [self._under(door, policy, requests, found) for policy in policies]
        several = sentence(Reason(code=Code.SEVERAL_POLICIES))
        return widest_of(alternatives, several)

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
        passages = self.passages(door, policy, requests, found)
        summary = self._summary(door, passages)
        best = summary.best
        because = [*way_in(door, self.web_acl)]
        leading = passages[summary.passage]
        because += leading.gate.reasons if best else ()
        because += summary.policy_reasons
        shown = None
        if best is not None:
            space = leading.outcomes.space
            shown = witness(space, best.example, leading.samples, door, self.stage.name)
            shown = replace(shown, credentials=leading.gate.held(door.needs_certificate))
        access = replace(
            summary.verdict.access,
            because=tuple(because),
            caveats=summary.caveats,
            witness=shown,
        )
        return replace(summary.verdict, access=access)

    def passages(
        self,
        door: OpenDoor,
        policy: ResourcePolicy | None,
        requests: RouteRequests,
        found: tuple[Gate, ...],
    ) -> tuple[Passage, ...]:
        """Each gate of a route with the callers whom the policy lets through it."""
        return tuple(self._passage(door, policy, requests, gate) for gate in found)

    def _passage(
        self,
        door: OpenDoor,
        policy: ResourcePolicy | None,
        requests: RouteRequests,
        gate: Gate,
    ) -> Passage:
        front = self._fronts.front(door, policy, signed=gate.signed)
        outcomes = front.outcomes
        samples = front.samples(requests, self._budget)
        if samples is None:
            samples = (requests.filler(),)
            reach = reach_of(self.web_acl, door, outcomes.space, gate, 1)
            let = Let((), reach.possible, entangled=True)
            return Passage(gate, outcomes, samples, (), let)
        if not samples:
            return Passage(gate, outcomes, samples, (), NOBODY)
        asked = outcomes.asked(samples)
        reach = front.reach(
            reach_of(self.web_acl, door, outcomes.space, gate, len(samples)), samples
        )
        return Passage(gate, outcomes, samples, asked, outcomes.let(gate.rule, asked, reach))

    def _summary(self, door: OpenDoor, passages: tuple[Passage, ...]) -> Summary:
        key = (id(door), id(passages[0].outcomes), tuple(one.key for one in passages))
        if key not in self._summaries:
            self._summaries[key] = self._summed_up(door, passages)
        return self._summaries[key]

    def _summed_up(self, door: OpenDoor, passages: tuple[Passage, ...]) -> Summary:
        sure: list[Reach] = []
        possible: list[Reach] = []
        origin: dict[int, int] = {}
        for number, one in enumerate(passages):
            proven = one.gate.proven and door.proven
            for boxes, into in (
                (one.let.sure if proven else (), sure),
                (one.let.possible, possible),
            ):
                for reach in reaches(one.outcomes.space, boxes, one.gate, door, self.thresholds):
                    into.append(reach)
                    origin[id(reach)] = number
        halves = Halves(tuple(sure), tuple(possible))
        best = decisive(halves)
        number = origin[id(best)] if best is not None else 0
        reasons = [*policy_speaks(passages[number], best.example)] if best is not None else []
        public = [one.who for one in halves.possible if one.scope.is_public]
        if not public:
            reasons += stops(door, passages, public)
        caveats = caveats_of(self.snapshot, door, self.web_acl, passages, halves)
        texts = tuple(dict.fromkeys(map(sentence, caveats)))
        callers = self._callers(door, passages)
        return Summary(halves, judged(halves, callers), best, number, tuple(reasons), texts)

    def _callers(self, door: OpenDoor, passages: tuple[Passage, ...]) -> CallerSet:
        """Everyone who gets in, and marked as such, everyone else who may."""
        boxes: list[CallerBox] = []
        for one in passages:
            space, gate, let = one.outcomes.space, one.gate, one.let
            certain = gate.proven and door.proven
            if certain:
                boxes += caller_boxes(space, let.sure, gate, door, proven=True)
            if not certain or let.possible != let.sure:
                boxes += caller_boxes(space, let.possible, gate, door, proven=False)
        found = CallerSet(tuple(dict.fromkeys(boxes)))
        return found.disjoint() if len(boxes) <= _MOST_BOXES_APART else found
