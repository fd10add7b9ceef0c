"""What can be wrong with Gatewatch itself: why it may not see, not judge, or not tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TroubleKind(StrEnum):
    """Each has an alarm in the template and an answer in docs/runbook.md, under the same name."""

    BLIND = "blind"
    NO_TRAIL = "no-trail"
    RULE_OFF = "rule-off"
    QUEUE_POLICY = "queue-policy"
    DEAD_LETTERS = "dead-letters"
    UNTOLD = "untold"
    SLACK_SECRET = "slack-secret"  # noqa: S105
    SCAN_LATE = "scan-late"
    ORG_POLICY = "org-policy"
    ALARM = "alarm"
    CANNOT_TELL = "cannot-tell"

    @property
    def metric(self) -> str:
        return "".join(part.capitalize() for part in self.value.split("-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """`subject`: what it is about, such as a region or a queue; with `kind` it says whether two are
    the same. `text`: one sentence for people."""

    kind: TroubleKind
    subject: str
    text: str

    @property
    def id(self) -> str:
        return f"{self.kind.value}/{self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTrouble:
    """A trouble that was found and is not over. `told`: somebody heard of it."""

    trouble: Trouble
    since: datetime
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One message about Gatewatch itself. `stack`: which one. `by`: whose change was seen last
    before, empty if none was."""

    stack: str
    begun: tuple[KnownTrouble, ...]
    over: tuple[KnownTrouble, ...]
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What is known to be wrong. `version` counts the writes; `watched_since`: when this stack was
    first watched, None = never."""

    version: int = 0
    watched_since: datetime | None = None
    known: tuple[KnownTrouble, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A trail as one region sees it. None: that part could not be read."""

    name: str
    is_logging: bool | None
    records_changes: bool | None
    """Management events that write; without them there is nothing to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedRule:
    """A rule of EventBridge as it is now. `takes_changes`: its pattern takes events of ours."""

    is_enabled: bool
    takes_changes: bool
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedQueue:
    """A queue as it is now. `policy`: JSON text, empty = none. `messages`: how many it holds."""

    arn: str
    policy: str
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RingingAlarm:
    name: str
    text: str
