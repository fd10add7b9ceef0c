"""Whether an answer came whole.

botocore reads a JSON body that was cut off, or a page of HTML from something in between, as an
answer with nothing in it, and nothing must never be taken for "there are no routes".
"""

from __future__ import annotations

import json
from typing import Any

_JSON = frozenset({"json", "rest-json"})


def is_whole(response: Any, operation: Any) -> bool:
    """`response`: botocore's HTTP answer with a status below 300; `operation`: its model.

    A streamed body is not looked at: who reads it meets its end.
    """
    if operation.has_streaming_output:
        return True
    body: bytes = response.content
    announced = response.headers.get("Content-Length")
    if announced is not None and announced.isdigit() and int(announced) != len(body):
        # A body that was packed for the way is longer than announced.
        return "Content-Encoding" in response.headers and _is_object(body)
    if operation.service_model.metadata.get("protocol") not in _JSON:
        return True
    return _is_object(body)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body or b"{}"), dict)
    except (ValueError, RecursionError):
        return False
