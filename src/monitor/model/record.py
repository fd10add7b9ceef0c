"""What is stored of one API: its findings and when it was last looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.model.access import Scope
from monitor.model.api import ApiId
from monitor.model.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRecord:
    """`version` counts the writes; `read_at` is when the snapshot behind it was read, so that a
    late evaluation of an old snapshot cannot overwrite a newer one."""

    api: ApiId
    version: int = 0
    read_at: datetime | None = None
    name: str = ""
    scope: Scope | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    findings: Mapping[str, Finding] = field(default_factory=dict)
