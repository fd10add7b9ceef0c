"""A plan and what became of it, as the document that other programs read; its JSON Schema in
`docs/schemas/` is made from this."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from monitor.model.api import ApiType
from monitor.report.documents import Document
from remediators.aws_writes import WRITES
from remediators.entry import Entry, Event
from remediators.plan import BlastRadius, Forecast, Goal, Precondition, State, Step, Suggestion


class PlanDocument(Document):
    """`because` says the last thing that happened. `steps` with the image of each object before and
    after, the call, and the call that takes it back; `access` is what the engine predicts.
    `iam_actions` are needed to carry the plan out and to undo it."""

    schema_: Literal["gatewatch.plan/1"] = Field(
        default="gatewatch.plan/1", serialization_alias="schema"
    )
    id: str
    state: State
    because: str
    action: str
    summary: str
    goal: Goal
    finding_id: str
    rule: str
    policy_class: str
    account_id: str
    region: str
    api_id: str
    api_name: str
    api_type: ApiType
    stage: str
    made_at: datetime
    expires_at: datetime
    requested_by: str
    approved_by: str
    undone_by: str
    automatic: bool
    steps: tuple[Step, ...]
    preconditions: tuple[Precondition, ...]
    access: Forecast
    blast_radius: BlastRadius
    warnings: tuple[str, ...]
    parameters: Mapping[str, Any]
    iam_actions: tuple[str, ...]
    suggestion: Suggestion | None
    events: tuple[Event, ...]


def plan_document(entry: Entry) -> PlanDocument:
    plan = entry.plan
    return PlanDocument(
        id=plan.id,
        state=entry.state,
        because=entry.because,
        action=plan.action,
        summary=plan.summary,
        goal=plan.goal,
        finding_id=plan.finding_id,
        rule=plan.rule,
        policy_class=plan.policy_class,
        account_id=plan.api.account_id,
        region=plan.api.region,
        api_id=plan.api.api_id,
        api_name=plan.api_name,
        api_type=plan.api_type,
        stage=plan.stage,
        made_at=plan.made_at,
        expires_at=plan.expires_at,
        requested_by=entry.requested_by,
        approved_by=entry.approved_by,
        undone_by=entry.undone_by,
        automatic=entry.automatic,
        steps=plan.steps,
        preconditions=plan.preconditions,
        access=plan.access,
        blast_radius=plan.blast_radius,
        warnings=plan.warnings,
        parameters=plan.parameters,
        iam_actions=iam_actions(entry),
        suggestion=plan.suggestion,
        events=entry.events,
    )


def iam_actions(entry: Entry) -> tuple[str, ...]:
    """What the steps and their inverses need."""
    calls = [one.call for one in entry.plan.steps]
    calls += [one.inverse.call for one in entry.plan.steps if one.inverse is not None]
    needed = {permission.action for call in calls for permission in WRITES[call.operation]}
    return tuple(sorted(needed))
