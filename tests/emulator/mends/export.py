"""GetExport and apiSummary as AWS documents them, for what is deployed.

MiniStack's export lacks the resource policy and the security of AWS_IAM and Cognito methods, and
its apiSummary lacks authorizationType.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any

from mends import expect
from ministack.services import apigateway_v1 as v1

_GET_EXPORT = ("api_id", "stage_name", "export_type", "headers", "query_params")
_BUILD = ("api_id", "stage_name", "export_type", "include_integrations", "include_authorizers")
_SIGV4 = {
    "type": "apiKey",
    "name": "Authorization",
    "in": "header",
    "x-amazon-apigateway-authtype": "awsSigv4",
}
_extensions: ContextVar[set[str]] = ContextVar("extensions", default=frozenset())  # type: ignore[arg-type]

Serving = Callable[[str, str], AbstractContextManager[None]]


def apply(serving: Serving) -> None:
    _export_the_deployed(serving)
    _summarise()


def _export_the_deployed(serving: Serving) -> None:
    get = expect.function(v1, "_get_export", *_GET_EXPORT)
    build = expect.function(v1, "_build_api_export", *_BUILD)
    asked = expect.function(v1, "_get_export_extensions", "query_params")

    def get_export(
        api_id: str, stage_name: str, export_type: str, headers: Any, query_params: Any
    ) -> Any:
        token = _extensions.set(asked(query_params))
        try:
            with serving(api_id, stage_name):
                return get(api_id, stage_name, export_type, headers, query_params)
        finally:
            _extensions.reset(token)

    def build_api_export(api_id: str, stage_name: str, export_type: str, *include: bool) -> Any:
        document = build(api_id, stage_name, export_type, *include)
        _add_security(document, api_id, export_type)
        if "apigateway" in _extensions.get():
            _add_extensions(document, v1._rest_apis[api_id])
        return document

    expect.replace(v1, get, get_export)
    expect.replace(v1, build, build_api_export)


def _add_security(document: dict[str, Any], api_id: str, export_type: str) -> None:
    schemes: dict[str, Any] = {}
    for resource in v1._resources.get(api_id, {}).values():
        for verb, method in resource.get("resourceMethods", {}).items():
            scheme = _scheme(api_id, method)
            if scheme:
                name, described, scopes = scheme
                schemes[name] = described
                key = "x-amazon-apigateway-any-method" if verb == "ANY" else verb.lower()
                operation = document["paths"][resource["path"]][key]
                requirement = operation.setdefault("security", [{}])[0]
                requirement[name] = scopes
    if schemes:
        parent = document.setdefault("components", {}) if export_type == "oas30" else document
        home = "securitySchemes" if export_type == "oas30" else "securityDefinitions"
        parent.setdefault(home, {}).update(schemes)


def _scheme(api_id: str, method: dict[str, Any]) -> tuple[str, dict[str, Any], list[str]] | None:
    """Name, description and scopes of what the emulator's own export leaves out."""
    kind = method.get("authorizationType")
    if kind == "AWS_IAM":
        return "sigv4", _SIGV4, []
    authorizer = v1._authorizers_v1.get(api_id, {}).get(method.get("authorizerId"))
    if kind != "COGNITO_USER_POOLS" or not authorizer:
        return None
    header = authorizer.get("identitySource") or "method.request.header.Authorization"
    described = {
        "type": "apiKey",
        "name": header.removeprefix("method.request.header."),
        "in": "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
    }
    if _extensions.get() & {"apigateway", "authorizers"}:
        described["x-amazon-apigateway-authorizer"] = {
            "type": "cognito_user_pools",
            "providerARNs": authorizer.get("providerARNs", []),
        }
    return authorizer["name"], described, method.get("authorizationScopes") or []


def _add_extensions(document: dict[str, Any], api: dict[str, Any]) -> None:
    if policy := api.get("policy"):
        document["x-amazon-apigateway-policy"] = (
            json.loads(policy) if isinstance(policy, str) else policy
        )
    endpoint = {}
    if ids := (api.get("endpointConfiguration") or {}).get("vpcEndpointIds"):
        endpoint["vpcEndpointIds"] = ids
    if str(api.get("disableExecuteApiEndpoint")).lower() == "true":
        endpoint["disableExecuteApiEndpoint"] = True
    if endpoint:
        carrier = document["servers"][0] if "servers" in document else document
        carrier["x-amazon-apigateway-endpoint-configuration"] = endpoint


def _summarise() -> None:
    summary = expect.function(v1, "_build_api_summary", "api_id")

    def build_api_summary(api_id: str) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for resource in v1._resources.get(api_id, {}).values():
            for verb, method in resource.get("resourceMethods", {}).items():
                built.setdefault(resource["path"], {})[verb] = {
                    "authorizationType": method.get("authorizationType") or "NONE",
                    "apiKeyRequired": str(method.get("apiKeyRequired")).lower() == "true",
                }
        return built

    expect.replace(v1, summary, build_api_summary)
