"""What a request asks for, in words: short, and without anything that may be a secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.events.sections import Json, sections, text

MAX_SAID = 300
MAX_VALUE = 60
MAX_PARTS = 6

_TELLING = (
    "httpMethod",
    "routeKey",
    "stageName",
    "deploymentId",
    "authorizationType",
    "authorizerId",
    "apiKeyRequired",
    "autoDeploy",
    "disableExecuteApiEndpoint",
    "mode",
    "domainName",
    "basePath",
    "userPoolId",
    "functionName",
    "principal",
)
# Values of variables, keys and whole policies are not for a message.
_HIDDEN = ("/variables", "/policy", "/value", "/managementPolicy")


def said(request: Json) -> str:
    """`/authorizationType = NONE`, `authorizationType NONE, httpMethod GET`; empty if it tells
    nothing."""
    parts = list(dict.fromkeys(_parts(request)))
    more = len(parts) - MAX_PARTS
    shown = ", ".join(parts[:MAX_PARTS]) + (f" and {more} more" if more > 0 else "")
    return shown[:MAX_SAID]


def patches(request: Json) -> Iterator[Json]:
    for section in sections(request):
        operations = section.get("patchOperations")
        if isinstance(operations, list):
            yield from (operation for operation in operations if isinstance(operation, dict))


def _parts(request: Json) -> Iterator[str]:
    for patch in patches(request):
        path, op = text(patch.get("path"))[:MAX_VALUE], text(patch.get("op"))[:10]
        if path.lower().startswith(tuple(hidden.lower() for hidden in _HIDDEN)):
            yield f"{path} changed" if op != "remove" else f"{path} removed"
        elif op == "remove":
            yield f"{path} removed"
        else:
            yield f"{path} = {_value(patch.get('value'))}"
    for section in sections(request):
        for name in _TELLING:
            value: Any = section.get(name)
            if isinstance(value, (str, bool)) and value != "":
                yield f"{name} {_value(value)}"


def _value(value: object) -> str:
    shown = str(value).lower() if isinstance(value, bool) else text(value)
    return shown if len(shown) <= MAX_VALUE else shown[: MAX_VALUE - 1] + "…"
