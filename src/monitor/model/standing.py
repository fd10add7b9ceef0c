"""In which classes of the org policy an API is, and in which it was when somebody last agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.model.finding import Cause
from monitor.model.organization import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The bound of the API as a whole; `places` are the stages and routes (stage, route key, class)
    that are of another class, whose bounds are `others`, by class.

    What led to this: the API's tags and name, and a digest of the classes of the org policy.
    """

    whole: Bound
    tags: Mapping[str, str]
    name: str
    policy: str
    places: tuple[tuple[str, str, str], ...] = ()
    others: Mapping[str, Bound] = field(default_factory=dict)

    @property
    def bounds(self) -> Mapping[tuple[str, str], Bound]:
        return {(stage, route): self.others[name] for stage, route, name in self.places}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`accepted`: the classes of the last time that nobody had to agree. `claimed`: those of now,
    where somebody moved the API to wider ones since; None = they are the same."""

    accepted: Classes
    claimed: Classes | None = None

    @property
    def agreed(self) -> Standing:
        """Somebody accepts the classes of now."""
        return Standing(accepted=self.claimed or self.accepted)


class MovedBy(StrEnum):
    TAGS = "an edit of its tags"
    NAME = "another name"
    POLICY = "an edit of the org policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMove:
    """A part of an API went to a class that allows more. `stages` and `routes`: which; both empty:
    the API as a whole. `who`: whose edit it was, None = not known. `counts` False: the edit is by
    nobody whose tags count, and the earlier class stays in force."""

    before: Bound
    now: Bound
    by: tuple[MovedBy, ...]
    counts: bool
    who: Cause | None = None
    stages: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
