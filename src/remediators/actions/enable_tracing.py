"""Trace requests with X-Ray."""

from __future__ import annotations

from remediators.changes import step
from remediators.plan import Goal, Kind, ref
from remediators.situation import Action, Proposal, Refuse, Situation


def _propose(given: Situation) -> Proposal:
    if not given.is_rest:
        raise Refuse("API Gateway traces stages of REST APIs only")
    stage = given.stage.name
    image = given.image(Kind.REST_STAGE, given.api_id, stage)
    if image.get("tracingEnabled"):
        raise Refuse(f"stage {stage} is traced already")
    return Proposal(
        summary=f"trace stage {stage}",
        goal=Goal.SETTING,
        steps=(
            step(
                ref(Kind.REST_STAGE, given.api_id, stage),
                image,
                {**image, "tracingEnabled": True},
                key="stage",
                title=f"trace stage {stage} with X-Ray",
                undo="do not trace it",
            ),
        ),
    )


ACTION = Action(
    id="enable-tracing",
    title="Trace requests with X-Ray",
    changes="Whether the stage is traced.",
    blast="No caller notices. X-Ray costs by trace.",
    at_once="Yes.",
    idempotence="Setting it again changes nothing.",
    refuses=("The stage is traced already; the API is no REST API."),
    inverse="Tracing is switched off.",
    writes=("apigateway:UpdateStage",),
    propose=_propose,
)
