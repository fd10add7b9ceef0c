"""What has to be told of one API after one look at it, and the conversation it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.access import Scope
from monitor.model.api import ApiId
from monitor.model.finding import Cause, Finding, Severity


class StepKind(StrEnum):
    """What happened to a finding."""

    OPENED = "opened"
    REOPENED = "reopened"
    WIDENED = "widened"
    ATTRIBUTED = "attributed"
    """The event of the change arrived after the finding was told."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    kind: StepKind
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message: all that one look changed about one API.

    `sequence` is the version of the record it was stored with, so that the notices of an API have
    an order. `unresolved`: every finding of the API that is open or unknown after this look, those
    of the steps included. `scope_before` None: the API was never judged before.
    """

    api: ApiId
    api_name: str
    sequence: int
    made_at: datetime
    steps: tuple[Step, ...]
    unresolved: tuple[Finding, ...]
    scope_before: Scope | None
    scope_now: Scope
    cause: Cause | None = None

    @property
    def id(self) -> str:
        api = self.api
        return f"{api.account_id}/{api.region}/{api.api_id}/{self.sequence}"

    @property
    def severity(self) -> Severity:
        """That of the gravest finding it speaks of."""
        told = [step.finding.violation.severity for step in self.steps]
        return min(told, key=lambda severity: severity.rank, default=Severity.INFO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An API of which something is still untold: how grave the gravest of it is, and since when."""

    api: ApiId
    severity: Severity
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of a conversation's history: what happened to how many findings, and by whom."""

    at: datetime
    kind: StepKind
    findings: int
    scope: Scope
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Where an API's incident is talked about: a Slack channel id and its first message.

    `shared`: that message is a digest that speaks of other APIs too, so it is not kept up to date.
    """

    channel: str
    message_ts: str
    is_open: bool
    shared: bool = False
    history: tuple[Moment, ...] = ()
