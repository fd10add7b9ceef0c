"""Write an execution log of what fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remediators.changes import step
from remediators.plan import Goal, Kind, ref
from remediators.situation import Action, Proposal, Refuse, Situation

ALL = "*/*"


def _propose(given: Situation) -> Proposal:
    if not given.is_rest:
        raise Refuse("only stages of REST APIs are given an execution log here")
    account = given.snapshot.account
    if account is None or not account.log_role:
        raise Refuse("API Gateway has no role in this region that may write to CloudWatch Logs")
    stage = given.stage.name
    image = given.image(Kind.REST_STAGE, given.api_id, stage)
    settings: Mapping[str, Mapping[str, Any]] = image.get("methodSettings") or {}
    silent = [one for one in dict.fromkeys((ALL, *settings)) if not _logs(settings.get(one) or {})]
    if not silent:
        raise Refuse(f"stage {stage} writes an execution log already")
    after = {
        **settings,
        **{one: {**(settings.get(one) or {}), "loggingLevel": "ERROR"} for one in silent},
    }
    return Proposal(
        summary=f"write an execution log of stage {stage}",
        goal=Goal.SETTING,
        steps=(
            step(
                ref(Kind.REST_STAGE, given.api_id, stage),
                image,
                {**image, "methodSettings": after},
                key="stage",
                title=f"log errors of stage {stage}",
                undo="set the log levels to what they were",
            ),
        ),
    )


def _logs(settings: Mapping[str, Any]) -> bool:
    return bool(settings.get("loggingLevel", "OFF") != "OFF")


ACTION = Action(
    id="enable-execution-logging",
    title="Write an execution log",
    changes="The log level of every method pattern that has none, to ERROR. Bodies are not logged.",
    blast="No caller notices. CloudWatch Logs costs by volume.",
    at_once="Yes.",
    idempotence="Setting it again changes nothing.",
    refuses=(
        "API Gateway has no role in the region that may write to CloudWatch Logs; the "
        "stage logs already."
    ),
    inverse="Each log level is set to what it was.",
    writes=("apigateway:UpdateStage",),
    propose=_propose,
)
