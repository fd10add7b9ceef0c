"""A route asks for no authorization, and only where it can be reached from protects it."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import RouteAccess, Scope
from monitor.model.api import ApiType, AuthorizationType, Route, Stage
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, routes_where, saw

ID = "route-authorization-missing"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    wanted = _wanted(given)
    for stage in given.snapshot.stages:
        told, undecided = _told_by_others(given, stage)

        def lacks(
            route: Route,
            told: frozenset[str] = told,
            undecided: frozenset[str] = undecided,
        ) -> bool | None:
            if _is_exempt(given.snapshot.api_type, route) or route.key in told:
                return False
            if route.authorization is None or route.key in undecided:
                return None
            if wanted:
                return route.authorization.value not in wanted
            return route.authorization is AuthorizationType.NONE and not route.api_key_required

        for found in routes_where(given, stage, lacks):
            if isinstance(found, CannotTell):
                yield found
            else:
                yield _problem(stage, *found, wanted)


def _wanted(given: RuleInput) -> tuple[str, ...]:
    value = given.parameters["authorization_types"]
    return value if isinstance(value, tuple) else ()


def _told_by_others(given: RuleInput, stage: Stage) -> tuple[frozenset[str], frozenset[str]]:
    """The routes of which others speak, and those of which it is not known who can call them.

    What anyone can call is told, or allowed, by `access-exceeds-policy`; what nobody can call, or
    nobody but those whom the org policy names, needs no other guard.
    """
    judged = given.access_of(stage.name)
    doors: dict[str, list[RouteAccess]] = {}
    for one in (*judged.live_routes, *judged.draft_routes) if judged else ():
        doors.setdefault(one.route, []).append(one)
    told = frozenset(
        key
        for key, ways in doors.items()
        if any(way.access.scope.is_public for way in ways)
        or all(_is_nobody_or_meant(given, stage, way) for way in ways)
    )
    unknown = {
        key for key, ways in doors.items() if any(way.access.scope is Scope.UNKNOWN for way in ways)
    }
    return told, frozenset(unknown - told)


def _is_nobody_or_meant(given: RuleInput, stage: Stage, way: RouteAccess) -> bool:
    if way.access.scope is Scope.NOBODY:
        return True
    allowed = given.bound_of(stage.name, way.route).allowed
    return (
        allowed is not None
        and way.access.scope is not Scope.UNKNOWN
        and way.callers.is_within(allowed) is None
    )


def _is_exempt(api_type: ApiType, route: Route) -> bool:
    """Only $connect of a WebSocket API can ask who calls. A preflight request carries nothing by
    which one could, and is harmless where the gateway itself answers it."""
    if api_type is ApiType.WEBSOCKET:
        return route.key != "$connect"
    return route.answers_preflight


def _problem(stage: Stage, live: bool, keys: tuple[str, ...], wanted: tuple[str, ...]) -> Problem:
    how_many = f"{len(keys)} route{'s' if len(keys) != 1 else ''}"
    lack = f"other than {' or '.join(wanted)}" if wanted else "missing"
    return Problem(
        title=f"authorization of {how_many} of stage {stage.name} is {lack}",
        stage=stage.name,
        live=live,
        routes=keys,
        because=tuple(saw(f"stage {stage.name}, {key}", "authorization", lack) for key in keys),
    )


RULE = Rule(
    id=ID,
    title="A route asks for no authorization",
    severity=Severity.INFO,
    attacker_view="One foothold in the network that may reach the API is enough to call it.",
    fix="Give the route an authorization type: AWS_IAM, JWT, a user pool or a function.",
    check=_check,
    rests_on=frozenset({Unknown.LIVE_ROUTES, Unknown.CANARY, Unknown.DRAFT_ROUTES}),
    controls=(
        "FSBP APIGateway.8",
        "NIST 800-53 AC-3",
        "NIST 800-53 CM-2",
        "NIST 800-53 CM-2(2)",
    ),
    remediations=("require-authorization",),
    parameters={
        "authorization_types": Parameter(
            default=(),
            about=(
                "The authorization types that count (AWS_IAM, JWT, CUSTOM, COGNITO_USER_POOLS); "
                "empty: any of them."
            ),
        ),
    },
)
