"""What has to be told of one API after one look at it, and the conversation it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.model.access import Scope
from monitor.model.api import ApiId
from monitor.model.finding import Cause, Finding, Severity
from monitor.model.finding import StepKind as StepKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    kind: StepKind
    finding: Finding


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
    first: FirstFindings | None = None

    @property
    def id(self) -> str:
        api = self.api
        return f"{api.account_id}/{api.region}/{api.api_id}/{self.sequence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Where an API's incident is talked about: a Slack channel id and its first message."""

    channel: str
    message_ts: str
    is_open: bool
