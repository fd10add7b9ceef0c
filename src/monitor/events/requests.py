"""What arrives in the queues: CloudTrail's events, and our own messages."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from monitor.events.cloudtrail import parse_change
from monitor.model.api import ApiId
from monitor.model.change import Change
from monitor.model.look_request import LookRequest

LOOK = "gatewatch.look/1"
WAKE = "gatewatch.wake/1"

_API = TypeAdapter(ApiId)
_REQUEST = TypeAdapter(LookRequest)


class MalformedMessage(ValueError):
    """A message that is none of these; it belongs into the dead letter queue, with its reason."""


@dataclass(frozen=True, slots=True)
class Wake:
    """The time of a burst has come."""

    subject: ApiId


def dump_request(request: LookRequest) -> str:
    """The message that asks to look at an API."""
    return json.dumps({"schema": LOOK, "request": _REQUEST.dump_python(request, mode="json")})


def dump_wake(subject: ApiId) -> str:
    return json.dumps({"schema": WAKE, "subject": _API.dump_python(subject, mode="json")})


def parse_message(body: str) -> Change | LookRequest | Wake:
    """Raises MalformedMessage."""
    try:
        document = json.loads(body)
        if "\\ud" in body.lower():
            # Half a surrogate pair is legal JSON, and no store takes it.
            whole = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
            document = json.loads(whole)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(f"not JSON: {error}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    try:
        if schema == LOOK:
            return _REQUEST.validate_python(document.get("request"))
        if schema == WAKE:
            return Wake(_API.validate_python(document.get("subject")))
    except ValidationError as error:
        raise MalformedMessage(f"not a message of Gatewatch: {error}") from error
    return parse_change(document)


def region_of(body: str) -> str:
    """The region that a message speaks of; empty where it names none."""
    try:
        message = parse_message(body)
    except MalformedMessage:
        return ""
    if isinstance(message, Change):
        return message.region
    return message.subject.region if isinstance(message, Wake) else message.api.region
