"""The org policy file as models: who may invoke which APIs, and what happens where more can. An
upper bound, not a description."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from monitor.model.finding import Severity
from monitor.orgpolicy.people import People
from monitor.orgpolicy.remedies import Remediations
from monitor.orgpolicy.routing import Routing
from monitor.orgpolicy.selectors import Selector
from monitor.orgpolicy.sets import Expression
from monitor.orgpolicy.who import WhoWeAre
from monitor.orgpolicy.words import Part, PrincipalGlob, Setting, TimeZone, Whole


class ApiClass(Part):
    """APIs, stages or routes that may be called by the same callers."""

    name: str = Field(
        min_length=1, max_length=100, description="What findings call it; unique in the file."
    )
    description: str = Field(default="", description="For whoever reads the file.")
    select: Selector | None = Field(
        default=None, description="What belongs to the class; the last class has none."
    )
    allowed: Expression = Field(
        description="Who may call: a set, a list (any of them), or `any_of` and `all_of`. "
        "`no-public-access` stands alone."
    )

    @property
    def narrows(self) -> bool:
        """Whether it is about some stages or routes of an API only."""
        return self.select is not None and self.select.narrows


class RuleSettings(Part):
    """What is different from the rule's own settings."""

    on: bool | None = Field(default=None, description="Whether the rule is asked at all.")
    severity: Severity | None = Field(
        default=None, description="The severity of everything that the rule finds."
    )
    parameters: dict[str, Setting] = Field(
        default_factory=dict, description="Values of the rule's parameters, by name."
    )


def _switch(value: object) -> object:
    if value in ("on", "off") or isinstance(value, bool):
        return {"on": value in ("on", True)}
    if isinstance(value, str | int | float | list) or value is None:
        found = "nothing" if value is None else f"`{str(value)[:100]}`"
        raise ValueError(
            f"expected `on`, `off` or settings such as `severity: high`, found {found}"
        )
    return value


class Thresholds(Part):
    """Where a few become many. Besides these, any parameter of a rule may be set here by its name,
    for every rule that has it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Setting]

    broad_ipv4_addresses: Whole = Field(
        default=1 << 24,
        ge=1,
        le=1 << 32,
        description="More routable IPv4 addresses than these are public; as many missing from the "
        "whole are an exception to it.",
    )
    broad_ipv6_prefix: Whole = Field(
        default=32,
        ge=1,
        le=128,
        description="An IPv6 block with a shorter prefix than this is public.",
    )

    @property
    def by_name(self) -> dict[str, Setting]:
        """What the file says, without the defaults."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class WaiverEntry(Part):
    """A finding that somebody accepts for a time. It stays visible, and comes back afterwards."""

    rule: str = Field(description="Id of the rule.")
    select: Selector = Field(
        description="Where the waiver holds: the API by id, name, tags, account, region or type, "
        "and the stage and route. With a route, only findings are waived all of whose routes are."
    )
    reason: str = Field(min_length=1, max_length=1000, description="Why it is acceptable.")
    owner: str = Field(min_length=1, max_length=200, description="Who answers for it.")
    granted: date = Field(description="The first day on which it holds (UTC).")
    expires: date = Field(description="The last day on which it holds (UTC).")


class OrgPolicy(Part):
    """Who may invoke your APIs, and what happens where more can.

    Classes are tried in order; the first whose selector matches counts.
    """

    version: Literal[1] = Field(description="The version of this format.")
    organization: WhoWeAre = Field(
        default_factory=WhoWeAre, description="Who we are, and whom we trust: names for AWS ids."
    )
    classes: tuple[ApiClass, ...] = Field(
        min_length=1,
        description="Who may call what. The first class that selects an API, stage or route "
        "counts; the last one takes the rest.",
    )
    rules: dict[str, Annotated[RuleSettings, BeforeValidator(_switch)]] = Field(
        default_factory=dict, description="By rule id: `on`, `off`, or its settings."
    )
    thresholds: Thresholds = Field(
        default_factory=Thresholds, description="Limits that several rules share."
    )
    waivers: tuple[WaiverEntry, ...] = Field(
        default=(), description="Findings that are accepted for a time."
    )
    max_waiver_days: Whole = Field(
        default=180, ge=1, le=3660, description="No waiver may last longer, from `granted` on."
    )
    announce_days_before: Whole = Field(
        default=14, ge=0, le=366, description="How long before its end a waiver is announced."
    )
    remediations: Remediations = Field(
        default_factory=Remediations, description="What Gatewatch may do about a finding."
    )
    people: People = Field(default_factory=People, description="Who may answer in Slack.")
    routing: Routing = Field(
        default_factory=Routing, description="Which Slack channel hears of what, and when."
    )
    timezone: TimeZone = Field(
        default="UTC", description="Of the times of day and dates in `routing` and `freezes`."
    )
    tags_count_from: tuple[PrincipalGlob, ...] = Field(
        default=(),
        description="Whose tags count: ARNs (globs) of principals who may move an API to a wider "
        "class by editing its tags. Empty: anybody's.",
    )
