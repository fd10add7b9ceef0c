"""A disabled default endpoint is shut.

MiniStack stores `disableExecuteApiEndpoint` and serves all the same. Here it answers 403 on the
execute-api address, while a custom domain goes on serving.
"""

from __future__ import annotations

import json
from typing import Any

from mends import deployed_snapshot, expect
from ministack import app
from ministack.services import apigateway as v2
from ministack.services import apigateway_v1 as v1

_DATA_PLANE = (
    *("host", "path", "method", "headers", "body", "query_params"),
    *("raw_path", "raw_query_string"),
)


def apply() -> None:
    handle = expect.function(app, "_handle_execute_api_request", *_DATA_PLANE)
    parse = expect.function(app, "_parse_execute_api_url", "host", "path")

    async def handle_execute_api_request(host: str, path: str, *rest: Any, **more: Any) -> Any:
        named = parse(host, path)
        if named and _disabled(named[0], named[1]):
            body = json.dumps({"message": "Forbidden"}).encode()
            return 403, {"Content-Type": "application/json"}, body
        return await handle(host, path, *rest, **more)

    expect.replace(app, handle, handle_execute_api_request)


def _disabled(api_id: str, stage: str) -> bool:
    api: dict[str, Any] = {}
    if scope := v1.find_api_scope(api_id):
        with deployed_snapshot.serving(api_id, stage):
            api = v1._rest_apis.get_scoped(*scope, api_id)
    elif scope := v2.find_api_scope(api_id):
        api = v2._apis.get_scoped(*scope, api_id)
    return str(api.get("disableExecuteApiEndpoint")).lower() == "true"
