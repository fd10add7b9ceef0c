"""The data plane believes X-Forwarded-For.

MiniStack takes the TCP peer as the caller's address, so every caller is 127.0.0.1 and a resource
policy by address can never be tried from the address it speaks about. Here the first address of
X-Forwarded-For is the caller's (AWS would append; a test has nobody in between), and a call counts
as made over TLS, as every call to API Gateway is.
"""

from __future__ import annotations

from typing import Any

from mends import expect
from ministack import app
from ministack.core import iam_evaluator

_DATA_PLANE = (
    *("host", "path", "method", "headers", "body", "query_params"),
    *("raw_path", "raw_query_string"),
)


def apply() -> None:
    handle = expect.function(app, "_handle_execute_api_request", *_DATA_PLANE)
    pin = expect.function(iam_evaluator, "pin_request_origin", "source_ip", "secure_transport")
    origin = iam_evaluator._request_origin

    async def handle_execute_api_request(
        host: str, path: str, method: str, headers: dict[str, str], *rest: Any, **more: Any
    ) -> Any:
        before = origin.get()
        address = headers.get("x-forwarded-for", "").partition(",")[0].strip()
        pin(address or before[0], True)
        answer = await handle(host, path, method, headers, *rest, **more)
        if answer is None:  # not a call of the data plane after all
            pin(*before)
        return answer

    expect.replace(app, handle, handle_execute_api_request)
