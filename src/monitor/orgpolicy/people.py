"""`people`: who may do what about a finding, by Slack user or user group."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from monitor.orgpolicy.words import ONE_OR_MORE, Name, Part, SlackId


class Act(StrEnum):
    """What a person does about a finding."""

    ACKNOWLEDGE = "acknowledge"
    WAIVE = "waive"
    REMEDIATE = "remediate"
    APPROVE = "approve"
    UNDO = "undo"


_Whom = Annotated[tuple[str, ...], ONE_OR_MORE]
ANYONE = "anyone"


class People(Part):
    """Each list holds names of `names`, ids of Slack users (`U...`, `W...`) or user groups
    (`S...`), or the one word `anyone`. An empty list is nobody."""

    names: dict[Name, SlackId] = Field(
        default_factory=dict, description="Names for ids of Slack users and user groups."
    )
    acknowledge: _Whom = Field(
        default=(ANYONE,), description="Who may say that somebody deals with a finding."
    )
    waive: _Whom = Field(default=(), description="Who may accept a finding for a time.")
    remediate: _Whom = Field(default=(), description="Who may ask for a remediation.")
    approve: _Whom = Field(
        default=(), description="Who may approve a remediation whose mode is `approve`."
    )
    undo: _Whom = Field(default=(), description="Who may take a remediation back.")
    requester_may_approve: bool = Field(
        default=False, description="Whether one person may both ask and approve."
    )

    def ids_of(self, act: Act) -> frozenset[str]:
        """Slack ids of the users and groups who may; `anyone` is not among them."""
        listed: tuple[str, ...] = getattr(self, act.value)
        return frozenset(self.names.get(one, one) for one in listed if one != ANYONE)

    def may(
        self,
        act: Act,
        user: str,
        *,
        groups: Collection[str] = (),
        requester: str | None = None,
    ) -> bool:
        """Whether the Slack user, a member of these user groups, may do it. `requester`: who asked
        for what is approved here."""
        if act is Act.APPROVE and user == requester and not self.requester_may_approve:
            return False
        listed: tuple[str, ...] = getattr(self, act.value)
        return ANYONE in listed or not self.ids_of(act).isdisjoint({user, *groups})
