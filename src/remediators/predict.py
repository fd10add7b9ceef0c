"""The snapshot of an API as it would be after a plan's steps, so that the engine can judge it
before anything is done. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from monitor.model.api import (
    ApiSnapshot,
    AuthorizationType,
    Configuration,
    PolicySource,
    ResourcePolicy,
    Route,
    Stage,
    WebAcl,
)
from remediators.plan import Image, Kind, Step


def predicted(
    snapshot: ApiSnapshot,
    steps: Iterable[Step],
    serves: Mapping[str, Configuration],
    web_acl: WebAcl | None = None,
) -> ApiSnapshot:
    """`serves`: what further deployments serve; `web_acl`: what a web ACL that is attached lets
    pass. What no access depends on changes nothing."""
    snapshot = replace(snapshot, deployments={**serves, **snapshot.deployments})
    for step in steps:
        apply = _EFFECTS.get(step.object.kind)
        if apply is not None:
            snapshot = apply(snapshot, step)
        elif step.object.kind is Kind.WEB_ACL_ASSOCIATION:
            snapshot = _attached(snapshot, step, web_acl)
    return snapshot


def _rest_stage(snapshot: ApiSnapshot, step: Step) -> ApiSnapshot:
    deployment = (step.after or {}).get("deploymentId")
    return _with_stage(snapshot, step.object.ids[1], lambda one: _serving(one, deployment))


def _v2_stage(snapshot: ApiSnapshot, step: Step) -> ApiSnapshot:
    deployment = (step.after or {}).get("DeploymentId")
    return _with_stage(snapshot, step.object.ids[1], lambda one: _serving(one, deployment))


def _serving(stage: Stage, deployment: Any) -> Stage:
    # A stage that deploys itself goes by a name of our own where AWS told no id.
    if stage.auto_deploy or not deployment:
        return stage
    return replace(stage, deployment_id=str(deployment))


def _rest_deployment(snapshot: ApiSnapshot, step: Step) -> ApiSnapshot:
    """A new deployment serves the draft as the steps before have left it."""
    if snapshot.draft is None:
        return snapshot
    made = {f"${{{step.key}.id}}": snapshot.draft}
    return replace(snapshot, deployments={**snapshot.deployments, **made})


def _rest_api(snapshot: ApiSnapshot, step: Step) -> ApiSnapshot:
    after: Image = step.after or {}
    saved = ResourcePolicy(text=after.get("policy") or None, source=PolicySource.SAVED)
    draft = replace(snapshot.draft, policies=(saved,)) if snapshot.draft else None
    disabled = bool(after.get("disableExecuteApiEndpoint"))
    return replace(snapshot, draft=draft, disable_default_endpoint=disabled)


def _v2_api(snapshot: ApiSnapshot, step: Step) -> ApiSnapshot:
    disabled = bool((step.after or {}).get("DisableExecuteApiEndpoint"))
    return replace(snapshot, disable_default_endpoint=disabled)


def _rest_method(snapshot: ApiSnapshot, step: Step) -> ApiSnapshot:
    after: Image = step.after or {}
    return replace(snapshot, draft=_with_guard(snapshot.draft, str(after.get("route")), after))


def _v2_route(snapshot: ApiSnapshot, step: Step) -> ApiSnapshot:
    after: Image = step.after or {}
    given = {name[:1].lower() + name[1:]: value for name, value in after.items()}
    key = str(after.get("RouteKey"))
    follows = {one.deployment_id for one in snapshot.stages if one.auto_deploy}
    deployments = {
        name: (_with_guard(served, key, given) or served) if name in follows else served
        for name, served in snapshot.deployments.items()
    }
    draft = _with_guard(snapshot.draft, key, given)
    return replace(snapshot, draft=draft, deployments=deployments)


def _with_guard(
    configuration: Configuration | None, key: str, given: Mapping[str, Any]
) -> Configuration | None:
    if configuration is None or configuration.routes is None:
        return configuration
    routes = tuple(_guarded(one, given) if one.key == key else one for one in configuration.routes)
    return replace(configuration, routes=routes)


def _guarded(route: Route, given: Mapping[str, Any]) -> Route:
    return replace(
        route,
        authorization=AuthorizationType(given["authorizationType"]),
        authorizer_id=given.get("authorizerId") or None,
        api_key_required=bool(given.get("apiKeyRequired", route.api_key_required)),
        scopes=tuple(given.get("authorizationScopes") or ()),
    )


def _vpc_endpoint(snapshot: ApiSnapshot, step: Step) -> ApiSnapshot:
    text = (step.after or {}).get("PolicyDocument")
    policy = ResourcePolicy(text=text, source=PolicySource.VPC_ENDPOINT)
    return replace(
        snapshot,
        vpc_endpoints=tuple(
            replace(one, policy=policy) if one.vpc_endpoint_id == step.object.ids[0] else one
            for one in snapshot.vpc_endpoints or ()
        ),
    )


def _attached(snapshot: ApiSnapshot, step: Step, web_acl: WebAcl | None) -> ApiSnapshot:
    name = step.object.ids[0].rpartition("/")[2]
    arn = str((step.after or {}).get("WebACLArn"))
    return _with_stage(snapshot, name, lambda one: replace(one, web_acl_arn=arn, web_acl=web_acl))


def _with_stage(snapshot: ApiSnapshot, name: str, change: Callable[[Stage], Stage]) -> ApiSnapshot:
    stages = tuple(change(one) if one.name == name else one for one in snapshot.stages)
    return replace(snapshot, stages=stages)


_EFFECTS: Mapping[Kind, Callable[[ApiSnapshot, Step], ApiSnapshot]] = {
    Kind.REST_API: _rest_api,
    Kind.REST_STAGE: _rest_stage,
    Kind.REST_METHOD: _rest_method,
    Kind.REST_DEPLOYMENT: _rest_deployment,
    Kind.V2_API: _v2_api,
    Kind.V2_STAGE: _v2_stage,
    Kind.V2_ROUTE: _v2_route,
    Kind.VPC_ENDPOINT: _vpc_endpoint,
}
