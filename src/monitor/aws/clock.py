"""The time, where it is allowed to be read."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The port `Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)
