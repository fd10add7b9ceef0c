"""Notes that events arrive: what the dead man's switch waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.ports import Clock, Sightings

SCANS = "scans"
"""The name under which the last scan is noted, beside the regions."""


@dataclass(frozen=True, slots=True)
class Lookout:
    sightings: Sightings
    clock: Clock

    def note(self, seen: Mapping[str, datetime]) -> None:
        """`seen`: region -> the time of its latest event. A clock that is ahead proves nothing: no
        time after the present one is noted."""
        now = self.clock.now()
        for region, event_time in seen.items():
            self.sightings.note(region, min(event_time, now))
