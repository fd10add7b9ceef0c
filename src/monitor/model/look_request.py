"""A wish that an API be looked at, as it waits in a queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.model.api import ApiId
from monitor.model.change import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRequest:
    """Look at an API: a scan asks, or a change that concerns many.

    `asked_at`: a look that began since then has answered it, unless it is to be read `anew` or
    `changes` have to be named. `attempt` counts the looks that could not read everything.
    """

    api: ApiId
    asked_at: datetime
    anew: bool = False
    attempt: int = 0
    changes: tuple[Change, ...] = ()
