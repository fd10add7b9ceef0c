"""What the collectors of both families share."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from monitor.model.api import ApiId, ApiSnapshot, ApiType, Stage
from monitor.model.gaps import Gap

T = TypeVar("T")


def or_else(answer: T | Gap, otherwise: T, gaps: list[Gap]) -> T:
    """The answer, or `otherwise` with the gap noted."""
    if isinstance(answer, Gap):
        gaps.append(answer)
        return otherwise
    return answer


def stage_version(stage: Stage) -> str:
    """Names the stage and its state, as a kept export needs it."""
    updated = stage.last_updated_at
    return f"{stage.name} {updated.isoformat() if updated else ''}".rstrip()


def unreadable(api: ApiId, api_type: ApiType, gap: Gap, read_at: datetime) -> ApiSnapshot:
    """The snapshot of an API of which nothing could be read."""
    return ApiSnapshot(api=api, api_type=api_type, name="", read_at=read_at, gaps=(gap,))
