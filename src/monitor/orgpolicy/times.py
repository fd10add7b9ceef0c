"""Windows of the week, in a time zone: quiet hours and change freezes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from monitor.orgpolicy.words import ONE_OR_MORE, Part, TimeOfDay


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_WEEK = tuple(Weekday)
_DAY = timedelta(days=1)


class Window(Part):
    """Hours that come again every week. `to` at or before `from` means the next day."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1), ONE_OR_MORE] = Field(
        default=_WEEK, description="The days on which it begins; without it, every day."
    )
    begins: TimeOfDay = Field(
        default=time(0), alias="from", description='When it begins, such as "20:00".'
    )
    ends: TimeOfDay = Field(
        default=time(0), alias="to", description='When it ends, such as "07:00".'
    )

    def end_after(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When the window that `now` (aware) lies in ends (UTC); None if it lies in none."""
        today = now.astimezone(zone).date()
        ends = (self._span(day, zone) for day in (today - _DAY, today))
        return max((end for start, end in ends if start <= now < end), default=None)

    def _span(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        start = _at(day, self.begins, zone)
        if _WEEK[day.weekday()] not in self.days:
            return start, start
        last = day if self.ends > self.begins else day + _DAY
        return start, _at(last, self.ends, zone)


def _at(day: date, moment: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, moment, zone).astimezone(UTC)


def end_of_windows(windows: tuple[Window, ...], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the windows around `now`, one after another, are over (UTC); None if `now` lies in none,
    or if they never end."""
    moment, end = now, None
    for _ in range(2 * len(_WEEK) * max(1, len(windows))):
        ends = [found for one in windows if (found := one.end_after(moment, zone)) is not None]
        if not ends:
            return end
        end = moment = max(ends)
    return None
