"""What arrives in the queue: CloudTrail's events, and our own requests to look at an API."""

from __future__ import annotations

import json
from dataclasses import asdict

from pydantic import TypeAdapter, ValidationError

from monitor.events.cloudtrail import parse_change
from monitor.model.api import ApiId
from monitor.model.change import Change

SCHEMA = "gatewatch.look/1"

_API = TypeAdapter(ApiId)


class MalformedMessage(ValueError):
    """A message that is neither; it belongs into the dead letter queue, with its reason."""


def dump_request(api: ApiId) -> str:
    """The message that asks to look at an API."""
    return json.dumps({"schema": SCHEMA, "api": asdict(api)})


def parse_message(body: str) -> Change | ApiId:
    """Raises MalformedMessage."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(f"not JSON: {error}") from error
    if isinstance(document, dict) and document.get("schema") == SCHEMA:
        try:
            return _API.validate_python(document.get("api"))
        except ValidationError as error:
            raise MalformedMessage(f"not a request to look at an API: {error}") from error
    return parse_change(document)
