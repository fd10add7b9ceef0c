"""What of an API decides who gets in, in the fewest words: kept from one look to the next, so that
the next can say what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedOutline:
    """What one deployment serves, or the draft would. `routes`: key -> how it is guarded. A policy
    is known by its digest; None = unknown."""

    routes: Mapping[str, str] | None = None
    policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutline:
    """`scope`: who can call it now. `settings`: name -> value of what else lets people in or keeps
    them out."""

    scope: str
    deployment_id: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """`settings` of the API and its doors by name. A value of `?` was not read."""

    settings: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[str, StageOutline] = field(default_factory=dict)
    served: Mapping[str, ServedOutline] = field(default_factory=dict)
    draft: ServedOutline = ServedOutline()


UNREAD = "?"
