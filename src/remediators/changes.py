"""Before-image and after-image of an object -> the one call that makes the difference. Pure.

Sources: API Gateway API reference, "Patch operations" (the paths that UpdateStage, UpdateMethod,
UpdateRestApi, UpdateUsagePlan, UpdateApiKey and UpdateDomainName take); API Gateway v2, Cognito,
EC2 and WAFv2 API references, the operation of each name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from remediators.plan import (
    Call,
    Image,
    Inverse,
    Kind,
    ObjectRef,
    Step,
    changed_paths,
)

Patch = dict[str, str]

METHOD_SETTINGS = {
    "throttlingRateLimit": "throttling/rateLimit",
    "throttlingBurstLimit": "throttling/burstLimit",
    "loggingLevel": "logging/loglevel",
    "dataTraceEnabled": "logging/dataTrace",
    "metricsEnabled": "metrics/enabled",
    "cachingEnabled": "caching/enabled",
    "cacheTtlInSeconds": "caching/ttlInSeconds",
    "cacheDataEncrypted": "caching/dataEncrypted",
    "requireAuthorizationForCacheControl": "caching/requireAuthorizationForCacheControl",
    "unauthorizedCacheControlHeaderStrategy": "caching/unauthorizedCacheControlHeaderStrategy",
}
"""Member of a MethodSetting -> its path below `/PATTERN`."""

NO_LIMIT = "-1"


class CannotWrite(ValueError):
    """No single call leads from one image to the other."""


def step(
    target: ObjectRef,
    before: Image | None,
    after: Image | None,
    *,
    key: str,
    title: str,
    undo: str,
    acts_at_once: bool = True,
) -> Step:
    """Raises CannotWrite."""
    return Step(
        key=key,
        title=title,
        object=target,
        before=before,
        after=after,
        call=call(target, before, after, key),
        inverse=Inverse(title=undo, call=call(target, after, before, key)),
        acts_at_once=acts_at_once,
        whole=target.kind in _WHOLE,
    )


def flush(target: ObjectRef, *, key: str, title: str) -> Step:
    """What is forgotten cannot be brought back, and need not be: the next request asks again."""
    api, stage = target.ids
    if target.kind is Kind.REST_CACHE:
        made = Call(
            operation="apigateway:FlushStageAuthorizersCache",
            arguments={"restApiId": api, "stageName": stage},
        )
    else:
        made = Call(
            operation="apigatewayv2:ResetAuthorizersCache",
            arguments={"ApiId": api, "StageName": stage},
        )
    return Step(
        key=key,
        title=title,
        object=target,
        before={},
        after={},
        call=made,
        inverse=None,
        repeatable=True,
    )


def touch(api: str, stage: str, deployment: str, *, key: str) -> Step:
    """Point a stage at the deployment it serves: like every update of a stage it publishes a change
    of the default endpoint, and nothing else."""
    made = _patched(
        "UpdateStage",
        {"restApiId": api, "stageName": stage},
        [_replace("/deploymentId", deployment)],
    )
    title = f"update stage {stage}, which publishes a change of the default endpoint"
    return Step(
        key=key,
        title=title,
        object=ObjectRef(Kind.REST_STAGE, (api, stage)),
        before={},
        after={},
        call=made,
        inverse=Inverse(title=title, call=made),
        repeatable=True,
    )


def call(target: ObjectRef, before: Image | None, after: Image | None, key: str) -> Call:
    """The call that leads from `before` to `after`. `key` names the step in references to what it
    made. Raises CannotWrite."""
    if before is None or after is None:
        writer = _MADE.get(target.kind)
        if writer is None or (before is None and after is None):
            raise CannotWrite(f"{target} is neither made nor deleted by a remedy")
        return writer(target, after, key)
    return _UPDATED[target.kind](target, before, after)


# --- REST APIs ----------------------------------------------------------------------------------


def _rest_stage(target: ObjectRef, before: Image, after: Image) -> Call:
    api, stage = target.ids
    patches: list[Patch] = []
    patches += (
        _replace(f"/{name}", after.get(name, False))
        for name in ("deploymentId", "tracingEnabled")
        if before.get(name) != after.get(name)
    )
    patches += _method_settings(before.get("methodSettings") or {}, after)
    patches += _access_log(before, after)
    return _patched("UpdateStage", {"restApiId": api, "stageName": stage}, patches)


def _method_settings(before: Mapping[str, Any], stage: Image) -> Iterator[Patch]:
    after: Mapping[str, Any] = stage.get("methodSettings") or {}
    for pattern in dict.fromkeys((*before, *after)):
        if pattern not in after:
            yield {"op": "remove", "path": f"/{pattern}"}
            continue
        old, new = before.get(pattern) or {}, after[pattern]
        for name, path in METHOD_SETTINGS.items():
            if name in new and old.get(name) != new[name]:
                yield _replace(f"/{pattern}/{path}", new[name])
            elif name in old and name not in new and name.startswith("throttling"):
                yield _replace(f"/{pattern}/{path}", NO_LIMIT)


def _access_log(before: Image, after: Image) -> Iterator[Patch]:
    old, new = before.get("accessLogSettings") or {}, after.get("accessLogSettings") or {}
    if old and not new:
        yield {"op": "remove", "path": "/accessLogSettings"}
        return
    for name in ("destinationArn", "format"):
        if old.get(name) != new.get(name):
            yield _replace(f"/accessLogSettings/{name}", new.get(name, ""))


def _rest_api(target: ObjectRef, before: Image, after: Image) -> Call:
    patches: list[Patch] = []
    if before.get("policy") != after.get("policy"):
        patches.append(_replace("/policy", after.get("policy") or ""))
    if before.get("disableExecuteApiEndpoint") != after.get("disableExecuteApiEndpoint"):
        patches.append(
            _replace("/disableExecuteApiEndpoint", bool(after.get("disableExecuteApiEndpoint")))
        )
    return _patched("UpdateRestApi", {"restApiId": target.ids[0]}, patches)


def _rest_method(target: ObjectRef, before: Image, after: Image) -> Call:
    api, resource, verb = target.ids
    patches = [
        _replace(f"/{name}", after.get(name, ""))
        for name in ("authorizationType", "authorizerId", "apiKeyRequired")
        if before.get(name) != after.get(name)
    ]
    old, new = before.get("authorizationScopes") or [], after.get("authorizationScopes") or []
    patches += [_scope("remove", one) for one in old if one not in new]
    patches += [_scope("add", one) for one in new if one not in old]
    where = {"restApiId": api, "resourceId": resource, "httpMethod": verb}
    return _patched("UpdateMethod", where, patches)


def _scope(op: str, scope: str) -> Patch:
    return {"op": op, "path": "/authorizationScopes", "value": scope}


def _rest_deployment(target: ObjectRef, after: Image | None, key: str) -> Call:
    api, mark = target.ids
    if after is not None:
        return Call(
            operation="apigateway:CreateDeployment",
            arguments={"restApiId": api, "description": mark},
        )
    return Call(
        operation="apigateway:DeleteDeployment",
        arguments={"restApiId": api, "deploymentId": f"${{{key}.id}}"},
    )


def _api_key(target: ObjectRef, before: Image, after: Image) -> Call:
    patches = [_replace("/enabled", after["enabled"])]
    if before["enabled"] == after["enabled"]:
        patches = []
    return _patched("UpdateApiKey", {"apiKey": target.ids[0]}, patches)


def _usage_plan(target: ObjectRef, before: Image, after: Image) -> Call:
    patches: list[Patch] = []
    old, new = before.get("throttle") or {}, after.get("throttle") or {}
    if old and not new:
        patches.append({"op": "remove", "path": "/throttle"})
    else:
        patches += [
            _replace(f"/throttle/{name}", new[name]) for name in new if old.get(name) != new[name]
        ]
    return _patched("UpdateUsagePlan", {"usagePlanId": target.ids[0]}, patches)


def _domain_name(target: ObjectRef, before: Image, after: Image) -> Call:
    patches = [_replace("/securityPolicy", after["securityPolicy"])]
    if before["securityPolicy"] == after["securityPolicy"]:
        patches = []
    return _patched("UpdateDomainName", {"domainName": target.ids[0]}, patches)


def _replace(path: str, value: object) -> Patch:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"op": "replace", "path": path, "value": text}


def _patched(operation: str, where: Mapping[str, Any], patches: list[Patch]) -> Call:
    if not patches:
        raise CannotWrite(f"{operation}: nothing to change")
    return Call(
        operation=f"apigateway:{operation}", arguments={**where, "patchOperations": patches}
    )


# --- HTTP and WebSocket APIs --------------------------------------------------------------------


def _v2_route(target: ObjectRef, before: Image, after: Image) -> Call:
    api, route = target.ids
    # What is left out of an update stays as it is, so what is to be gone is sent empty.
    empty: dict[str, Any] = {"AuthorizerId": "", "AuthorizationScopes": [], "ApiKeyRequired": False}
    given = {
        name: after.get(name, empty.get(name))
        for (name,) in changed_paths(before, after)
        if name in ("AuthorizationType", *empty)
    }
    return _updated("UpdateRoute", {"ApiId": api, "RouteId": route}, given)


def _v2_stage(target: ObjectRef, before: Image, after: Image) -> Call:
    api, stage = target.ids
    given: dict[str, Any] = {}
    for name in ("DeploymentId", "DefaultRouteSettings", "AccessLogSettings"):
        if before.get(name) != after.get(name):
            given[name] = after.get(name) or {}
    old, new = before.get("RouteSettings") or {}, after.get("RouteSettings") or {}
    if old != new:
        if any(route not in new for route in old):
            raise CannotWrite("route settings are removed one by one")
        given["RouteSettings"] = new
    return _updated("UpdateStage", {"ApiId": api, "StageName": stage}, given)


def _v2_api(target: ObjectRef, before: Image, after: Image) -> Call:
    name = "DisableExecuteApiEndpoint"
    given = {name: after[name]} if before[name] != after[name] else {}
    return _updated("UpdateApi", {"ApiId": target.ids[0]}, given)


def _updated(operation: str, where: Mapping[str, Any], given: Mapping[str, Any]) -> Call:
    if not given:
        raise CannotWrite(f"{operation}: nothing to change")
    return Call(operation=f"apigatewayv2:{operation}", arguments={**where, **given})


# --- what stands around an API ------------------------------------------------------------------


def _user_pool(target: ObjectRef, before: Image, after: Image) -> Call:  # noqa: ARG001
    # UpdateUserPool sets everything that is left out to its default, so all of it is sent.
    return Call(
        operation="cognito-idp:UpdateUserPool", arguments={"UserPoolId": target.ids[0], **after}
    )


def _vpc_endpoint(target: ObjectRef, before: Image, after: Image) -> Call:  # noqa: ARG001
    return Call(
        operation="ec2:ModifyVpcEndpoint",
        arguments={"VpcEndpointId": target.ids[0], "PolicyDocument": after["PolicyDocument"]},
    )


def _ip_set(target: ObjectRef, after: Image | None, key: str) -> Call:
    where = {"Name": target.ids[0], "Scope": "REGIONAL"}
    if after is None:
        return _deleted("wafv2:DeleteIPSet", where, key)
    given = {name: after[name] for name in ("IPAddressVersion", "Addresses", "Description")}
    return Call(operation="wafv2:CreateIPSet", arguments={**where, **given})


def _web_acl(target: ObjectRef, after: Image | None, key: str) -> Call:
    where = {"Name": target.ids[0], "Scope": "REGIONAL"}
    if after is None:
        return _deleted("wafv2:DeleteWebACL", where, key)
    given = {
        name: after[name] for name in ("DefaultAction", "Rules", "VisibilityConfig", "Description")
    }
    return Call(operation="wafv2:CreateWebACL", arguments={**where, **given})


def _deleted(operation: str, where: Mapping[str, Any], key: str) -> Call:
    return Call(
        operation=operation,
        arguments={**where, "Id": f"${{{key}.Id}}", "LockToken": f"${{{key}.LockToken}}"},
    )


def _web_acl_association(target: ObjectRef, after: Image | None, key: str) -> Call:  # noqa: ARG001
    stage = {"ResourceArn": target.ids[0]}
    if after is None:
        return Call(operation="wafv2:DisassociateWebACL", arguments=stage)
    return Call(
        operation="wafv2:AssociateWebACL", arguments={**stage, "WebACLArn": after["WebACLArn"]}
    )


_UPDATED: Mapping[Kind, Callable[[ObjectRef, Image, Image], Call]] = {
    Kind.REST_API: _rest_api,
    Kind.REST_STAGE: _rest_stage,
    Kind.REST_METHOD: _rest_method,
    Kind.V2_API: _v2_api,
    Kind.V2_STAGE: _v2_stage,
    Kind.V2_ROUTE: _v2_route,
    Kind.API_KEY: _api_key,
    Kind.USAGE_PLAN: _usage_plan,
    Kind.DOMAIN_NAME: _domain_name,
    Kind.USER_POOL: _user_pool,
    Kind.VPC_ENDPOINT: _vpc_endpoint,
}
_MADE: Mapping[Kind, Callable[[ObjectRef, Image | None, str], Call]] = {
    Kind.REST_DEPLOYMENT: _rest_deployment,
    Kind.IP_SET: _ip_set,
    Kind.WEB_ACL: _web_acl,
    Kind.WEB_ACL_ASSOCIATION: _web_acl_association,
}
_WHOLE = frozenset({Kind.USER_POOL, Kind.VPC_ENDPOINT})
