"""`remediations`: what may be done about a finding, by whom, and when not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from monitor.orgpolicy.times import Window, end_of_windows
from monitor.orgpolicy.words import ONE_OR_MORE, Part, Tags, Texts, Whole, matches


class Mode(StrEnum):
    """From what does the least by itself to what does the most."""

    OFF = "off"
    APPROVE = "approve"
    OFFER = "offer"
    AUTO = "auto"


_ORDER = tuple(Mode)


class ModeFor(Part):
    """The mode of some remediations. What is not given, does not matter."""

    remediation: Texts | None = Field(default=None, description="Ids of remediations.")
    rule: Texts | None = Field(default=None, description="Ids of rules.")
    of_class: Texts | None = Field(
        default=None, alias="class", description="Names of classes of this file."
    )
    mode: Mode = Field(description="`off`, `offer`, `approve` or `auto`.")

    def speaks_of(self, remediation: str, rule: str, class_name: str) -> bool:
        return (
            (self.remediation is None or remediation in self.remediation)
            and (self.rule is None or rule in self.rule)
            and (self.of_class is None or class_name in self.of_class)
        )


class Freeze(Part):
    """Days on which nothing is changed."""

    name: str = Field(min_length=1, max_length=100, description="What it is called.")
    first: date = Field(alias="from", description="The first day.")
    last: date = Field(alias="to", description="The last day.")

    def end_after(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When it is over (UTC), if `now` lies in it."""
        today = now.astimezone(zone).date()
        if not self.first <= today <= self.last:
            return None
        after = self.last + timedelta(days=1)
        return datetime.combine(after, time(0), zone).astimezone(UTC)


class Limits(Part):
    """How many remediations may run by themselves; more wait for a person."""

    account: Whole = Field(default=10, ge=0, le=1000, description="In the whole account, an hour.")
    api: Whole = Field(default=2, ge=0, le=1000, description="On one API, an hour.")


class Remediations(Part):
    """`offer`: a person asks for it. `approve`: a second person has to agree. `auto`: it runs by
    itself."""

    mode: Mode = Field(default=Mode.OFFER, description="Where `modes` says nothing else.")
    modes: tuple[ModeFor, ...] = Field(
        default=(), description="By remediation, rule and class; the first that fits counts."
    )
    exempt_tags: Tags = Field(
        default_factory=dict,
        description="APIs that carry one of these tags, with one of the values (globs), are left "
        "alone.",
    )
    freezes: tuple[Freeze, ...] = Field(default=(), description="Days on which nothing is changed.")
    weekly_freezes: Annotated[tuple[Window, ...], ONE_OR_MORE] = Field(
        default=(), description="Hours of the week in which nothing is changed."
    )
    automatic_per_hour: Limits = Field(
        default_factory=Limits, description="How many may run by themselves."
    )

    def mode_of(
        self, remediation: str, *, rule: str, classes: Iterable[str], tags: Mapping[str, str]
    ) -> Mode:
        """The mode for a finding; the most careful one where its routes are of several classes."""
        exempt = self.exempt_tags.items()
        if any(key in tags and matches(values, tags[key]) for key, values in exempt):
            return Mode.OFF
        modes = {self._mode(remediation, rule, name) for name in classes}
        return min(modes, key=_ORDER.index, default=self._mode(remediation, rule, ""))

    def _mode(self, remediation: str, rule: str, class_name: str) -> Mode:
        fits = (one for one in self.modes if one.speaks_of(remediation, rule, class_name))
        found = next(fits, None)
        return found.mode if found else self.mode

    def frozen_until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """The end (UTC) of the change freezes that `now` (aware) lies in; None without one."""
        ends = [end for one in self.freezes if (end := one.end_after(now, zone)) is not None]
        weekly = end_of_windows(self.weekly_freezes, now, zone)
        return max((*ends, *((weekly,) if weekly else ())), default=None)
