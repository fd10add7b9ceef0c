"""What is stored of one API: its findings and when it was last looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.model.access import Scope
from monitor.model.api import ApiId
from monitor.model.finding import Finding
from monitor.model.objects import ObjectRef
from monitor.model.outline import Outline
from monitor.model.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What an account and region held when Gatewatch, or a rule of it, was new there.

    `rules`: ids of those whose baseline was told; what they find from then on is a change.
    `begun_at`: when others were first asked, None = there are none. `apis`: ids of those that the
    first scan has to look at before it is over, None = no scan has listed them yet.
    """

    rules: tuple[str, ...] = ()
    begun_at: datetime | None = None
    apis: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRecord:
    """`version` counts the writes; `read_at` is when the snapshot behind it was read, so that a
    late evaluation of an old snapshot cannot overwrite a newer one.

    `outline`: what was seen then, for the next look to compare with; None = nothing yet.
    `rests_on`: the objects whose change asks for another look. `gone_at`: the API was deleted.
    `standing`: its classes in the org policy. `baseline`: only on the record that stands for every
    API of an account and region.
    """

    api: ApiId
    version: int = 0
    read_at: datetime | None = None
    name: str = ""
    scope: Scope | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    findings: Mapping[str, Finding] = field(default_factory=dict)
    baseline: Baseline | None = None
    standing: Standing | None = None
    outline: Outline | None = None
    rests_on: tuple[ObjectRef, ...] = ()
    gone_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What a commit changes in the index of objects and the APIs that rest on them."""

    added: frozenset[ObjectRef] = frozenset()
    removed: frozenset[ObjectRef] = frozenset()
