"""What somebody asks of Gatewatch in Slack, once it is certain that Slack sent it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.api import ApiId


class AskKind(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    WAIVE = "waive"
    PLAN = "plan"
    APPROVE = "approve"
    UNDO = "undo"
    STATUS = "status"
    OPEN = "open"
    EXPLAIN = "explain"
    MUTE = "mute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`id` is the same for the same press of a button, however often it arrives. `user` is a Slack
    user id, `at` when Slack sent it (aware, UTC).

    By kind: `api` and `finding_ids`; `plan_id` and `requested_by` of a plan; `reason` and `until`
    of a waiver or mute; `words` of a command. `answer_url` takes an answer that only the user sees;
    empty = there is none.
    """

    id: str
    kind: AskKind
    user: str
    at: datetime
    api: ApiId | None = None
    finding_ids: tuple[str, ...] = ()
    plan_id: str = ""
    requested_by: str = ""
    reason: str = ""
    until: datetime | None = None
    words: str = ""
    answer_url: str = ""

    @property
    def who(self) -> str:
        """The person, as findings and remediations name them."""
        return f"slack:{self.user}"
