"""The answer to a question, and its document: the fields that `gatewatch explain` promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.access.codes import Code
from monitor.access.decide import decide
from monitor.access.explain import sentence
from monitor.access.question import Question, requests_of, snapshot_of
from monitor.access.reference import decide_request
from monitor.access.verdict import nobody
from monitor.model.access import Access, ApiAccess, Door, Reason, RouteAccess, Witness
from monitor.model.request import Decision, Request

SCHEMA = "gatewatch.answer/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    question: Question
    access: ApiAccess
    decisions: tuple[Decision, ...]

    @property
    def requests(self) -> tuple[Request, ...]:
        return requests_of(self.question)

    @property
    def live(self) -> Access:
        """Over the stage that was asked about; without one, nothing is live."""
        if not self.access.stages:
            return nobody(Reason(code=Code.NO_STAGE)).access
        return self.access.stages[0].live

    @property
    def routes(self) -> tuple[RouteAccess, ...]:
        return tuple(route for stage in self.access.stages for route in stage.live_routes)

    @property
    def draft(self) -> Access | None:
        """What the saved state would let in once deployed, where that is not what is live."""
        for stage in self.access.stages:
            if stage.draft is not None and stage.draft != stage.live:
                return stage.draft
        return None


def answer(question: Question, *, now: datetime) -> dict[str, Any]:
    """The answer's document."""
    return answer_document(answer_question(question, now=now))


def answer_question(question: Question, *, now: datetime) -> Answer:
    """Decide a question; `now` counts where the question names no time."""
    moment = question.evaluation_time or now
    snapshot = snapshot_of(question, now=moment)
    return Answer(
        question=question,
        access=decide(snapshot, now=moment),
        decisions=tuple(
            decide_request(snapshot, question.api.stage, request, now=moment)
            for request in requests_of(question)
        ),
    )


def answer_document(answered: Answer) -> dict[str, Any]:
    draft = answered.draft
    return {
        "schema": SCHEMA,
        "id": answered.question.id,
        **access_document(answered.live),
        "routes": [route_document(route) for route in answered.routes],
        "draft": None if draft is None else access_document(draft),
        "decisions": [str(decision) for decision in answered.decisions],
    }


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
        "door": door_document(route.door),
        "route": route.route,
        **access_document(route.access),
    }


def door_document(door: Door) -> dict[str, Any]:
    return {"kind": str(door.kind), "host": door.host, "assumed": door.assumed}


def witness_document(shown: Witness) -> dict[str, Any]:
    return {
        "door": door_document(shown.door),
        "stage": shown.stage,
        "method": shown.method,
        "path": shown.path,
        "principal": shown.principal,
        "source_ip": shown.source_ip,
        "headers": dict(shown.headers),
        "context": dict(shown.context),
        "credentials": [str(one) for one in shown.credentials],
    }


def reason_document(reason: Reason) -> dict[str, Any]:
    return {
        "code": str(reason.code),
        "place": reason.place,
        "fields": dict(reason.fields),
        "text": sentence(reason),
    }
