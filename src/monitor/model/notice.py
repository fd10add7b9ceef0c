"""What has to be told of one API after one look at it, and the conversation it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from monitor.model.access import Scope
from monitor.model.api import ApiId
from monitor.model.finding import Cause, Finding, Severity
from monitor.model.finding import StepKind as StepKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    kind: StepKind
    finding: Finding


class PlanOffer(StrEnum):
    """What can be done with a plan in the state it is in."""

    APPROVE = "approve"
    UNDO = "undo"


REFUSED = "refused"
"""The state of plan news whose request was not carried out; `lines` say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNews:
    """What became of a remediation: its plan (`plan_id`), the state in a word (`planned`,
    `applied`), and what a person has to read of it, a line each.

    `offers`: the buttons below. `requested_by`: who asked, so that another approves. `blocks`: the
    plan as the remediator shows it in Slack, in place of the lines.
    """

    plan_id: str
    action: str
    finding_id: str
    state: str
    lines: tuple[str, ...]
    requested_by: str
    offers: tuple[PlanOffer, ...] = ()
    blocks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFindings:
    """What the first scan of an account and region found, or the first one that asked new rules.

    `rules`: the new ones, empty = all of them are. `apis` and `public_apis` are counts, `findings`
    counts the open ones. `worst`: the gravest of them. `not_looked_at`: ids of APIs that the scan
    did not get to in time.
    """

    apis: int
    public_apis: int
    findings: Mapping[Severity, int]
    unknown: int
    waived: int
    worst: tuple[Finding, ...] = ()
    not_looked_at: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message: all that one look changed about one API, or (`first`) what there was from the
    beginning about every API of an account and region, whose id is then `*`.

    `sequence` is the version of the record it was stored with, so that the notices of an API have
    an order. `unresolved`: every finding of the API that is open or unknown after this look, those
    of the steps included. `scope_before` None: the API was never judged before. `tags`: the API's,
    by which the org policy may route. `plan`: news of a remediation.
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
    tags: Mapping[str, str] = field(default_factory=dict)
    plan: PlanNews | None = None
    first: FirstFindings | None = None

    @property
    def id(self) -> str:
        api = self.api
        return f"{api.account_id}/{api.region}/{api.api_id}/{self.sequence}"

    @property
    def severity(self) -> Severity:
        """That of the gravest finding it speaks of."""
        worst = self.first.worst if self.first else ()
        findings = (*(step.finding for step in self.steps), *worst)
        told = [finding.violation.severity for finding in findings]
        least = Severity.HIGH if self.plan else Severity.INFO
        return min(told, key=lambda severity: severity.rank, default=least)


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
    `scope_before`: who could call the API before the incident that is open began.
    """

    channel: str
    message_ts: str
    is_open: bool
    shared: bool = False
    scope_before: Scope | None = None
    history: tuple[Moment, ...] = ()
