"""Point the stage back at the newest earlier deployment that is proven compliant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.access.kept_export import distinct
from monitor.model.api import ApiType, Configuration
from remediators.changes import step
from remediators.plan import Goal, Image, Kind, Step, ref
from remediators.predict import predicted
from remediators.publishing import flushes
from remediators.situation import Action, Proposal, Refuse, Situation

MAX_TRIED = 50
"""Deployments that are tried, the newest first."""


def _propose(given: Situation) -> Proposal:
    stage = given.stage
    if stage.auto_deploy:
        raise Refuse(f"stage {stage.name} deploys itself: it serves no deployment of your choice")
    if given.snapshot.api_type is ApiType.WEBSOCKET:
        raise Refuse("AWS shows nobody what an earlier deployment of a WebSocket API serves")
    image = given.image(Kind.REST_STAGE if given.is_rest else Kind.V2_STAGE, *_ids(given))
    tried: list[str] = []
    for deployment, served in _candidates(given):
        proposed = _pointed(given, image, deployment)
        after = predicted(given.snapshot, [proposed], {deployment["id"]: served})
        judged = given.judge(after)
        if judged.compliant:
            return _proposal(given, deployment, served, proposed, skipped=len(tried))
        tried.append(judged.because)
    raise Refuse(
        f"none of {len(tried)} earlier deployments is compliant; the newest: {tried[0]}"
        if tried
        else "no earlier deployment can be proven compliant: what one serves is known only if "
        "Gatewatch looked at the API while it was live"
    )


def _ids(given: Situation) -> tuple[str, str]:
    return given.api_id, given.stage.name


def _candidates(given: Situation) -> Iterator[tuple[Image, Configuration]]:
    """Earlier deployments whose export was kept, the newest first, with what they served. Of the
    policy that is what was seen while they were live; whether it comes back, only a look tells."""
    kind = Kind.REST_DEPLOYMENTS if given.is_rest else Kind.V2_DEPLOYMENTS
    listed: list[dict[str, Any]] = given.image(kind, given.api_id)["deployments"]
    live = next((one for one in listed if one["id"] == given.stage.deployment_id), None)
    if live is None:
        raise Refuse("AWS does not list the deployment that the stage serves")
    # AWS counts whole seconds: of the same one is as good as earlier, since each is proven anyway.
    earlier = [one for one in listed if one["created"] <= live["created"] and one is not live]
    for one in sorted(earlier, key=lambda each: str(each["created"]), reverse=True)[:MAX_TRIED]:
        kept = given.kept_export(one["id"])
        if kept is not None:
            yield {**one, "looked at once": not kept.is_confirmed}, kept.configuration


def _pointed(given: Situation, image: Image, deployment: Image) -> Step:
    api, stage = _ids(given)
    kind = Kind.REST_STAGE if given.is_rest else Kind.V2_STAGE
    member = "deploymentId" if given.is_rest else "DeploymentId"
    return step(
        ref(kind, api, stage),
        image,
        {**image, member: deployment["id"]},
        key="stage",
        title=f"point stage {stage} back at deployment {deployment['id']}",
        undo=f"point it at deployment {image.get(member)} again",
    )


def _proposal(
    given: Situation, deployment: Image, served: Configuration, proposed: Step, *, skipped: int
) -> Proposal:
    warnings = [*_taken_back(given, served), *_policy_caveat(given, served)]
    if deployment["looked at once"]:
        warnings.append(
            "Gatewatch looked at that deployment only once; the look afterwards decides whether it "
            "serves what was seen, and if not the plan is rolled back"
        )
    if skipped:
        warnings.append(
            f"{skipped} newer deployments are not compliant either, and are passed over"
        )
    if given.stage.canary_deployment_id is not None:
        warnings.append("the canary goes on serving its own deployment")
    when = str(deployment["created"])[:16].replace("T", " ")
    return Proposal(
        summary=f"point stage {given.stage.name} back at deployment {deployment['id']} of {when}",
        goal=Goal.COMPLIANT,
        steps=(proposed, *flushes(given)),
        serves={deployment["id"]: served},
        warnings=tuple(warnings),
        loses=("whoever calls what was deployed since",),
    )


def _taken_back(given: Situation, served: Configuration) -> Iterator[str]:
    """What else the stage loses with the newer deployment."""
    now = {one.key: one for one in given.live.routes or ()}
    then = {one.key: one for one in served.routes or ()}
    if gone := sorted(now.keys() - then.keys()):
        yield f"routes that are taken away: {', '.join(gone)}"
    if back := sorted(then.keys() - now.keys()):
        yield f"routes that come back: {', '.join(back)}"
    yield "integrations, models and mappings go back to that deployment as well"


def _policy_caveat(given: Situation, served: Configuration) -> Iterator[str]:
    if given.is_rest and distinct(served.policies) != distinct(given.live.policies):
        yield (
            "AWS does not say that a deployment carries its resource policy back: the plan counts "
            "on it, the look afterwards decides, and if it is not so the plan is rolled back"
        )


ACTION = Action(
    id="rollback-stage",
    title="Point the stage back at its last compliant deployment",
    changes="The deployment that the stage serves. The draft stays as it is.",
    blast="Every route of the stage: all that was deployed since is taken back with the hole.",
    at_once="Yes; no new deployment is made.",
    idempotence="Pointing a stage at the deployment it serves changes nothing.",
    refuses=(
        "No earlier deployment was looked at while it was live, or none is compliant; "
        "the stage deploys itself; the API is a WebSocket API."
    ),
    inverse="The stage is pointed at the deployment it served before.",
    writes=(
        "apigateway:UpdateStage",
        "apigatewayv2:UpdateStage",
        "apigateway:FlushStageAuthorizersCache",
    ),
    propose=_propose,
)
