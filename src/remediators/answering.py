"""One request -> what it came to, whatever happened to an earlier delivery of the same message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from monitor.model.api import ApiId
from monitor.usecases.react import Place
from remediators.desk import BreakerOpen, Desk
from remediators.documents import plan_document
from remediators.entry import Entry
from remediators.own_writes import confirms, plan_told_of
from remediators.plan import State
from remediators.ports import Conflict
from remediators.render import as_blocks, as_text, headline
from remediators.requests import Request, Wanted
from remediators.runner import Refused

SCHEMA = "gatewatch.remediation-answer/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`entry` None: there is no plan. `refused`: why the request was not carried out, else empty.
    `breaker`: the circuit breaker refused it."""

    request: Request
    entry: Entry | None = None
    refused: str = ""
    breaker: bool = False

    @property
    def is_stuck(self) -> bool:
        return self.entry is not None and self.entry.state is State.STUCK


def answer(desk: Desk, request: Request, place: Place) -> Answer:
    """Raises Conflict, and whatever reading or writing raises: then the message comes again."""
    try:
        return Answer(request=request, entry=_carried_out(desk, request, place))
    except Refused as error:
        plan_id = error.plan_id or request.plan_id
        return Answer(
            request=request,
            entry=desk.journal.load(plan_id) if plan_id else None,
            refused=str(error),
            breaker=isinstance(error, BreakerOpen),
        )


def sweep(desk: Desk) -> Iterator[Answer]:
    """Go on with plans whose process died; those that somebody is at work with are left alone."""
    for plan_id in desk.journal.going_on():
        request = Request(step=Wanted.RESUME, plan_id=plan_id, requested_by="Gatewatch")
        try:
            yield Answer(request=request, entry=desk.resume(plan_id))
        except (Refused, Conflict):
            continue


def _carried_out(desk: Desk, request: Request, place: Place) -> Entry:
    match request.step:
        case Wanted.PLAN:
            return _planned(desk, request, place)
        case Wanted.APPROVE:
            return _approved(desk, request)
        case Wanted.APPLY:
            return _gone_on_with(desk, desk.entry(request.plan_id))
        case Wanted.UNDO:
            entry = desk.entry(request.plan_id)
            if entry.state in (State.UNDOING, State.ROLLING_BACK):
                return desk.resume(entry.plan.id)
            return desk.undo(entry.plan.id, request.requested_by)
        case Wanted.RESUME:
            return _gone_on_with(desk, desk.entry(request.plan_id))
        case Wanted.ABANDON:
            return desk.abandon(request.plan_id, request.requested_by)


def _planned(desk: Desk, request: Request, place: Place) -> Entry:
    api = ApiId(
        account_id=place.account_id,
        region=place.region,
        api_id=request.api_id,
        partition=place.partition,
    )
    entry = desk.plan(
        api,
        request.finding_id,
        action=request.action,
        parameters=request.parameters,
        requested_by=request.requested_by,
    )
    if not request.automatic:
        return entry
    own = plan_told_of(request.changed_by)
    if own is not None and confirms(desk.journal.load(own), request.api_id):
        raise Refused(f"plan {own} of our own made that change: a person decides", entry.plan.id)
    # Refused, it waits for a person, who is told why.
    desk.approve_automatically(entry.plan.id)
    return desk.apply(entry.plan.id)


def _approved(desk: Desk, request: Request) -> Entry:
    entry = desk.entry(request.plan_id)
    by = request.approved_by or request.requested_by
    came_again = entry.approved_by == by and not entry.state.is_final
    if not came_again:
        entry = desk.approve(entry.plan.id, by)
    return _gone_on_with(desk, entry)


def _gone_on_with(desk: Desk, entry: Entry) -> Entry:
    if entry.state in (State.PLANNED, State.APPROVED) or entry.state.is_final:
        return desk.apply(entry.plan.id)
    return desk.resume(entry.plan.id)


def answer_document(given: Answer) -> dict[str, Any]:
    """The message that whoever asked gets: `text` and `blocks` are ready for Slack."""
    entry, request = given.entry, given.request
    plan = entry.plan if entry is not None else None
    return {
        "schema": SCHEMA,
        "step": request.step.value,
        "requested_by": request.requested_by,
        "finding_id": plan.finding_id if plan else request.finding_id,
        "api_id": plan.api.api_id if plan else request.api_id,
        "plan_id": plan.id if plan else request.plan_id,
        "state": entry.state.value if entry is not None else None,
        "refused": given.refused,
        "headline": headline(entry) if entry is not None else "",
        "text": as_text(entry) if entry is not None else given.refused,
        "blocks": list(as_blocks(entry)) if entry is not None else [],
        "plan": plan_document(entry).model_dump(mode="json", by_alias=True) if entry else None,
    }


MAX_BYTES = 250_000
"""Below the 256 KB of a message. Source: SQS developer guide, "Message quotas"."""


def dump_answer(given: Answer) -> str:
    """What does not fit is left to `gatewatch remediate status` and the journal."""
    document = answer_document(given)
    body = json.dumps(document)
    if len(body.encode()) > MAX_BYTES:
        body = json.dumps({**document, "plan": None, "text": document["headline"]})
    return body
