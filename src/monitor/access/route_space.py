"""The requests that reach one route, cut by the Resource elements of a policy.

Sources: API Gateway guide, "Control access for invoking an API" (the ARN of a request), "Set up a
proxy integration with a proxy resource", "Routes for HTTP APIs".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from monitor.access.text_axes import counted_classes
from monitor.iampolicy.boxes import Budget, BudgetExceededError
from monitor.iampolicy.resources import ResourcePattern, ResourceRule
from monitor.iampolicy.three_valued import Truth
from monitor.iampolicy.variables import Unresolved
from monitor.iampolicy.words import ANY, NOT_SLASH, SLASH, Chain, ChainBuilder
from monitor.model.api import ApiId, Route

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
DEFAULT_ROUTE = "$default"
# More neighbours than that are left out of the automata: what they take then counts twice.
_MOST_NEIGHBOURS = 48
_LITERAL, _SEGMENT, _GREEDY, _ANYTHING = range(4)
_FILLERS = ("x", "x1", "item", "any")


@dataclass(frozen=True, slots=True)
class Sample:
    """One request to the route, standing for all that no Resource tells from it."""

    verb: str
    path: str
    arn: str


@dataclass(frozen=True, slots=True)
class Template:
    """A path template in segments: `{id}` is one segment, `{proxy+}` the rest, `$default` any path
    that no other route takes."""

    segments: tuple[str, ...]

    @classmethod
    def of(cls, path: str) -> Template:
        return cls(tuple(path.removeprefix("/").split("/")))

    @property
    def is_literal(self) -> bool:
        return all(_rank(one) == _LITERAL for one in self.segments)

    @property
    def head(self) -> str:
        """The fixed text before the first parameter."""
        fixed: list[str] = []
        for one in self.segments:
            if _rank(one) != _LITERAL:
                return "/".join((*fixed, ""))
            fixed.append(one)
        return "/".join(fixed)

    def filled(self, filler: str) -> str:
        return "/".join(one if _rank(one) == _LITERAL else filler for one in self.segments)

    def fits(self, path: str) -> bool:
        """Whether a path, without its leading slash, has this form."""
        given = path.split("/")
        for place, one in enumerate(self.segments):
            rank = _rank(one)
            if rank >= _GREEDY:
                return rank == _ANYTHING or any(given[place:])
            if (
                place >= len(given)
                or (rank == _LITERAL and one != given[place])
                or not (rank == _LITERAL or given[place])
            ):
                return False
        return len(given) == len(self.segments)

    def chain(self, base: str, verb: str | None) -> Chain:
        """The ARNs of its requests behind `base`; `verb` None = any."""
        builder = ChainBuilder().text(base)
        builder = builder.some(NOT_SLASH) if verb is None else builder.text(verb)
        for one in self.segments:
            builder.text("/")
            rank = _rank(one)
            if rank == _LITERAL:
                builder.text(one)
            elif rank == _SEGMENT:
                builder.some(NOT_SLASH)
            elif rank == _GREEDY:
                return builder.many(SLASH).one(NOT_SLASH).many(ANY).build()
            else:
                return builder.many(ANY).build()
        return builder.build()


def _rank(segment: str) -> int:
    if segment == DEFAULT_ROUTE:
        return _ANYTHING
    if segment.startswith("{") and segment.endswith("}"):
        return _GREEDY if segment.endswith("+}") else _SEGMENT
    return _LITERAL


@dataclass(frozen=True, slots=True)
class Entry:
    """A route of the table: its verb as configured, and its path."""

    verb: str
    template: Template


@dataclass(frozen=True, slots=True)
class RouteRequests:
    """The requests of a route in one stage. `takers`: more literal routes, which take requests away
    from this one."""

    base: str
    verbs: tuple[str, ...]
    template: Template
    takers: tuple[Entry, ...] = ()

    def samples(self, rules: Sequence[ResourceRule], budget: Budget) -> tuple[Sample, ...] | None:
        """One request of each kind that the rules tell apart; None if that is too entangled."""
        if self.template.is_literal:
            path = self.template.filled("")
            return tuple(self._sample(verb, path) for verb in self.verbs)
        undecided = self._undecided(rules)
        if not undecided:
            plain = tuple(self._plain())
            if len(plain) == len(self.verbs):
                return plain
        try:
            return self._by_automata(undecided, budget)
        except BudgetExceededError:
            return None

    def filler(self) -> Sample:
        """Some request to the route."""
        return next(self._plain(), self._sample(self.verbs[0], self.template.filled("x")))

    def _sample(self, verb: str, path: str) -> Sample:
        return Sample(verb, f"/{path}", f"{self.base}{verb}/{path}")

    def _plain(self) -> Iterator[Sample]:
        """For each verb a request with an arbitrary parameter that no other route takes."""
        for verb in self.verbs:
            takers = [one.template for one in self.takers if one.verb in (verb, "ANY")]
            for filler in _FILLERS:
                path = self.template.filled(filler)
                if not any(taker.fits(path) for taker in takers):
                    yield self._sample(verb, path)
                    break

    def _undecided(self, rules: Sequence[ResourceRule]) -> list[ResourcePattern]:
        """The patterns that may match some requests of the route and not others."""
        heads = [f"{self.base}{verb}/{self.template.head}" for verb in self.verbs]
        found = (
            pattern
            for rule in rules
            for pattern in rule.patterns
            if not isinstance(pattern, Unresolved) and not _decided(pattern, heads)
        )
        return list(dict.fromkeys(found))

    def _by_automata(
        self, patterns: Sequence[ResourcePattern], budget: Budget
    ) -> tuple[Sample, ...] | None:
        chains = [one for pattern in patterns for one in pattern.all_chains(self.verbs)]
        near = self.takers if len(self.takers) <= _MOST_NEIGHBOURS else ()
        taken = [
            one.template.chain(self.base, None if one.verb == "ANY" else one.verb) for one in near
        ]
        own = tuple(self.template.chain(self.base, verb) for verb in self.verbs)
        budget.spend(0)
        examples = counted_classes((*chains, *taken), own)
        budget.spend(examples.steps)
        if examples.found is None:
            return None
        mark = ((1 << len(taken)) - 1) << len(chains)
        arns = (arn for bits, arn in examples.found.items() if not bits & mark)
        parts = (arn.removeprefix(self.base).partition("/") for arn in arns)
        return tuple(self._sample(verb, path) for verb, _, path in parts)


def _decided(pattern: ResourcePattern, heads: Sequence[str]) -> bool:
    if pattern.any_verb:
        return False
    if pattern.is_prefix and all(head.startswith(pattern.prefix) for head in heads):
        return True
    return not any(
        pattern.prefix.startswith(head) or head.startswith(pattern.prefix) for head in heads
    )


@dataclass(slots=True)
class RouteTable:
    """The routes of one configuration in one stage, and which of them a request reaches."""

    base: str
    _entries: tuple[Entry, ...]
    _verbs: dict[Template, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, api: ApiId, stage: str, routes: Sequence[Route]) -> RouteTable:
        entries = tuple(Entry(route.method, Template.of(route.path)) for route in routes)
        base = (
            f"arn:{api.partition}:execute-api:{api.region}:{api.account_id}:{api.api_id}/{stage}/"
        )
        table = cls(base, entries)
        for one in entries:
            table._verbs.setdefault(one.template, set()).add(one.verb)
        return table

    def requests(self, route: Route) -> RouteRequests:
        template = Template.of(route.path)
        verbs: tuple[str, ...] = (route.method,)
        if route.method == "ANY":
            taken = self._verbs.get(template, set())
            verbs = tuple(verb for verb in VERBS if verb not in taken) or VERBS
        if template.is_literal:
            return RouteRequests(self.base, verbs, template)
        mine = Entry(route.method, template)
        takers = tuple(one for one in self._entries if _takes(one, mine))
        return RouteRequests(self.base, verbs, template, takers)


def _takes(other: Entry, route: Entry) -> bool:
    """Whether the other route is more literal and fits some of the same requests."""
    if other.template == route.template or other.template.segments[0].startswith("$"):
        return False
    if "ANY" not in (other.verb, route.verb) and other.verb != route.verb:
        return False
    for mine, theirs in zip(route.template.segments, other.template.segments, strict=False):
        mine_rank, their_rank = _rank(mine), _rank(theirs)
        if mine_rank != their_rank:
            return their_rank < mine_rank
        if mine_rank == _LITERAL and mine != theirs:
            return False
    return False


def resource_masks(rule: ResourceRule, samples: Sequence[Sample]) -> tuple[int, int]:
    """The samples that a Resource element surely speaks of, and those it may speak of."""
    yes = maybe = 0
    for index, sample in enumerate(samples):
        found = rule.matches(sample.arn, sample.verb)
        if found is not Truth.NO:
            maybe |= 1 << index
            if found is Truth.YES:
                yes |= 1 << index
    return yes, maybe
