"""An OpenAPI 3.0 export with API Gateway's extensions (GetExport with
`extensions=apigateway,authorizers`, ExportApi) -> what a stage serves.

The document is the only place where AWS shows the deployed methods together with their authorizers
and the resource policy. Sources: API Gateway developer guide, "Export a REST API",
"x-amazon-apigateway-authorizer object", "x-amazon-apigateway-authtype property",
"x-amazon-apigateway-policy object", "x-amazon-apigateway-integration object",
"x-amazon-apigateway-gateway-responses object".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from monitor.aws.asking import MalformedAnswer
from monitor.aws.integrations import integration, origins_reflected
from monitor.model.api import (
    AuthorizationType,
    Authorizer,
    AuthorizerKind,
    Configuration,
    PolicySource,
    ResourcePolicy,
    Route,
)

_VERBS = {
    verb.lower(): verb
    for verb in ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
} | {"x-amazon-apigateway-any-method": "ANY"}

_AUTHTYPES = {
    "awssigv4": AuthorizationType.AWS_IAM,
    "cognito_user_pools": AuthorizationType.COGNITO_USER_POOLS,
    "custom": AuthorizationType.CUSTOM,
    "oauth2": AuthorizationType.CUSTOM,
}
_KINDS = {
    "token": (AuthorizerKind.TOKEN, AuthorizationType.CUSTOM),
    "request": (AuthorizerKind.REQUEST, AuthorizationType.CUSTOM),
    "cognito_user_pools": (
        AuthorizerKind.COGNITO_USER_POOLS,
        AuthorizationType.COGNITO_USER_POOLS,
    ),
    "jwt": (AuthorizerKind.JWT, AuthorizationType.JWT),
}
_POLICY = "x-amazon-apigateway-policy"
_INTEGRATION = "x-amazon-apigateway-integration"
_GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


def parse_export(body: bytes, saved: ResourcePolicy) -> Configuration:
    """What the exported stage serves.

    `saved` is the policy of GetRestApi: where the export carries none although the API has one, AWS
    does not say which of the two the stage enforces, so both are possible.

    Raises MalformedAnswer.
    """
    document = _object(_load(body), "the export")
    return replace(_configuration(document), policies=_policies(document, saved))


def parse_http_export(body: bytes) -> Configuration:
    """What the exported stage of an HTTP API serves; it has no resource policy.

    Raises MalformedAnswer.
    """
    return _configuration(_object(_load(body), "the export"))


def _configuration(document: Mapping[str, Any]) -> Configuration:
    components = _object(document.get("components", {}), "components")
    schemes = _object(components.get("securitySchemes", {}), "components.securitySchemes")
    authorizers = {
        name: _authorizer(name, extension, scheme)
        for name, scheme in schemes.items()
        if isinstance(scheme, dict)
        and isinstance(extension := scheme.get("x-amazon-apigateway-authorizer"), dict)
    }
    return Configuration(
        routes=tuple(_routes(document, schemes)),
        authorizers=authorizers,
        reflects_origin=tuple(origins_reflected(document.get(_GATEWAY_RESPONSES))),
    )


def _load(body: bytes) -> object:
    try:
        return json.loads(body, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer(f"the export is not JSON: {error}") from error


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # A parser that lets the last one win could hide a statement of the policy.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedAnswer("the export repeats a key of an object")
    return found


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedAnswer(f"{what} is not an object")
    return value


def _routes(document: Mapping[str, Any], schemes: Mapping[str, Any]) -> Iterator[Route]:
    for path, operations in _object(document.get("paths"), "paths").items():
        for key, operation in _object(operations, f"paths.{path}").items():
            if verb := _VERBS.get(key.lower()):
                given = _object(operation, f"paths.{path}.{key}")
                default = given.get("isDefaultRoute") is True or path == "/$default"
                yield _route("$default" if default else f"{verb} {path}", given, schemes)


def _route(key: str, operation: Mapping[str, Any], schemes: Mapping[str, Any]) -> Route:
    guards: list[AuthorizationType | None] = []
    authorizer_id: str | None = None
    scopes: tuple[str, ...] = ()
    needs_key = False
    for name, wanted in _requirements(operation):
        scheme = schemes.get(name)
        if _is_api_key(scheme):
            needs_key = True
            continue
        guard, named = _guard(scheme)
        guards.append(guard)
        authorizer_id = name if named else None
        scopes = tuple(str(scope) for scope in wanted) if isinstance(wanted, list) else ()
    stated = _stated(operation)
    if stated is not None:
        guards = [*guards, stated] if stated not in guards else guards
    # More than one guard, or one of a kind nobody documented: not ours to guess.
    authorization = (
        AuthorizationType.NONE if not guards else guards[0] if len(guards) == 1 else None
    )
    return Route(
        key=key,
        authorization=authorization,
        authorizer_id=authorizer_id if len(guards) == 1 else None,
        api_key_required=needs_key,
        scopes=scopes,
        integration=integration(operation.get(_INTEGRATION)),
    )


def _requirements(operation: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    # An OpenAPI list of requirements means "one of"; API Gateway writes one entry for each guard
    # (`[{"api_key": []}, {"my-authorizer": []}]`) and enforces all of them.
    requirements = operation.get("security", [])
    if not isinstance(requirements, list):
        raise MalformedAnswer("security is not a list")
    for requirement in requirements:
        yield from _object(requirement, "security").items()


def _is_api_key(scheme: object) -> bool:
    return (
        isinstance(scheme, dict)
        and str(scheme.get("name", "")).lower() == "x-api-key"
        and "x-amazon-apigateway-authtype" not in scheme
    )


def _guard(scheme: object) -> tuple[AuthorizationType | None, bool]:
    """The kind of guard a scheme stands for, and whether the scheme describes an authorizer."""
    if not isinstance(scheme, dict):
        return None, False
    extension = scheme.get("x-amazon-apigateway-authorizer")
    if isinstance(extension, dict):
        known = _KINDS.get(str(extension.get("type", "")).lower())
        return (known[1] if known else None), True
    return _AUTHTYPES.get(str(scheme.get("x-amazon-apigateway-authtype", "")).lower()), False


def _stated(operation: Mapping[str, Any]) -> AuthorizationType | None:
    extension = operation.get("x-amazon-apigateway-auth")
    if not isinstance(extension, dict):
        return None
    stated = str(extension.get("type", "")).upper()
    if stated == AuthorizationType.AWS_IAM:
        return AuthorizationType.AWS_IAM
    return None


def _authorizer(name: str, extension: Mapping[str, Any], scheme: Mapping[str, Any]) -> Authorizer:
    kind = _KINDS.get(str(extension.get("type", "")).lower(), (None, None))[0]
    sources = _split(extension.get("identitySource"))
    if not sources and kind in (AuthorizerKind.TOKEN, AuthorizerKind.COGNITO_USER_POOLS):
        # These two read one header, and the scheme itself says which.
        sources = (f"method.request.header.{scheme.get('name', 'Authorization')}",)
    jwt = extension.get("jwtConfiguration")
    jwt = jwt if isinstance(jwt, dict) else {}
    ttl = extension.get("authorizerResultTtlInSeconds")
    return Authorizer(
        authorizer_id=name,
        name=name,
        kind=kind,
        identity_sources=sources,
        identity_validation=_text(extension.get("identityValidationExpression")),
        cache_ttl_seconds=ttl if isinstance(ttl, int) else None,
        function_uri=_text(extension.get("authorizerUri")),
        credentials_arn=_text(extension.get("authorizerCredentials")),
        user_pool_arns=_texts(extension.get("providerARNs")),
        issuer=_text(jwt.get("issuer")),
        audiences=_texts(jwt.get("audience")),
        simple_responses=extension.get("enableSimpleResponses") is True,
    )


def _policies(document: Mapping[str, Any], saved: ResourcePolicy) -> tuple[ResourcePolicy, ...]:
    if _POLICY in document:
        policy = document[_POLICY]
        text = policy if isinstance(policy, str) else json.dumps(policy)
        return (ResourcePolicy(text=text, source=PolicySource.EXPORT),)
    none = ResourcePolicy(text=None, source=PolicySource.EXPORT)
    return (none,) if saved.text is None else (none, saved)


def _split(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return _texts(value)
    if not isinstance(value, str):
        return ()
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
