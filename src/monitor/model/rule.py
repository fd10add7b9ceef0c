"""What a rule is: a declaration of itself and one pure function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from monitor.model.access import ApiAccess, Reason, RouteAccess, Scope, StageAccess
from monitor.model.api import ApiSnapshot, Route, Stage
from monitor.model.callers import EVERY_CALLER
from monitor.model.excess import CounterExample, excess_of
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.organization import Bound, Organization
from monitor.model.standing import ClassMove

ParameterValue = bool | int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value of a rule that the org policy may set. `about` says what it means, with its unit."""

    default: ParameterValue
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInput:
    """All that a rule may look at.

    `bounds`: what the org policy allows, by stage and route key; `bound` where none is named.
    `parameters`: those of the rule that is asked, its defaults included. `move`: what went to a
    class that allows more, and nobody agreed to yet.
    """

    snapshot: ApiSnapshot
    access: ApiAccess
    now: datetime
    bound: Bound
    bounds: Mapping[tuple[str, str], Bound] = field(default_factory=dict)
    organization: Organization = field(default_factory=Organization)
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    move: ClassMove | None = None

    def bound_of(self, stage: str, route: str) -> Bound:
        return self.bounds.get((stage, route), self.bound)

    def anyone_may(self, stage: str, route: str) -> bool:
        """Whether the org policy lets everybody in, so that no fence is missed."""
        return self.bound_of(stage, route).allowed == EVERY_CALLER

    def exceeds(self, stage: str, access: RouteAccess) -> bool:
        """Whether more callers get in than the org policy allows: that is a finding by itself."""
        return bool(excess_of((access,), partial(self.bound_of, stage)).exceeding)

    def access_of(self, stage: str) -> StageAccess | None:
        return next((one for one in self.access.stages if one.stage == stage), None)

    def routes_of(self, stage: Stage) -> tuple[Route, ...] | None:
        """What the stage serves now, its canary included; None = not known."""
        ids = [one for one in (stage.deployment_id, stage.canary_deployment_id) if one]
        served = [self.snapshot.deployments.get(one) for one in ids]
        if any(one is None or one.routes is None for one in served):
            return None
        return tuple(route for one in served if one for route in one.routes or ())

    def next_routes_of(self, stage: Stage) -> tuple[Route, ...] | None:
        """What the stage would serve after a deployment of the draft; none where it always follows
        the draft, None = not known."""
        if stage.auto_deploy:
            return ()
        return self.snapshot.draft.routes if self.snapshot.draft else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a rule found at one place: a stage, live or at the next deployment, its routes inside.
    A second problem at the same place is merged into the first.

    `stage` empty = the API as a whole. `severity` None = the rule's own, or one step less grave
    where it is not live; `scope` None = that of the place. `counter_example`: a caller who gets in,
    of whom a witness is made. `undecided`: the problem is that nobody can tell.
    """

    title: str
    stage: str = ""
    live: bool = True
    routes: tuple[str, ...] = ()
    because: tuple[Reason, ...] = ()
    severity: Severity | None = None
    scope: Scope | None = None
    counter_example: CounterExample | None = None
    caveats: tuple[str, ...] = ()
    policy_class: str = ""
    undecided: bool = False


def saw(place: str, setting: str, value: object) -> Reason:
    """One thing that a rule saw, as a link of its chain: `stage prod`: `access log` is `off`."""
    return Reason(code="setting", place=place, fields={"setting": setting, "value": str(value)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotTell:
    """A rule has no answer for a place, since what it rests on was not read or cannot be decided:
    what it found there earlier stays as it was. `live` None = live and draft; `stage` empty = all.
    """

    why: str
    stage: str = ""
    live: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`id` is also the name of its file and its docs page.

    `rests_on`: while one of these is not known, nothing that the rule found is resolved.
    `controls`: the controls of public frameworks that the rule serves (`FSBP APIGateway.1`,
    `NIST 800-53 AC-3`). `remediations`: ids of those that mend it. `on` False: only where the org
    policy turns it on.
    """

    id: str
    title: str
    severity: Severity
    attacker_view: str
    fix: str
    check: Callable[[RuleInput], Iterator[Problem | CannotTell]]
    rests_on: frozenset[Unknown] = frozenset()
    controls: tuple[str, ...] = ()
    remediations: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    on: bool = True


def routes_where(
    given: RuleInput, stage: Stage, holds: Callable[[Route], bool | None]
) -> Iterator[tuple[bool, tuple[str, ...]] | CannotTell]:
    """The keys of the routes of which `holds` is true: (True, those served now), then (False, those
    that the next deployment adds to them). `holds` None = it cannot be told of that route."""
    known: frozenset[str] = frozenset()
    for live, routes in ((True, given.routes_of(stage)), (False, given.next_routes_of(stage))):
        if routes is None:
            yield CannotTell(why="its routes are not known", stage=stage.name, live=live)
            continue
        answers = [(route.key, holds(route)) for route in routes]
        if any(answer is None for _, answer in answers):
            yield CannotTell(why="not told of every route", stage=stage.name, live=live)
        found = tuple(dict.fromkeys(key for key, yes in answers if yes and key not in known))
        if found:
            yield live, found
        known = frozenset(found)
