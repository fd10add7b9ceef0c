"""Details that AWS embeds only when asked: apiSummary of a deployment, methods of a resource.

MiniStack always sends them, so that a reader that forgets to ask would pass here and see nothing
in AWS, where an API then looks as if it had no methods with any authorization.
"""

from __future__ import annotations

import json
from typing import Any

from mends import expect
from ministack.services import apigateway_v1 as v1

_HANDLE = ("method", "path", "headers", "body", "query_params")


def apply() -> None:
    handle = expect.function(v1, "handle_request", *_HANDLE)

    async def handle_request(
        method: str, path: str, headers: Any, body: bytes, query_params: dict[str, Any]
    ) -> Any:
        status, answered, said = await handle(method, path, headers, body, query_params)
        *_, kind = path.strip("/").split("/")[:3]
        if status < 300 and said and kind in _LEFT_OUT:
            embedded, leave_out = _LEFT_OUT[kind]
            if embedded not in str(query_params.get("embed", "")).lower():
                document = json.loads(said)
                for item in document.get("item", [document]):
                    leave_out(item)
                said = json.dumps(document).encode()
        return status, answered, said

    expect.replace(v1, handle, handle_request)


def _no_summary(deployment: dict[str, Any]) -> None:
    deployment.pop("apiSummary", None)


def _no_methods(resource: dict[str, Any]) -> None:
    # The verbs stay, their settings go.
    if "resourceMethods" in resource:
        resource["resourceMethods"] = {verb: {} for verb in resource["resourceMethods"]}


_LEFT_OUT = {"deployments": ("apisummary", _no_summary), "resources": ("methods", _no_methods)}
