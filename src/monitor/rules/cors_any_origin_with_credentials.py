"""Pages of any origin may call with the credentials of who looks at them, and read the answer."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

ID = "cors-any-origin-with-credentials"

_ANY_ORIGIN = frozenset({"*", "https://*", "http://*"})


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    yield from _of_http_api(given)
    for stage in given.snapshot.stages:
        ids = [one for one in (stage.deployment_id, stage.canary_deployment_id) if one]
        served = [given.snapshot.deployments.get(one) for one in ids]
        reflecting = sorted({name for one in served if one for name in one.reflects_origin})
        if reflecting:
            yield Problem(
                title=f"errors of stage {stage.name} can be read by pages of any origin",
                severity=Severity.LOW,
                stage=stage.name,
                because=tuple(
                    saw(
                        f"gateway response {name}", "allowed origin", "the caller's, whatever it is"
                    )
                    for name in reflecting
                ),
            )
        if None in served:
            yield CannotTell(why="what it serves is not known", stage=stage.name, live=True)


def _of_http_api(given: RuleInput) -> Iterator[Problem | CannotTell]:
    cors = given.snapshot.cors
    stages = given.snapshot.stages
    # The settings are those of the draft, which other stages serve from their next deployment on.
    follows = any(stage.auto_deploy for stage in stages)
    if cors is None or not cors.allow_credentials or not _ANY_ORIGIN & set(cors.allow_origins):
        return
    if not follows:
        yield CannotTell(why="the deployed CORS settings are not shown", live=True)
    yield Problem(
        title="pages of any origin may call with the credentials of who looks at them",
        live=follows,
        because=(
            saw("CORS", "allowed origins", ", ".join(cors.allow_origins)),
            saw("CORS", "credentials", "allowed"),
        ),
    )


RULE = Rule(
    id=ID,
    title="Pages of any origin may use a visitor's credentials",
    severity=Severity.MEDIUM,
    attacker_view=(
        "Lures a user onto a page that calls the API with that user's cookies or certificate, and "
        "reads the answers."
    ),
    fix="Name the origins that may call, or allow no credentials.",
    check=_check,
    rests_on=frozenset({Unknown.LIVE_ROUTES, Unknown.LIVE_GUARDS, Unknown.CANARY}),
    controls=("NIST 800-53 AC-4", "PCI DSS v4.0.1 6.2.4"),
)
