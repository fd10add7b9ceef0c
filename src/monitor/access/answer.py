"""The output of `gatewatch explain`: what is promised of an answer, from what was decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.access.decide import decide
from monitor.access.explain import sentence
from monitor.access.question import Question, requests_of, snapshot_of
from monitor.access.reference import decide_request
from monitor.access.verdict import nobody
from monitor.model.access import Access, ApiAccess, Reason, RouteAccess, Witness

SCHEMA = "gatewatch.answer/1"


def answer(question: Question, *, now: datetime) -> dict[str, Any]:
    """The answer document of one question, `now` where the question names no time."""
    moment = question.evaluation_time or now
    snapshot = snapshot_of(question, now=moment)
    access = decide(snapshot, now=moment)
    decisions = [
        decide_request(snapshot, question.api.stage, request, now=moment)
        for request in requests_of(question)
    ]
    return {
        "schema": SCHEMA,
        "id": question.id,
        **access_document(_live(access)),
        "routes": [route_document(route) for stage in access.stages for route in stage.live_routes],
        "draft": draft_document(access),
        "decisions": [str(decision) for decision in decisions],
    }


def _live(access: ApiAccess) -> Access:
    if not access.stages:
        return nobody(Reason(code="no-stage")).access
    return access.stages[0].live


def draft_document(access: ApiAccess) -> dict[str, Any] | None:
    """What the saved state would let in once deployed, where that differs from what is live."""
    for stage in access.stages:
        if stage.draft is not None and stage.draft != stage.live:
            return access_document(stage.draft)
    return None


def access_document(access: Access) -> dict[str, Any]:
    return {
        "public": access.public,
        "anonymous": access.anonymous,
        "any_aws_account": access.any_aws_account,
        "scope": str(access.scope),
        "source_cidrs": None if access.source_cidrs is None else list(access.source_cidrs),
        "witness": None if access.witness is None else witness_document(access.witness),
        "because": [reason_document(reason) for reason in access.because],
        "caveats": list(access.caveats),
    }


def route_document(route: RouteAccess) -> dict[str, Any]:
    return {
        "door": {"kind": str(route.door.kind), "host": route.door.host},
        "route": route.route,
        **access_document(route.access),
    }


def witness_document(shown: Witness) -> dict[str, Any]:
    return {
        "door": {"kind": str(shown.door.kind), "host": shown.door.host},
        "stage": shown.stage,
        "method": shown.method,
        "path": shown.path,
        "principal": shown.principal,
        "source_ip": shown.source_ip,
        "headers": dict(shown.headers),
        "context": dict(shown.context),
    }


def reason_document(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "place": reason.place,
        "fields": dict(reason.fields),
        "text": sentence(reason),
    }
