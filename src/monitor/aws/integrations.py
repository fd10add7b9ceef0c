"""Where a route's requests go, taken from the shapes in which AWS tells it: a method's integration,
that of an export, and that of an HTTP or WebSocket API.

Sources: API Gateway API reference, "Integration"; Version 2 API reference, "Integration"; developer
guide, "x-amazon-apigateway-integration object".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.model.behind import Integration, IntegrationKind

_KINDS = {
    "MOCK": IntegrationKind.MOCK,
    "HTTP": IntegrationKind.HTTP,
    "HTTP_PROXY": IntegrationKind.HTTP,
    "AWS": IntegrationKind.AWS,
    "AWS_PROXY": IntegrationKind.AWS,
}
_CREDENTIALS = "gatewayresponse.header.access-control-allow-credentials"
_ORIGIN = "gatewayresponse.header.access-control-allow-origin"
_CALLERS_ORIGIN = frozenset(
    f"method.request.{place}.origin" for place in ("header", "multivalueheader")
)


def integration(given: object) -> Integration | None:
    """`given`: the object as v1 or an export writes it; None where there is none."""
    if not isinstance(given, Mapping):
        return None
    kind = _KINDS.get(str(given.get("type", "")).upper())
    private = str(given.get("connectionType", "")).upper() == "VPC_LINK"
    tls = given.get("tlsConfig")
    tls = tls if isinstance(tls, Mapping) else {}
    return Integration(
        kind=kind,
        private=private,
        encrypted=_encrypted(given.get("uri"), tls) if kind is IntegrationKind.HTTP else None,
        unverified=tls.get("insecureSkipVerification") is True,
    )


def v2_integration(item: Mapping[str, Any]) -> Integration | None:
    """`item`: an Integration of an HTTP or WebSocket API as boto3 answers it."""
    return integration(
        {
            "type": item.get("IntegrationType"),
            "uri": item.get("IntegrationUri"),
            "connectionType": item.get("ConnectionType"),
            "tlsConfig": {
                "serverNameToVerify": (item.get("TlsConfig") or {}).get("ServerNameToVerify")
            },
        }
    )


def named_integration(target: object) -> Integration | None:
    """What a route of an HTTP or WebSocket API names, not read yet: `integrations/ID`."""
    prefix, _, integration_id = str(target or "").partition("/")
    return Integration(integration_id=integration_id) if prefix == "integrations" else None


def origins_reflected(gateway_responses: object) -> Iterator[str]:
    """The gateway responses of an export that hand the caller's Origin back and allow credentials.

    A literal `*` beside credentials is no such answer: browsers refuse it.
    Source: Fetch standard, "CORS protocol and credentials".
    """
    if not isinstance(gateway_responses, Mapping):
        return
    for name, response in gateway_responses.items():
        parameters = response.get("responseParameters") if isinstance(response, Mapping) else None
        if not isinstance(parameters, Mapping):
            continue
        headers = {str(key).lower(): str(value).lower() for key, value in parameters.items()}
        if headers.get(_ORIGIN) in _CALLERS_ORIGIN and headers.get(_CREDENTIALS) == "'true'":
            yield str(name)


def _encrypted(uri: object, tls: Mapping[str, Any]) -> bool | None:
    """A private integration of an HTTP API names a listener, and speaks TLS to it where a server
    name is given; everywhere else the scheme tells."""
    text = str(uri or "").lower()
    if text.startswith("https://"):
        return True
    if text.startswith("http://"):
        return False
    if text.startswith("arn:"):
        return bool(tls.get("serverNameToVerify"))
    return None
