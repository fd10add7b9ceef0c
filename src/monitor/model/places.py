"""Where a rule looks: what each stage serves now, and what the next deployment would serve.

A rule tells the flaws of one place; here they become one problem a place. The draft is of the whole
API, whatever stage it is deployed to, and a flaw that every stage has already is told there only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.model.access import Reason, RouteAccess, Scope
from monitor.model.api import ApiType, AuthorizationType, Authorizer, Configuration, Route, Stage
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, RuleInput

WHAT_IS_LIVE = frozenset({Unknown.LIVE_ROUTES, Unknown.LIVE_GUARDS, Unknown.CANARY})
"""While one of these is not known, nothing that a rule found of a stage is mended."""

_MOST_TITLES = 3
_MOST_REASONS = 20
_UNGUARDED = frozenset({AuthorizationType.NONE, AuthorizationType.AWS_IAM, None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is served live on a stage (two configurations with a canary), or drafted (`stage`
    empty). `by_route`: who gets in, on which stage, through each door.
    """

    stage: str
    live: bool
    api_type: ApiType
    configurations: tuple[Configuration, ...]
    by_route: Mapping[str, Sequence[tuple[str, RouteAccess]]] = field(default_factory=dict)

    @property
    def accesses(self) -> Iterator[tuple[str, RouteAccess]]:
        return (one for ways in self.by_route.values() for one in ways)

    def accesses_to(self, route: str) -> Sequence[tuple[str, RouteAccess]]:
        """Stage and access through each door."""
        return self.by_route.get(route, ())

    def somebody_reaches(self, route: str) -> bool:
        return any(one.access.scope is not Scope.NOBODY for _, one in self.accesses_to(route))

    def guarding(self, configuration: Configuration) -> Iterator[Route]:
        """The routes whose authorization counts: on a WebSocket API `$connect` alone.

        Source: API Gateway guide, "Controlling and managing access to a WebSocket API".
        """
        for route in configuration.routes or ():
            if self.api_type is not ApiType.WEBSOCKET or route.key == "$connect":
                yield route


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something wrong with a place. `title` says it without the place, and without what may differ
    from place to place: by it, the same flaw is known elsewhere."""

    title: str
    routes: tuple[str, ...] = ()
    because: tuple[Reason, ...] = ()
    severity: Severity | None = None
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """Whether there is a flaw cannot be told here."""

    why: str


Looks = Callable[[Place], Iterator[Flaw | Unclear]]


def at_each_place(given: RuleInput, look: Looks) -> Iterator[Problem | CannotTell]:
    """What `look` finds, place by place."""
    everywhere: list[frozenset[tuple[str, str]]] = []
    blind = False
    for stage in given.snapshot.stages:
        place, unread = _live(given, stage)
        flaws, unclear = _found(look(place))
        if unread:
            unclear.append("what the stage serves was not read")
        blind = blind or unread
        everywhere.append(frozenset(pair for one in flaws for pair in _marks(one)))
        yield from _told(place, flaws, unclear)
    draft = _draft(given)
    if draft is None:
        yield CannotTell(why="the draft was not read", live=False)
        return
    if blind and any(gap.may_pass for gap in given.snapshot.gaps):
        # What is live already would be told a second time, as if it were still to come.
        yield CannotTell(why="what is live was not read", live=False)
        return
    flaws, unclear = _found(look(draft))
    known = frozenset.intersection(*everywhere) if everywhere else frozenset()
    yield from _told(draft, list(_without(flaws, known)), unclear)


def _live(given: RuleInput, stage: Stage) -> tuple[Place, bool]:
    served = [one for one in (stage.deployment_id, stage.canary_deployment_id) if one is not None]
    read = [given.snapshot.deployments.get(one) for one in served]
    known = tuple(one for one in read if one is not None and one.routes is not None)
    place = Place(
        stage=stage.name,
        live=True,
        api_type=given.snapshot.api_type,
        configurations=known,
        by_route=_by_route(
            (one.stage, route)
            for one in given.access.stages
            if one.stage == stage.name
            for route in one.live_routes
        ),
    )
    return place, len(known) < len(read)


def _draft(given: RuleInput) -> Place | None:
    draft = given.snapshot.draft
    if draft is None or draft.routes is None:
        return None
    return Place(
        stage="",
        live=False,
        api_type=given.snapshot.api_type,
        configurations=(draft,),
        by_route=_by_route(
            (one.stage, route) for one in given.access.stages for route in one.draft_routes
        ),
    )


def _by_route(
    ways: Iterable[tuple[str, RouteAccess]],
) -> dict[str, list[tuple[str, RouteAccess]]]:
    found: dict[str, list[tuple[str, RouteAccess]]] = {}
    for one in ways:
        found.setdefault(one[1].route, []).append(one)
    return found


def _found(said: Iterator[Flaw | Unclear]) -> tuple[list[Flaw], list[str]]:
    flaws: list[Flaw] = []
    unclear: list[str] = []
    for one in said:
        if isinstance(one, Flaw):
            flaws.append(one)
        else:
            unclear.append(one.why)
    return flaws, unclear


def _marks(flaw: Flaw) -> Iterator[tuple[str, str]]:
    return ((flaw.title, route) for route in flaw.routes or ("",))


def _without(flaws: Iterable[Flaw], known: frozenset[tuple[str, str]]) -> Iterator[Flaw]:
    for flaw in flaws:
        new = tuple(route for title, route in _marks(flaw) if (title, route) not in known)
        if new:
            yield replace(flaw, routes=new if flaw.routes else ())


def _told(
    place: Place, flaws: Sequence[Flaw], unclear: Sequence[str]
) -> Iterator[Problem | CannotTell]:
    for why in dict.fromkeys(unclear):
        yield CannotTell(why=why, stage=place.stage, live=place.live)
    if not flaws:
        return
    titles = list(dict.fromkeys(one.title for one in flaws))
    more = len(titles) - _MOST_TITLES
    text = "; ".join(titles[:_MOST_TITLES]) + (f"; and {more} more" if more > 0 else "")
    where = f"stage {place.stage}" if place.live else "at the next deployment"
    stated = [one.severity for one in flaws if one.severity is not None]
    gravest = min(stated, key=lambda one: one.rank) if stated else None
    yield Problem(
        title=f"{text} ({where})",
        stage=place.stage,
        live=place.live,
        routes=tuple(dict.fromkeys(route for one in flaws for route in one.routes)),
        because=tuple(_reasons(flaws)),
        severity=gravest if place.live or gravest is None else gravest.milder,
        caveats=tuple(dict.fromkeys(caveat for one in flaws for caveat in one.caveats)),
    )


def _reasons(flaws: Iterable[Flaw]) -> list[Reason]:
    """Each once; a reason holds a mapping, so it cannot be hashed."""
    found: list[Reason] = []
    for flaw in flaws:
        found += (one for one in flaw.because if one not in found)
        if len(found) >= _MOST_REASONS:
            break
    return found[:_MOST_REASONS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """An authorizer with the routes that it guards and somebody can reach."""

    authorizer: Authorizer
    routes: tuple[str, ...]
    configuration: Configuration

    @property
    def label(self) -> str:
        return f"authorizer {self.authorizer.name or self.authorizer.authorizer_id}"


def attached(place: Place) -> Iterator[Attached | Unclear]:
    """The authorizers that guard something; unclear where it could not be told which one does."""
    for configuration in place.configurations:
        guarded: dict[str, list[str]] = {}
        for route in place.guarding(configuration):
            if route.authorization in _UNGUARDED or not place.somebody_reaches(route.key):
                continue
            if route.authorizer_id in configuration.authorizers:
                guarded.setdefault(str(route.authorizer_id), []).append(route.key)
            else:
                yield Unclear(why=f"which authorizer guards {route.key} was not read")
        for authorizer_id, routes in guarded.items():
            yield Attached(
                authorizer=configuration.authorizers[authorizer_id],
                routes=tuple(routes),
                configuration=configuration,
            )


def has_nobody_to_ask(given: RuleInput, authorizer: Authorizer) -> bool:
    """Whether its function is known to be gone: then every call fails, and what it would decide or
    keep is no question. That it is gone is a finding of its own."""
    function = given.snapshot.functions.get(authorizer.function_arn or "")
    return function is not None and function.exists is False


def at_each_authorizer(
    given: RuleInput, look: Callable[[Place, Attached], Iterator[Flaw | Unclear]]
) -> Iterator[Problem | CannotTell]:
    """What `look` finds of the authorizers that guard something, place by place."""

    def look_at(place: Place) -> Iterator[Flaw | Unclear]:
        for one in attached(place):
            if isinstance(one, Unclear):
                yield one
            else:
                yield from look(place, one)

    return at_each_place(given, look_at)
