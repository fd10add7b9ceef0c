"""The saved resource policy: checked, expanded and escaped as AWS does it.

AWS refuses text that is no policy, writes `execute-api:/...` out as a full ARN when the policy is
saved, and returns it with quotes and slashes escaped once more (`\\"`, `\\/`), as a JSON string
without its outer quotes.
"""

from __future__ import annotations

import json
from typing import Any

from mends import expect
from ministack.core.responses import get_account_id, get_region
from ministack.services import apigateway_v1 as v1

_REFUSED = (
    "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
)


def apply() -> None:
    create = expect.function(v1, "_create_rest_api", "data")
    update = expect.function(v1, "_update_rest_api", "api_id", "data")
    encode = expect.function(v1, "_encode_rest_api_policy", "policy")

    def create_rest_api(data: dict[str, Any]) -> Any:
        if _malformed(data.get("policy")):
            return v1._v1_error("BadRequestException", _REFUSED, 400)
        answer = create(data)
        if answer[0] == 201 and data.get("policy"):
            answer = _saved(json.loads(answer[2])["id"], 201)
        return answer

    def update_rest_api(api_id: str, data: dict[str, Any]) -> Any:
        changes = [op for op in data.get("patchOperations", []) if op.get("path") == "/policy"]
        if any(_malformed(op.get("value")) for op in changes):
            return v1._v1_error("BadRequestException", _REFUSED, 400)
        answer = update(api_id, data)
        return _saved(api_id, 200) if answer[0] == 200 and changes else answer

    def encode_rest_api_policy(policy: Any) -> Any:
        encoded = encode(policy)
        return encoded.replace("/", "\\/") if isinstance(encoded, str) else encoded

    expect.replace(v1, create, create_rest_api)
    expect.replace(v1, update, update_rest_api)
    expect.replace(v1, encode, encode_rest_api_policy)


def _saved(api_id: str, status: int) -> Any:
    """Expand what was stored, and answer with it."""
    api = v1._rest_apis[api_id]
    policy = api.get("policy")
    if policy:
        document = json.loads(policy) if isinstance(policy, str) else policy
        prefix = f"arn:aws:execute-api:{get_region()}:{get_account_id()}:{api_id}/"
        api["policy"] = json.dumps(_expanded(document, prefix), separators=(",", ":"))
    return v1._v1_response(v1._rest_api_view(api), status)


def _expanded(document: dict[str, Any], prefix: str) -> dict[str, Any]:
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        for key in ("Resource", "NotResource"):
            if isinstance(statement.get(key), str):
                statement[key] = _full(statement[key], prefix)
            elif isinstance(statement.get(key), list):
                statement[key] = [_full(resource, prefix) for resource in statement[key]]
    return document


def _full(resource: str, prefix: str) -> str:
    short = "execute-api:/"
    return prefix + resource.removeprefix(short) if resource.startswith(short) else resource


def _malformed(policy: Any) -> bool:
    """Not a JSON object with statements; an empty value takes the policy away."""
    if policy in (None, ""):
        return False
    try:
        document = json.loads(policy) if isinstance(policy, str) else policy
    except ValueError:
        return True
    return not isinstance(document, dict) or not isinstance(document.get("Statement"), (list, dict))
