"""Every write to API Gateway, and to the services around it, becomes the 'AWS API Call via
CloudTrail' event it is in AWS.

MiniStack records calls for LookupEvents only, and PutEvents rightly refuses a source that starts
with `aws.`, so the event is published from inside. Read-only calls are not forwarded: AWS hands
them only to rules that ask for all management events.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from typing import Any

from mends import api_calls, caller, expect, other_calls
from ministack import app
from ministack.core import concurrency, responses
from ministack.services import eventbridge

_DISPATCH = ["method", "path", "headers", "body", "query_params", "request_id"]
_DATES = {"createdDate", "lastUpdatedDate", "certificateUploadDate"}


def apply(*, delay: float = 0.5, flat: bool = False) -> None:
    dispatch = expect.function(app, "_dispatch_service_request", *_DISPATCH)
    expect.function(eventbridge, "_put_events", "data", "allow_aws_source")
    expect.attribute(concurrency, "esm_wake", threading.Event)
    caller.check()
    pending: set[asyncio.Task[None]] = set()

    async def dispatch_service_request(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        request_id: str,
    ) -> Any:
        answer = await dispatch(method, path, headers, body, query_params, request_id)
        call: api_calls.Call | other_calls.OtherCall | None
        if "/apigateway/aws4_request" in headers.get("authorization", ""):
            call = api_calls.describe(method, path, query_params, body, flat=flat)
        else:
            call = other_calls.describe(method, path, query_params, headers, body)
        if call is not None:
            account = responses.get_account_id()
            who = caller.identity(headers, query_params, account)
            record = _record(call, answer, headers, request_id, who)
            # A task copies the context, so account and region of the event are the caller's.
            task = asyncio.create_task(_publish(record, delay))
            pending.add(task)
            task.add_done_callback(pending.discard)
        return answer

    expect.replace(app, dispatch, dispatch_service_request)


async def _publish(record: dict[str, Any], delay: float) -> None:
    await asyncio.sleep(delay)
    entry = {
        "Source": "aws." + record["eventSource"].removesuffix(".amazonaws.com"),
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(record),
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    # Delivery to a queue wakes no poller, which then looks once a second.
    concurrency.esm_wake.set()


def _record(
    call: api_calls.Call | other_calls.OtherCall,
    answer: tuple[int, dict[str, str], Any],
    headers: dict[str, str],
    request_id: str,
    who: dict[str, Any],
) -> dict[str, Any]:
    status, _, raw = answer
    forwarded = headers.get("x-forwarded-for", "").partition(",")[0].strip()
    said = _json(raw)
    record = {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": getattr(call, "source", "apigateway.amazonaws.com"),
        "eventName": call.operation,
        "awsRegion": responses.get_region(),
        "sourceIPAddress": forwarded or responses.get_request_client_ip(),
        "userAgent": headers.get("user-agent", ""),
        "requestParameters": call.parameters,
        "responseElements": _answered(call, said, raw) if status < 400 else None,
        "requestID": request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": responses.get_account_id(),
        "eventCategory": "Management",
    }
    if status >= 400:
        record |= _error(said or {}, status)
    return record


def _answered(
    call: api_calls.Call | other_calls.OtherCall, said: dict[str, Any] | None, raw: Any
) -> dict[str, Any] | None:
    if isinstance(call, other_calls.OtherCall):
        return call.elements(raw)
    return _elements(call, said)


def _json(raw: Any) -> dict[str, Any] | None:
    try:
        said = json.loads(raw or b"null")
    except (TypeError, ValueError):
        return None
    return said if isinstance(said, dict) else None


def _error(said: dict[str, Any], status: int) -> dict[str, Any]:
    code = said.get("__type") or said.get("code") or str(status)
    # The service answers AccessDeniedException; what CloudTrail writes of it is AccessDenied.
    code = "AccessDenied" if code == "AccessDeniedException" else code
    return {"errorCode": code, "errorMessage": said.get("message") or said.get("Message") or ""}


def _elements(call: api_calls.Call, said: dict[str, Any] | None) -> dict[str, Any] | None:
    if not said:
        return None
    if call.version == 2:
        return api_calls.redacted(said)
    elements = {
        key: _console_date(value) if key in _DATES and isinstance(value, int) else value
        for key, value in said.items()
        if value is not None
    }
    named = {key: value for key, value in call.parameters.items() if isinstance(value, str)}
    return {**elements, "self": {**named, "template": False}}


def _console_date(epoch: int) -> str:
    then = time.gmtime(epoch)
    hour = then.tm_hour % 12 or 12
    return time.strftime(f"%b {then.tm_mday}, %Y {hour}:%M:%S %p", then)
