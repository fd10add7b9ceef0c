"""What the journal holds of one plan: how far it is, step by step, and who wanted it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from pydantic import TypeAdapter

from monitor.model.api import ApiId
from remediators.plan import Image, Plan, State, Step

MAX_EVENTS = 200


class Progress(StrEnum):
    """Of one step. What is `begun` or `undoing` may or may not have taken effect: the object itself
    tells."""

    BEGUN = "begun"
    APPLIED = "applied"
    UNDOING = "undoing"
    TAKEN_BACK = "taken-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """`made`: the image of an object that the step created, with its id."""

    progress: Progress
    made: Image | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: datetime
    state: State
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`version` counts the writes, so that two who go on with one plan cannot both succeed.

    `automatic`: nobody approved it, the org policy did.
    """

    plan: Plan
    state: State
    requested_by: str
    version: int = 1
    approved_by: str = ""
    undone_by: str = ""
    automatic: bool = False
    because: str = ""
    steps: Mapping[str, StepRecord] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @property
    def api(self) -> ApiId:
        return self.plan.api

    @property
    def made(self) -> dict[str, Image]:
        return {key: one.made for key, one in self.steps.items() if one.made is not None}

    def progress(self, step: Step) -> Progress | None:
        record = self.steps.get(step.key)
        return record.progress if record is not None else None

    def now_in(self, state: State, because: str, at: datetime) -> Entry:
        """The successor in another state, one version on."""
        event = Event(at=at, state=state, note=because)
        return replace(
            self,
            state=state,
            because=because,
            version=self.version + 1,
            events=(*self.events, event)[-MAX_EVENTS:],
        )

    def with_step(
        self, step: Step, progress: Progress, at: datetime, made: Image | None = None
    ) -> Entry:
        """The successor in which a step is that far, one version on."""
        old = self.steps.get(step.key)
        kept = made if made is not None else old.made if old else None
        record = StepRecord(progress=progress, made=kept)
        event = Event(at=at, state=self.state, note=f"{progress.value}: {step.title}")
        return replace(
            self,
            version=self.version + 1,
            steps={**self.steps, step.key: record},
            events=(*self.events, event)[-MAX_EVENTS:],
        )


ENTRY = TypeAdapter(Entry)


def planned(plan: Plan, requested_by: str) -> Entry:
    event = Event(at=plan.made_at, state=State.PLANNED, note=plan.summary)
    return Entry(plan=plan, state=State.PLANNED, requested_by=requested_by, events=(event,))
