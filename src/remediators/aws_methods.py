"""The methods of a REST API, from its draft and from a stage's export, in one form that can be
compared: all that a deployment would publish of them, but for their guards.

Sources: API Gateway API reference, "Method", "Integration"; developer guide,
"x-amazon-apigateway-integration object", "x-amazon-apigateway-request-validator property".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from remediators.plan import Image, canonical

_VERBS = {
    verb.lower(): verb
    for verb in ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
} | {"x-amazon-apigateway-any-method": "ANY"}
_INTEGRATION = (
    "type", "httpMethod", "uri", "connectionType", "connectionId", "credentials",
    "requestParameters", "requestTemplates", "passthroughBehavior", "contentHandling",
    "timeoutInMillis", "cacheKeyParameters", "tlsConfig", "responseTransferMode",
    "integrationTarget",
)  # fmt: skip
_RESPONSE = ("statusCode", "responseParameters", "responseTemplates", "contentHandling")
_DEFAULTS = {
    "connectionType": "INTERNET",
    "passthroughBehavior": "WHEN_NO_MATCH",
    "timeoutInMillis": 29000,
    "responseTransferMode": "BUFFERED",
}
_WORDS = frozenset(
    {"type", "connectionType", "passthroughBehavior", "contentHandling", "responseTransferMode"}
)


def draft_methods(
    resources: Iterable[Mapping[str, Any]], validators: Mapping[str, str]
) -> dict[str, Image]:
    """Resources with their methods embedded -> `GET /orders` -> what it does."""
    return {
        f"{verb} {resource['path']}": {
            "integration": _integration(
                method.get("methodIntegration") or {}, "integrationResponses"
            ),
            "request validator": validators.get(method.get("requestValidatorId") or "", ""),
            "request parameters": _named(method.get("requestParameters") or {}),
            "request models": sorted((method.get("requestModels") or {}).items()),
        }
        for resource in resources
        for verb, method in (resource.get("resourceMethods") or {}).items()
    }


def draft_responses(responses: Iterable[Mapping[str, Any]]) -> dict[str, Image]:
    """Gateway responses that differ from AWS's own -> by their type."""
    return {
        one["responseType"]: _gateway_response(one)
        for one in responses
        if not one.get("defaultResponse", False)
    }


def _gateway_response(one: Mapping[str, Any]) -> Image:
    found = _normal(one, ("responseParameters", "responseTemplates"))
    return {**found, "statusCode": str(one.get("statusCode", ""))}


def live_document(document: Mapping[str, Any]) -> Image:
    """An OpenAPI 3.0 export -> what the stage serves, in the form of `draft_methods`."""
    methods: dict[str, Image] = {}
    for path, operations in (document.get("paths") or {}).items():
        for key, operation in operations.items():
            if verb := _VERBS.get(key.lower()):
                methods[f"{verb} {path}"] = _operation(document, operation)
    return {
        "methods": methods,
        "binary media types": sorted(document.get("x-amazon-apigateway-binary-media-types") or []),
        "gateway responses": {
            kind: _gateway_response(one)
            for kind, one in (document.get("x-amazon-apigateway-gateway-responses") or {}).items()
        },
        "disableExecuteApiEndpoint": _endpoint_disabled(document),
    }


def _operation(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Image:
    default = document.get("x-amazon-apigateway-request-validator", "")
    return {
        "integration": _integration(
            operation.get("x-amazon-apigateway-integration") or {}, "responses"
        ),
        "request validator": operation.get("x-amazon-apigateway-request-validator", default),
        "request parameters": _named(map(_parameter, operation.get("parameters") or ())),
        "request models": sorted(
            (content, str((one.get("schema") or {}).get("$ref", "")).rpartition("/")[2])
            for content, one in ((operation.get("requestBody") or {}).get("content") or {}).items()
        ),
    }


def _named(parameters: Iterable[str]) -> list[str]:
    """Those of the path are left out: the path says them, and an export lists them either way."""
    return sorted(one for one in parameters if not one.startswith("method.request.path."))


def _parameter(one: Mapping[str, Any]) -> str:
    place = {"query": "querystring"}.get(one.get("in", ""), one.get("in", ""))
    return f"method.request.{place}.{one.get('name', '')}"


def _integration(given: Mapping[str, Any], responses: str) -> Image:
    found = _normal(given, _INTEGRATION)
    answers = given.get(responses) or {}
    found["responses"] = {
        _pattern(key, one): _normal({"statusCode": key, **one}, _RESPONSE)
        for key, one in answers.items()
    }
    return found


def _pattern(key: str, response: Mapping[str, Any]) -> str:
    """An export names answers by their pattern, `default` for the one without; the draft by their
    status."""
    if "selectionPattern" in response:
        return response["selectionPattern"] or "default"
    return "default" if key.isdigit() and len(key) == 3 else key


def _normal(given: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Without what is empty or the default, so that silence and the default are one."""
    found: dict[str, Any] = {}
    for name in names:
        value = given.get(name)
        if name in _WORDS and isinstance(value, str):
            value = value.upper()
        if value in (None, "", [], {}) or value == _DEFAULTS.get(name):
            continue
        found[name] = sorted(value, key=canonical) if isinstance(value, list) else value
    return found


def _endpoint_disabled(document: Mapping[str, Any]) -> bool:
    key = "x-amazon-apigateway-endpoint-configuration"
    carriers = (document, *(document.get("servers") or ()))
    return any((one.get(key) or {}).get("disableExecuteApiEndpoint") is True for one in carriers)
