"""`routing`: which Slack channel hears of a finding, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from monitor.model.finding import Severity
from monitor.orgpolicy.times import Window, end_of_windows
from monitor.orgpolicy.words import ONE_OR_MORE, Channel, Part, Tags, Texts, matches_tags

_Severities = Annotated[tuple[Severity, ...], Field(min_length=1), ONE_OR_MORE]


class ChannelFor(Part):
    """The channel of some findings. What is not given, does not matter."""

    of_class: Texts | None = Field(
        default=None, alias="class", description="Names of classes of this file."
    )
    severity: _Severities | None = Field(default=None, description="Severities.")
    tags: Tags = Field(default_factory=dict, description="Tags that the API carries (globs).")
    channel: Channel = Field(description="A Slack channel's id, or `#name`.")


class QuietHours(Part):
    """When findings of low severity wait."""

    windows: Annotated[tuple[Window, ...], ONE_OR_MORE] = Field(
        min_length=1, description="Hours of the week."
    )
    severities: _Severities = Field(
        default=(Severity.LOW, Severity.INFO), description="The severities that wait."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where a message goes. `channel` None: to the deployment's own. `fallback`: where the channel
    refuses. `not_before` (UTC) None = at once."""

    channel: str | None
    fallback: str | None
    not_before: datetime | None


class Routing(Part):
    channel: Channel | None = Field(
        default=None,
        description="Where no route says otherwise; without it, the channel of the deployment.",
    )
    fallback: Channel | None = Field(
        default=None, description="Where a channel is gone, archived or refuses."
    )
    routes: tuple[ChannelFor, ...] = Field(
        default=(), description="By class, severity and tags; the first that fits counts."
    )
    quiet_hours: QuietHours | None = Field(
        default=None, description="When findings of low severity wait."
    )
    alert_from: Severity = Field(
        default=Severity.LOW,
        description="Findings that are less grave make no message; they stand in scans and in the "
        "digest.",
    )

    def of(
        self,
        *,
        class_name: str,
        severity: Severity,
        tags: Mapping[str, str],
        now: datetime,
        zone: ZoneInfo,
    ) -> Delivery:
        fits = (
            one.channel
            for one in self.routes
            if (one.of_class is None or class_name in one.of_class)
            and (one.severity is None or severity in one.severity)
            and matches_tags(one.tags, tags)
        )
        quiet = self.quiet_hours
        waits = quiet is not None and severity in quiet.severities
        return Delivery(
            channel=next(fits, self.channel),
            fallback=self.fallback or self.channel,
            not_before=end_of_windows(quiet.windows, now, zone) if quiet and waits else None,
        )
