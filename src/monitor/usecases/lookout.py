"""Notes that events arrive: what the dead man's switch waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.ports import Clock, Sightings

NOTE_AFTER = timedelta(seconds=60)
"""A busy region would otherwise cost a write for each batch, and say nothing more."""


@dataclass(slots=True)
class Lookout:
    sightings: Sightings
    clock: Clock
    _noted: dict[str, datetime] = field(default_factory=dict)

    def note(self, seen: Mapping[str, datetime]) -> None:
        """`seen`: region -> the time of its latest event. A clock that is ahead proves nothing: no
        time after the present one is noted."""
        now = self.clock.now()
        for region, event_time in seen.items():
            time = min(event_time, now)
            last = self._noted.get(region)
            if last is None or time - last >= NOTE_AFTER:
                self.sightings.note(region, time)
                self._noted[region] = time
