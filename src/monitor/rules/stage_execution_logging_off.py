"""A stage of a REST or WebSocket API writes no execution log, for some of its routes or for all."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import ApiType, Stage
from monitor.model.behind import MethodSettings
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

ID = "stage-execution-logging-off"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    if given.snapshot.api_type is ApiType.HTTP:
        return  # AWS writes none for HTTP APIs
    for stage in given.snapshot.stages:
        yield from _of_stage(given, stage)


def _of_stage(given: RuleInput, stage: Stage) -> Iterator[Problem | CannotTell]:
    routes = given.routes_of(stage)
    if routes is None:
        answers = {_logs(settings) for settings in stage.settings.values()}
        if True in answers:
            yield CannotTell(why="its routes are not known", stage=stage.name)
        else:
            yield _problem(stage, f"stage {stage.name} writes no execution log", ())
        return
    real = [route for route in routes if not route.answers_preflight]
    silent = tuple(
        dict.fromkeys(route.key for route in real if not _logs(stage.settings_of(route)))
    )
    if silent:
        how_many = "no execution log"
        if len(silent) < len({route.key for route in real}):
            how_many += f" for {len(silent)} of its routes"
        yield _problem(stage, f"stage {stage.name} writes {how_many}", silent)
    elif real and given.snapshot.account is None:
        yield CannotTell(why="the account's settings were not read", stage=stage.name)
    elif real and given.snapshot.account and not given.snapshot.account.log_role:
        title = f"stage {stage.name} cannot write its execution log: the account names no role"
        yield _problem(stage, title, ())


def _logs(settings: MethodSettings) -> bool:
    return settings.logging_level in ("ERROR", "INFO")


def _problem(stage: Stage, title: str, routes: tuple[str, ...]) -> Problem:
    return Problem(
        title=title,
        stage=stage.name,
        routes=routes,
        because=tuple(
            saw(f"stage {stage.name}, settings {pattern}", "logging level", one.logging_level)
            for pattern, one in sorted(stage.settings.items())
        ),
    )


RULE = Rule(
    id=ID,
    title="A stage writes no execution log",
    severity=Severity.INFO,
    attacker_view="What was tried against authorizers and backends leaves no trace.",
    fix=(
        "Set the stage's logging level to ERROR, for all methods and for each that has settings of "
        "its own, and give the account a role for CloudWatch Logs. HTTP APIs have no such log."
    ),
    check=_check,
    rests_on=frozenset({Unknown.LIVE_ROUTES, Unknown.OTHER}),
    controls=(
        "FSBP APIGateway.1",
        "NIST 800-53 AC-4(26)",
        "NIST 800-53 AU-10",
        "NIST 800-53 AU-12",
        "NIST 800-53 AU-2",
        "NIST 800-53 AU-3",
        "NIST 800-53 AU-6(3)",
        "NIST 800-53 AU-6(4)",
        "NIST 800-53 CA-7",
        "NIST 800-53 SC-7(9)",
        "NIST 800-53 SI-7(8)",
    ),
    remediations=("enable-execution-logging",),
)
