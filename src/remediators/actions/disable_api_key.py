"""Disable an API key."""

from __future__ import annotations

from remediators.changes import step
from remediators.plan import Goal, Kind, ref
from remediators.situation import Action, Proposal, Refuse, Situation


def _propose(given: Situation) -> Proposal:
    plans = given.snapshot.usage_plans
    if plans is None:
        raise Refuse("nobody could read which keys the API has")
    keys = {key.key_id: key for plan in plans for key in plan.keys or ()}
    wanted = given.text("key")
    if not wanted and len(keys) == 1:
        wanted = next(iter(keys))
    if wanted not in keys:
        raise Refuse(f"give the parameter `key`, one of {', '.join(sorted(keys)) or 'none'}")
    image = given.image(Kind.API_KEY, wanted)
    if not image["enabled"]:
        raise Refuse(f"key {wanted} is disabled already")
    named = keys[wanted].name or wanted
    return Proposal(
        summary=f"disable API key {named}",
        goal=Goal.SETTING,
        steps=(
            step(
                ref(Kind.API_KEY, wanted),
                image,
                {**image, "enabled": False},
                key="key",
                title=f"disable API key {named}",
                undo=f"enable API key {named}",
            ),
        ),
        loses=(f"whoever holds the key {named}",),
        shared=tuple(
            f"API {one.api_id}, stage {one.stage}, by usage plan {plan.name or plan.plan_id}"
            for plan in plans
            if any(key.key_id == wanted for key in plan.keys or ())
            for one in plan.stages
            if one.api_id != given.api_id
        ),
        warnings=("AWS names a redeployment for changes of keys; in practice they act at once",),
    )


ACTION = Action(
    id="disable-api-key",
    title="Disable an API key",
    changes="Whether the key is enabled. The key and its plans stay.",
    blast="Every API and stage of every usage plan that the key is in.",
    at_once="Within minutes.",
    idempotence="Disabling it again changes nothing.",
    refuses=("The key is none of the API's, or is disabled already."),
    inverse="The key is enabled again.",
    writes=("apigateway:UpdateApiKey",),
    parameters={"key": "id of the key; may be left out where the API has one only"},
    propose=_propose,
)
