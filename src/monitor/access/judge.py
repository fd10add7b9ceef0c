"""One stage: its doors, web ACL and policies against every route of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.access.admission import Reach, reaches
from monitor.access.authorization import Gate, gates
from monitor.access.caveats import caveats_of
from monitor.access.circumstances import Circumstances, Network
from monitor.access.codes import Code
from monitor.access.doors import Doors, OpenDoor, doors_to
from monitor.access.explain import sentence
from monitor.access.outcome import NOBODY, Let, PolicyOutcomes
from monitor.access.reach import reach_of
from monitor.access.reasons import Passage, policy_speaks, stops, way_in
from monitor.access.route_space import RouteRequests, requests_of
from monitor.access.space import Surroundings, build_space
from monitor.access.statements import apply_policy
from monitor.access.thresholds import Thresholds
from monitor.access.verdict import Halves, Verdict, decisive, judged, nobody, widest_of
from monitor.access.web_acl import WebAclPass, passes
from monitor.access.witness import witness
from monitor.iampolicy.document import parse
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
    _outcomes: dict[object, PolicyOutcomes] = field(default_factory=dict)
    _summaries: dict[object, Summary] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.doors = doors_to(self.snapshot, self.stage.name)
        self.web_acl = passes(self.snapshot, self.stage)

    def closed_doors(self) -> tuple[Reason, ...]:
        return self.doors.closed or (Reason(code=Code.NO_DOOR),)

    def routes(self, configuration: Configuration) -> Iterator[tuple[RouteAccess, Verdict]]:
        """Every route through every door."""
        for route, guard in self.guarded_routes(configuration):
            requests = self.requests(configuration, route)
            found = gates(self.snapshot, configuration, self.stage, guard)
            for door in self.doors.open:
                verdict = self._through(door, configuration, requests, found)
                access = RouteAccess(door=door.door, route=route.key, access=verdict.access)
                yield access, verdict

    def requests(self, configuration: Configuration, route: Route) -> RouteRequests:
        routes = configuration.routes or ()
        return requests_of(self.snapshot.api, self.stage.name, route, routes)

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

    def _through(
        self,
        door: OpenDoor,
        configuration: Configuration,
        requests: RouteRequests,
        found: tuple[Gate, ...],
    ) -> Verdict:
        policies: tuple[ResourcePolicy | None, ...] = configuration.policies or (None,)
        if self.snapshot.api_type is not ApiType.REST:
            policies = (_NO_POLICY,)
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
        outcomes = self._outcomes_of(door, policy, signed=gate.signed)
        samples = outcomes.samples(requests)
        if samples is None:
            samples = (requests.filler(),)
            reach = reach_of(self.web_acl, door, outcomes.space, gate, 1)
            let = Let((), reach.possible, entangled=True)
            return Passage(gate, outcomes, samples, (), let)
        if not samples:
            return Passage(gate, outcomes, samples, (), NOBODY)
        asked = outcomes.asked(samples)
        reach = reach_of(self.web_acl, door, outcomes.space, gate, len(samples))
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
        return Summary(halves, judged(halves), best, number, tuple(reasons), texts)

    def _outcomes_of(
        self, door: OpenDoor, policy: ResourcePolicy | None, *, signed: bool
    ) -> PolicyOutcomes:
        text = policy.text if policy is not None else None
        key = (id(door), policy is None, text, signed)
        if key not in self._outcomes:
            self._outcomes[key] = self._outcome(door, policy, signed)
        return self._outcomes[key]

    def _outcome(
        self, door: OpenDoor, policy: ResourcePolicy | None, signed: bool
    ) -> PolicyOutcomes:
        circumstances = Circumstances(door.network, signed, self.now)
        document = parse(policy.text) if policy is not None and policy.text is not None else None
        readable = document is not None and document.readable
        space = build_space(
            circumstances, (document,) if document and readable else (), self._surroundings(door)
        )
        applied = None
        if document is not None and readable:
            applied = apply_policy(document, space, self.api_arn)
        return PolicyOutcomes(
            space, document, applied, attached=policy is None or policy.text is not None
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
