"""Who can invoke an API: every door, stage and route, what is live and what is drafted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor.access.codes import Code
from monitor.access.doors import doors_to
from monitor.access.explain import sentence
from monitor.access.judge import Judge
from monitor.access.thresholds import Thresholds
from monitor.access.verdict import Verdict, nobody, undecided, united
from monitor.model.access import Access, ApiAccess, Reason, RouteAccess, StageAccess
from monitor.model.api import ApiSnapshot, Configuration, Stage

_DEFAULTS = Thresholds()


def decide(
    snapshot: ApiSnapshot, *, now: datetime, thresholds: Thresholds = _DEFAULTS
) -> ApiAccess:
    """Effective access to an API at `now`, stage by stage.

    Nothing outside the stated scope gets in. Where something was not read or is not documented, the
    answer is wider, or unknown; what is proven public stays so.
    """
    return ApiAccess(
        stages=tuple(_stage(snapshot, stage, now, thresholds) for stage in snapshot.stages)
    )


def _stage(
    snapshot: ApiSnapshot, stage: Stage, now: datetime, thresholds: Thresholds
) -> StageAccess:
    judge = Judge(snapshot, stage, now, thresholds)
    live, live_routes, canary_routes = _live(judge)
    draft, draft_routes = _draft(judge)
    return StageAccess(
        stage=stage.name,
        deployment_id=stage.deployment_id,
        live=live,
        live_routes=live_routes,
        canary_routes=canary_routes,
        draft=draft,
        draft_routes=draft_routes,
    )


def _live(judge: Judge) -> tuple[Access, tuple[RouteAccess, ...], tuple[RouteAccess, ...]]:
    """The union over the stage's deployment and its canary's, and the canary's part of it."""
    stage = judge.stage
    if stage.deployment_id is None and stage.canary_deployment_id is None:
        never = Reason(code=Code.NEVER_DEPLOYED, place=f"stage {stage.name}")
        return nobody(never).access, (), ()
    verdicts: list[Verdict] = []
    stable = _deployment(judge, stage.deployment_id, verdicts)
    canary = _deployment(judge, stage.canary_deployment_id, verdicts)
    live = united(verdicts).access
    if stage.canary_deployment_id is not None:
        live = replace(live, caveats=(*live.caveats, sentence(Reason(code=Code.CANARY))))
    return live, (*stable, *canary), canary


def _deployment(
    judge: Judge, deployment: str | None, verdicts: list[Verdict]
) -> tuple[RouteAccess, ...]:
    if deployment is None:
        return ()
    configuration = judge.snapshot.deployments.get(deployment)
    verdict, routes = _configuration(judge, configuration, f"deployment {deployment}")
    verdicts.append(verdict)
    return routes


def _draft(judge: Judge) -> tuple[Access | None, tuple[RouteAccess, ...]]:
    if judge.snapshot.draft is None:
        return None, ()
    verdict, routes = _configuration(judge, judge.snapshot.draft, "the draft")
    return verdict.access, routes


def _configuration(
    judge: Judge, configuration: Configuration | None, place: str
) -> tuple[Verdict, tuple[RouteAccess, ...]]:
    if configuration is None or configuration.routes is None:
        code = Code.CONFIGURATION_UNREAD if configuration is None else Code.ROUTES_UNREAD
        if not doors_to(judge.snapshot, judge.stage.name).open:
            return nobody(Reason(code=Code.NO_DOOR, place=place)), ()
        return undecided(Reason(code=code, place=place)), ()
    if not configuration.routes:
        return nobody(Reason(code=Code.NO_ROUTES, place=place)), ()
    judged = list(judge.routes(configuration))
    if not judged:
        return nobody(*judge.closed_doors()), ()
    return united([verdict for _, verdict in judged]), tuple(route for route, _ in judged)
