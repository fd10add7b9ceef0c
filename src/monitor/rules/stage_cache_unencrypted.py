"""A stage keeps answers in a cache that is not encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.api import ApiType, Route, Stage
from monitor.model.behind import MethodSettings
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Problem, Rule, RuleInput, saw

ID = "stage-cache-unencrypted"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    if given.snapshot.api_type is not ApiType.REST:
        return  # only REST APIs have a cache
    for stage in given.snapshot.stages:
        plain = {key: one for key, one in sorted(stage.settings.items()) if _is_plain(one)}
        if not stage.cache_cluster or not plain:
            continue
        routes = given.routes_of(stage)
        if routes is None:
            yield CannotTell(why="its routes are not known", stage=stage.name)
            continue
        cached = tuple(dict.fromkeys(r.key for r in routes if _is_cached_in_plain(stage, r)))
        if cached:
            yield Problem(
                title=f"stage {stage.name} caches answers without encryption",
                stage=stage.name,
                routes=cached,
                because=tuple(
                    saw(f"stage {stage.name}, settings {pattern}", "cache encryption", "off")
                    for pattern in plain
                ),
            )


def _is_plain(settings: MethodSettings) -> bool:
    return settings.caching and not settings.cache_encrypted


def _is_cached_in_plain(stage: Stage, route: Route) -> bool:
    """What the whole stage is set to cache is GET only.

    Source: API Gateway developer guide, "Cache settings for REST APIs".
    """
    settings = stage.settings_of(route)
    for_all = stage.settings.get("*/*") is settings
    return _is_plain(settings) and (route.method in ("GET", "ANY") or not for_all)


RULE = Rule(
    id=ID,
    title="A stage caches answers without encryption",
    severity=Severity.LOW,
    attacker_view="Answers meant for one caller lie readable on the disk of the cache.",
    fix="Encrypt the cache for all methods, and for each that has settings of its own.",
    check=_check,
    rests_on=frozenset({Unknown.LIVE_ROUTES}),
    controls=(
        "FSBP APIGateway.5",
        "NIST 800-53 CA-9(1)",
        "NIST 800-53 CM-3(6)",
        "NIST 800-53 SC-13",
        "NIST 800-53 SC-28",
        "NIST 800-53 SC-28(1)",
        "NIST 800-53 SC-7(10)",
        "NIST 800-53 SI-7(6)",
    ),
)
