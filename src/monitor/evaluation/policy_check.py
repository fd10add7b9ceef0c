"""What an org policy makes of the APIs there are: which class takes which, and what looks wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.model.api import ApiSnapshot
from monitor.orgpolicy.bounds import classes_of, places_of
from monitor.orgpolicy.places import position
from monitor.orgpolicy.review import Note, NoteKind, passed_by, review
from monitor.orgpolicy.schema import OrgPolicy


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class NoteDocument(_Document):
    kind: NoteKind
    line: int
    column: int
    message: str


class ClassedApi(_Document):
    """`classes`: those of the API and of its stages and routes, in the order of the file.
    `unclassed`: only the last class takes it, which takes what no other does."""

    api_id: str
    name: str
    region: str
    classes: tuple[str, ...]
    unclassed: bool


class ClassDocument(_Document):
    name: str
    apis: int


class PolicyCheckDocument(_Document):
    """`apis` null: no account was looked at. `complete`: whether every API could be read."""

    schema_: Literal["gatewatch.policy-check/1"] = Field(
        default="gatewatch.policy-check/1", serialization_alias="schema"
    )
    file: str
    classes: tuple[ClassDocument, ...]
    notes: tuple[NoteDocument, ...]
    apis: tuple[ClassedApi, ...] | None
    complete: bool = True


def check_policy(
    policy: OrgPolicy,
    document: Any,
    apis: Sequence[ApiSnapshot] | None,
    *,
    file: str,
    now: datetime,
    complete: bool = True,
) -> PolicyCheckDocument:
    """`document`: the file as YAML that remembers places; `apis` None: only the file is checked."""
    classed = None if apis is None else tuple(_classed(policy, one) for one in apis)
    notes = list(review(policy, now=now))
    if classed:
        notes += passed_by(policy, apis or ())
        notes += _empty_classes(policy, classed, {tuple(note.location) for note in notes})
    placed = [(position(document, note.location), note) for note in notes]
    return PolicyCheckDocument(
        file=file,
        classes=tuple(
            ClassDocument(name=one.name, apis=sum(one.name in api.classes for api in classed or ()))
            for one in policy.classes
        ),
        notes=tuple(
            NoteDocument(kind=note.kind, line=line, column=column, message=note.message)
            for (line, column), note in sorted(placed, key=lambda one: one[0])
        ),
        apis=classed,
        complete=complete,
    )


def _classed(policy: OrgPolicy, snapshot: ApiSnapshot) -> ClassedApi:
    classes = classes_of(policy, snapshot, places_of(snapshot))
    return ClassedApi(
        api_id=snapshot.api.api_id,
        name=snapshot.name,
        region=snapshot.api.region,
        classes=classes,
        unclassed=classes == (policy.classes[-1].name,),
    )


def _empty_classes(
    policy: OrgPolicy, apis: Iterable[ClassedApi], noted: set[tuple[int | str, ...]]
) -> Iterator[Note]:
    """Classes that nothing of this account is of. The last one may well be empty."""
    taken = {name for api in apis for name in api.classes}
    for index, one in enumerate(policy.classes[:-1]):
        location = ("classes", index)
        if one.name not in taken and location not in noted:
            message = f"no API is of the class `{one.name}`"
            yield Note(NoteKind.CLASS_EMPTY, location, message)
