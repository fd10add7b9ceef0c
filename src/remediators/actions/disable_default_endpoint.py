"""Close the default endpoint, so that callers come through the custom domains only."""

from __future__ import annotations

from remediators.changes import step, touch
from remediators.plan import Kind, Step, ref
from remediators.situation import Action, Proposal, Refuse, Situation


def _propose(given: Situation) -> Proposal:
    domains = given.snapshot.custom_domains
    if not domains:
        why = "could not be read" if domains is None else "are none"
        raise Refuse(f"there would be no way in any more: custom domains {why}")
    steps = _rest(given) if given.is_rest else _v2(given)
    names = ", ".join(one.domain_name for one in domains)
    return Proposal(
        summary="disable the default endpoint",
        goal=given.goal,
        steps=steps,
        routes=tuple(f"{given.stage.name} {one.key}" for one in given.live.routes or ()),
        loses=(f"whoever calls the default endpoint instead of {names}",),
        shared=tuple(
            f"stage {one.name} of this API"
            for one in given.snapshot.stages
            if one.name != given.stage.name
        ),
    )


def _rest(given: Situation) -> tuple[Step, ...]:
    target = ref(Kind.REST_API, given.api_id)
    image = given.image(target.kind, *target.ids)
    if image["disableExecuteApiEndpoint"]:
        raise Refuse("the default endpoint is disabled already")
    stage, deployment = given.stage.name, given.stage.deployment_id or ""
    edit = step(
        target,
        image,
        {**image, "disableExecuteApiEndpoint": True},
        key="api",
        title="disable the default endpoint",
        undo="enable the default endpoint",
        acts_at_once=False,
    )
    # The first one is there for its inverse: to undo has to be published, too.
    return (
        touch(given.api_id, stage, deployment, key="before"),
        edit,
        touch(given.api_id, stage, deployment, key="after"),
    )


def _v2(given: Situation) -> tuple[Step, ...]:
    if not given.stage.auto_deploy:
        raise Refuse(f"stage {given.stage.name} does not deploy itself, so it would not act")
    target = ref(Kind.V2_API, given.api_id)
    image = given.image(target.kind, *target.ids)
    if image["DisableExecuteApiEndpoint"]:
        raise Refuse("the default endpoint is disabled already")
    return (
        step(
            target,
            image,
            {**image, "DisableExecuteApiEndpoint": True},
            key="api",
            title="disable the default endpoint",
            undo="enable the default endpoint",
        ),
    )


ACTION = Action(
    id="disable-default-endpoint",
    title="Disable the default endpoint",
    changes="Whether the API answers on its execute-api hostname.",
    blast="Every stage and route, for whoever does not come through a custom domain.",
    at_once="REST: with the update of the stage that follows. HTTP and WebSocket: where the stage "
    "deploys itself.",
    idempotence="Setting it again changes nothing.",
    refuses=(
        "There is no custom domain, or nobody could read them: then nobody could call any more."
    ),
    inverse="The default endpoint is enabled, and that is published.",
    writes=("apigateway:UpdateRestApi", "apigateway:UpdateStage", "apigatewayv2:UpdateApi"),
    propose=_propose,
)
