"""Messages that ask for something, and hostile ones."""

from __future__ import annotations

import json

import pytest

from remediators.requests import (
    SCHEMA,
    MalformedRequest,
    Request,
    Wanted,
    dump_request,
    parse_request,
)

PLAN = {
    "schema": SCHEMA, "step": "plan", "api_id": "a1", "finding_id": "gw-1", "requested_by": "jane",
}  # fmt: skip


def test_what_is_sent_is_read() -> None:
    request = Request(step=Wanted.APPROVE, plan_id="gwp-1", requested_by="jane", approved_by="joe")

    assert parse_request(dump_request(request)) == request
    assert json.loads(dump_request(request))["schema"] == SCHEMA


def test_further_fields_do_no_harm() -> None:
    assert parse_request(json.dumps({**PLAN, "thread_ts": "1.0"})).finding_id == "gw-1"


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "{", "[" * 100_000,
        json.dumps({**PLAN, "schema": "gatewatch.remediation-request/2"}),
        json.dumps({key: value for key, value in PLAN.items() if key != "schema"}),
        json.dumps({**PLAN, "step": "delete-everything"}),
        json.dumps({**PLAN, "requested_by": ""}),
        json.dumps({**PLAN, "finding_id": ""}),
        json.dumps({**PLAN, "api_id": "a" * 1000}),
        json.dumps({"schema": SCHEMA, "step": "approve", "requested_by": "jane"}),
    ],
)  # fmt: skip
def test_anything_else_is_malformed(body: str) -> None:
    with pytest.raises(MalformedRequest):
        parse_request(body)
