"""Patch operations of API Gateway v1 leave typed values behind.

A patch carries strings. MiniStack stores them as they come, so that `apiKeyRequired` patched to
"false" is true ever after, and `/endpointConfiguration/types/EDGE` changes nothing.
"""

from __future__ import annotations

from typing import Any

from mends import expect
from ministack.services import apigateway_v1 as v1

_BOOLEANS = {
    "apiKeyRequired",
    "disableExecuteApiEndpoint",
    "enabled",
    "requireAuthorizationForCacheControl",
}
_INTEGERS = {"authorizerResultTtlInSeconds", "minimumCompressionSize", "timeoutInMillis"}
_LISTS = {"authorizationScopes", "providerARNs", "vpcEndpointIds", "binaryMediaTypes"}


def apply() -> None:
    patch = expect.function(v1, "_apply_patch", "obj", "patch_ops")

    def apply_patch(obj: dict[str, Any], patch_ops: list[dict[str, Any]]) -> dict[str, Any]:
        left = [_typed(op) for op in patch_ops if not _patched_list(obj, op)]
        return patch(obj, left)  # type: ignore[no-any-return]

    expect.replace(v1, patch, apply_patch)


def _typed(op: dict[str, Any]) -> dict[str, Any]:
    name, value = op.get("path", "").rsplit("/", 1)[-1], op.get("value")
    if not isinstance(value, str) or op["path"].startswith("/variables/"):
        return op
    if name in _BOOLEANS:
        return {**op, "value": value.lower() == "true"}
    if name in _INTEGERS and value.lstrip("-").isdigit():
        return {**op, "value": int(value)}
    return op


def _patched_list(obj: dict[str, Any], op: dict[str, Any]) -> bool:
    """Whether this was a change of a list, and is done."""
    *parents, last = op.get("path", "").strip("/").split("/")
    if parents == ["endpointConfiguration", "types"]:  # /endpointConfiguration/types/EDGE
        obj.setdefault("endpointConfiguration", {})["types"] = [op.get("value")]
        return True
    name, value = (
        (last, op.get("value")) if last in _LISTS else (parents[-1] if parents else "", None)
    )
    if name not in _LISTS:
        return False
    holder = obj.setdefault("endpointConfiguration", {}) if name == "vpcEndpointIds" else obj
    # The value stands beside the path or, escaped, at its end.
    value = value or last.replace("~1", "/").replace("~0", "~")
    items = [item for item in holder.get(name) or [] if item != value]
    holder[name] = items if op.get("op") == "remove" else [*items, value]
    return True
