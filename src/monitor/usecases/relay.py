"""What the remediator answers -> the thread of the API's incident, through the outbox."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.evaluation.lifecycle import unresolved
from monitor.model.access import Scope
from monitor.model.notice import REFUSED, Notice, PlanNews, PlanOffer
from monitor.model.record import ApiRecord
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import Clock, Conflict, FindingStore, Notebook

SCHEMA = "gatewatch.remediation-answer/1"
RECEIPTS = "remediation-answer"
RECEIPT_LIVES = timedelta(days=14)
"""As long as a queue keeps a message at most."""
ATTEMPTS = 8

_OFFERS = {"planned": (PlanOffer.APPROVE,), "done": (PlanOffer.UNDO,)}


class MalformedAnswer(ValueError):
    """A message that is no answer of the remediator."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    schema_: Literal["gatewatch.remediation-answer/1"] = Field(alias="schema")
    step: str
    requested_by: str
    finding_id: str = ""
    api_id: str = Field(min_length=1)
    plan_id: str = ""
    state: str | None = None
    refused: str = ""
    headline: str = ""
    blocks: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    store: FindingStore
    notebook: Notebook
    policy: Callable[[], OrgPolicy]
    clock: Clock

    def take(self, body: str) -> bool:
        """False: it was told already, or is about no API that is known.

        Raises MalformedAnswer, and Conflict and what the store raises: then it comes again.
        """
        try:
            answer = _Answer.model_validate_json(body)
        except (ValidationError, RecursionError) as error:
            raise MalformedAnswer(str(error)) from error
        receipt = hashlib.sha256(body.encode()).hexdigest()
        if self.notebook.find(RECEIPTS, receipt) is not None:
            return False
        known = [r.api for r in self.store.records() if r.api.api_id == answer.api_id]
        for api in known[:1]:
            self._tell(self.store.load(api), answer)
        self.notebook.write(RECEIPTS, receipt, "told", until=self.clock.now() + RECEIPT_LIVES)
        return bool(known)

    def _tell(self, stored: ApiRecord, answer: _Answer) -> None:
        for _ in range(ATTEMPTS):
            record = replace(stored, version=stored.version + 1)
            try:
                self.store.commit(record, self._notice(record, answer))
            except Conflict:
                stored = self.store.load(stored.api)
                continue
            return
        raise Conflict(f"{stored.api.api_id}: {ATTEMPTS} writes in a row met a newer version")

    def _notice(self, record: ApiRecord, answer: _Answer) -> Notice:
        state = REFUSED if answer.refused else answer.state or "unknown"
        # What nobody is alerted of does not come into the conversation by a remedy either.
        told_from = self.policy().routing.alert_from
        return Notice(
            api=record.api,
            api_name=record.name,
            sequence=record.version,
            made_at=self.clock.now(),
            steps=(),
            unresolved=tuple(
                one
                for one in unresolved(record.findings)
                if one.violation.severity.at_least(told_from)
            ),
            scope_before=record.scope,
            scope_now=record.scope or Scope.UNKNOWN,
            tags=record.tags,
            plan=PlanNews(
                plan_id=answer.plan_id,
                action=answer.step,
                finding_id=answer.finding_id,
                state=state,
                lines=tuple(filter(None, [answer.refused or answer.headline])),
                requested_by=answer.requested_by,
                # Refused, the plan is as it was: what could be done with it can be done still.
                offers=_OFFERS.get(answer.state or "", ()),
                blocks=answer.blocks,
            ),
        )
