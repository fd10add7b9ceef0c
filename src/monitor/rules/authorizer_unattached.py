"""An authorizer guards nothing, while routes beside it ask for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import AuthorizationType, Configuration
from monitor.model.finding import Severity
from monitor.model.places import WHAT_IS_LIVE, Flaw, Place, Unclear, at_each_place
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    def look(place: Place) -> Iterator[Flaw | Unclear]:
        for configuration in place.configurations:
            open_routes = tuple(
                route.key
                for route in place.guarding(configuration)
                if route.authorization is AuthorizationType.NONE
                and not route.answers_preflight
                and _is_open(given, place, route.key)
            )
            if not open_routes:
                continue
            if not configuration.authorizers_read:
                yield Unclear(why="the authorizers were not read")
            for authorizer_id in _idle(place, configuration):
                name = configuration.authorizers[authorizer_id].name or authorizer_id
                yield Flaw(
                    title=f"authorizer {name} guards no route",
                    routes=open_routes,
                    because=(
                        saw(f"authorizer {name}", "guards", "nothing"),
                        *(saw(f"route {one}", "authorization", "NONE") for one in open_routes[:5]),
                    ),
                )

    yield from at_each_place(given, look)


def _idle(place: Place, configuration: Configuration) -> Iterator[str]:
    # On another route of a WebSocket API than $connect an authorizer is accepted and never asked.
    used = {one.authorizer_id for one in place.guarding(configuration)}
    unknown = any(
        one.authorizer_id is None
        and one.authorization not in (AuthorizationType.NONE, AuthorizationType.AWS_IAM)
        for one in configuration.routes or ()
    )
    if not unknown:
        yield from (one for one in configuration.authorizers if one not in used)


def _is_open(given: RuleInput, place: Place, route: str) -> bool:
    return any(
        access.access.public and not given.anyone_may(stage, route)
        for stage, access in place.accesses_to(route)
    )


RULE = Rule(
    id="authorizer-unattached",
    title="An authorizer guards no route",
    severity=Severity.LOW,
    attacker_view="Calls the routes that everybody believes to be guarded.",
    fix="Attach the authorizer to the routes that it is meant for and deploy, or delete it.",
    check=_check,
    rests_on=WHAT_IS_LIVE,
    controls=("NIST 800-53 AC-3", "NIST 800-53 CM-6"),
    remediations=("require-authorization",),
)
