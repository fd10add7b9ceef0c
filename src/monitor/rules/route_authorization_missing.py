"""A route asks for no authorization, and only where it can be reached from protects it."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.access import RouteAccess, Scope
from monitor.model.api import ApiType, AuthorizationType, Route, Stage
from monitor.model.behind import IntegrationKind
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, routes_where, saw

ID = "route-authorization-missing"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    wanted = _wanted(given)
    for stage in given.snapshot.stages:
        told = _told_by_others(given, stage)

        def lacks(route: Route, told: frozenset[str] = told) -> bool | None:
            if _is_exempt(given.snapshot.api_type, route) or route.key in told:
                return False
            if route.authorization is None:
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


def _told_by_others(given: RuleInput, stage: Stage) -> frozenset[str]:
    """Routes that anyone can call are told, or allowed, by `access-exceeds-policy`; those that
    nobody can call need no guard."""
    judged = given.access_of(stage.name)
    doors: dict[str, list[RouteAccess]] = {}
    for one in (*judged.live_routes, *judged.draft_routes) if judged else ():
        doors.setdefault(one.route, []).append(one)
    return frozenset(
        key
        for key, ways in doors.items()
        if any(way.access.scope.is_public for way in ways)
        or all(way.access.scope is Scope.NOBODY for way in ways)
    )


def _is_exempt(api_type: ApiType, route: Route) -> bool:
    """Only $connect of a WebSocket API can ask who calls. A preflight request carries nothing by
    which one could, and is harmless where the gateway itself answers it."""
    if api_type is ApiType.WEBSOCKET:
        return route.key != "$connect"
    behind = route.integration
    return route.method == "OPTIONS" and behind is not None and behind.kind is IntegrationKind.MOCK


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
