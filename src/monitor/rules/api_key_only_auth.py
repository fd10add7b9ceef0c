"""An API key is all that a route on the internet asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.model.access import RouteAccess, Scope
from monitor.model.api import Stage
from monitor.model.callers import CallerBox, CallerNetwork, Credential, PrincipalKind
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

ID = "api-key-only-auth"

_KEY = frozenset({Credential.API_KEY})


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    for stage in given.snapshot.stages:
        judged = given.access_of(stage.name)
        if judged is None or judged.live.scope is Scope.UNKNOWN:
            yield CannotTell(why="access cannot be decided", stage=stage.name, live=True)
        if judged is None:
            continue
        now = _by_key_alone(given, stage, judged.live_routes)
        if now:
            yield _problem(stage, now, live=True)
        if judged.draft is None or judged.draft.scope is Scope.UNKNOWN:
            yield CannotTell(why="access cannot be decided", stage=stage.name, live=False)
        next_ = _by_key_alone(given, stage, judged.draft_routes)
        if added := tuple(key for key in next_ if key not in now):
            yield _problem(stage, added, live=False)


def _by_key_alone(given: RuleInput, stage: Stage, ways: Iterable[RouteAccess]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            way.route
            for way in ways
            if way.access.source_cidrs is None
            and any(map(_is_anybody_with_a_key, way.callers.boxes))
            and not _is_meant(given, stage, way)
        )
    )


def _is_anybody_with_a_key(box: CallerBox) -> bool:
    return (
        box.credentials == _KEY
        and box.network is CallerNetwork.INTERNET
        and any(one.kind is PrincipalKind.ANONYMOUS for one in box.principals)
    )


def _is_meant(given: RuleInput, stage: Stage, way: RouteAccess) -> bool:
    """Where the org policy allows all of them by name, the key only meters."""
    allowed = given.bound_of(stage.name, way.route).allowed
    return allowed is not None and way.callers.is_within(allowed) is None


def _problem(stage: Stage, keys: tuple[str, ...], *, live: bool) -> Problem:
    ask = "1 route asks" if len(keys) == 1 else f"{len(keys)} routes ask"
    return Problem(
        title=f"{ask} for an API key and nothing else (stage {stage.name})",
        stage=stage.name,
        live=live,
        routes=keys,
        because=(
            saw(f"stage {stage.name}", "authorization of these routes", "NONE"),
            saw(f"stage {stage.name}", "API key of these routes", "required"),
        ),
    )


RULE = Rule(
    id=ID,
    title="An API key is the only authorization",
    severity=Severity.MEDIUM,
    attacker_view=(
        "Takes the key out of an app, a log or a repository, and is every one of its holders until "
        "somebody notices."
    ),
    fix=(
        "Ask for authorization beside the key: AWS_IAM, a token or a function. AWS says that keys "
        "meter and do not authorize."
    ),
    check=_check,
    rests_on=frozenset(
        {Unknown.LIVE_ROUTES, Unknown.LIVE_GUARDS, Unknown.CANARY, Unknown.DRAFT_ROUTES}
    ),
    controls=("NIST 800-53 IA-2", "NIST 800-53 AC-3"),
    remediations=("require-authorization", "restrict-policy"),
)
