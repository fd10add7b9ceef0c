"""Forget what authorizers answered before."""

from __future__ import annotations

from remediators.changes import flush
from remediators.plan import Goal, Kind, ref
from remediators.situation import Action, Proposal, Situation


def _propose(given: Situation) -> Proposal:
    stage = given.stage.name
    kind = Kind.REST_CACHE if given.is_rest else Kind.V2_CACHE
    title = f"forget what authorizers of stage {stage} answered before"
    return Proposal(
        summary=title,
        goal=Goal.SETTING,
        steps=(flush(ref(kind, given.api_id, stage), key="flush", title=title),),
        warnings=("authorizers are asked anew for every caller, all at once",),
    )


ACTION = Action(
    id="flush-authorizer-cache",
    title="Forget what authorizers answered",
    changes="The cached answers of the stage's authorizers, which outlive a fix by up to an hour.",
    blast="No caller loses access that the authorizer still gives; its function is called more.",
    at_once="Yes.",
    idempotence="Doing it twice does no harm.",
    refuses=("The finding names no stage."),
    inverse="None is needed: the next request of each caller asks the authorizer again.",
    writes=("apigateway:FlushStageAuthorizersCache", "apigatewayv2:ResetAuthorizersCache"),
    propose=_propose,
)
