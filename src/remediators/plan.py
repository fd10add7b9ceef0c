"""What a remedy is going to do, as a value that can be shown, stored, approved and taken back.

A step takes one AWS object from one image (what Gatewatch compares of it, as JSON) to another by
one call; its inverse is the call that leads back. So a plan can be resumed at any step by looking
at the objects, and undone as long as nobody changed them since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from monitor.model.access import Scope
from monitor.model.api import ApiId, ApiType

Image = Mapping[str, Any]
"""The part of an object that is compared and written, as JSON."""


class Kind(StrEnum):
    """The kinds of objects that plans rest on or change. `ids` of each are named behind it."""

    REST_API = "rest-api"  # api
    REST_STAGE = "rest-stage"  # api, stage
    REST_METHOD = "rest-method"  # api, resource, verb
    REST_DEPLOYMENT = "rest-deployment"  # api, mark in its description
    REST_DEPLOYMENTS = "rest-deployments"  # api; read only
    REST_DRAFT = "rest-draft"  # api; read only
    REST_LIVE = "rest-live"  # api, stage; read only
    REST_CACHE = "rest-authorizers-cache"  # api, stage
    V2_API = "v2-api"  # api
    V2_STAGE = "v2-stage"  # api, stage
    V2_ROUTE = "v2-route"  # api, route
    V2_ROUTES = "v2-routes"  # api; read only
    V2_DEPLOYMENTS = "v2-deployments"  # api; read only
    V2_CACHE = "v2-authorizers-cache"  # api, stage
    KEPT_EXPORT = "kept-export"  # api, deployment; read only
    API_KEY = "api-key"  # key
    USAGE_PLAN = "usage-plan"  # plan
    DOMAIN_NAME = "domain-name"  # name
    USER_POOL = "user-pool"  # pool
    VPC_ENDPOINT = "vpc-endpoint"  # endpoint
    IP_SET = "ip-set"  # name
    WEB_ACL = "web-acl"  # name
    WEB_ACL_ASSOCIATION = "web-acl-association"  # stage's ARN


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Names one object of the API's account and region."""

    kind: Kind
    ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind.value} {'/'.join(self.ids)}"


def ref(kind: Kind, *ids: str) -> ObjectRef:
    return ObjectRef(kind, ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One write. `operation` as in `aws_writes.WRITES` (`apigateway:UpdateStage`); `arguments` as
    boto3 takes them. `${KEY.FIELD}` stands for a field of what the step KEY made."""

    operation: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """How a step is taken back."""

    title: str
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`before` or `after` None: the object is not there. `inverse` None: there is nothing to take
    back. `repeatable`: no image shows whether it was done, and twice does no harm. `whole`: the
    call writes all of the object, so it is taken back only if nobody touched any of it."""

    key: str
    title: str
    object: ObjectRef
    before: Image | None
    after: Image | None
    call: Call
    inverse: Inverse | None
    acts_at_once: bool = True
    whole: bool = False
    repeatable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What the plan was made against; another hash means that the world has moved. `object` None:
    the API as it was judged."""

    object: ObjectRef | None
    sha256: str


class Goal(StrEnum):
    """What has to be seen afterwards for the plan to have worked."""

    COMPLIANT = "compliant"
    """The org policy allows everybody who still gets in, and nothing is undecided."""
    CONTAINED = "contained"
    """Every request is refused, whoever sends it; access as configured is unchanged."""
    SETTING = "setting"
    """The setting is as planned, and no route is wider than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteForecast:
    """A route whose access changes, over all doors."""

    stage: str
    route: str
    before: Scope
    after: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class StageForecast:
    stage: str
    before: Scope
    after: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Access as the engine predicts it: of every stage, and of the routes whose access changes."""

    stages: tuple[StageForecast, ...] = ()
    routes: tuple[RouteForecast, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastRadius:
    """`routes` as `STAGE ROUTE`. `callers`: who loses access, in words. `others`: further APIs and
    stages that share what is changed."""

    routes: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """How to make the fix last where a tool manages the API."""

    tool: str
    source: str
    patch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Immutable; everything that happens to it stands in the journal. `classes`: those of the org
    policy that the finding is about, `policy_class` the one whose bound is exceeded."""

    id: str
    action: str
    finding_id: str
    rule: str
    policy_class: str
    api: ApiId
    api_name: str
    api_type: ApiType
    stage: str
    made_at: datetime
    expires_at: datetime
    goal: Goal
    summary: str
    steps: tuple[Step, ...]
    preconditions: tuple[Precondition, ...]
    access: Forecast
    blast_radius: BlastRadius
    classes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    patience_seconds: int = 60
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    suggestion: Suggestion | None = None

    @property
    def changes(self) -> tuple[ObjectRef, ...]:
        return tuple(step.object for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """There is no plan, and why."""

    because: str


class State(StrEnum):
    PLANNED = "planned"
    APPROVED = "approved"
    APPLYING = "applying"
    VERIFYING = "verifying"
    DONE = "done"
    ROLLING_BACK = "rolling-back"
    ROLLED_BACK = "rolled-back"
    UNDOING = "undoing"
    UNDONE = "undone"
    REFUSED = "refused"
    STUCK = "stuck"

    @property
    def is_final(self) -> bool:
        return self in FINAL


FINAL = frozenset({State.DONE, State.ROLLED_BACK, State.UNDONE, State.REFUSED, State.STUCK})
GOING_ON = frozenset({State.APPLYING, State.VERIFYING, State.ROLLING_BACK, State.UNDOING})
"""States that a process is in the middle of; if it died, somebody has to go on."""


def canonical(value: object) -> str:
    """The same text for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def image_hash(image: object) -> str:
    return hashlib.sha256(canonical(image).encode()).hexdigest()


def plan_id(parts: object) -> str:
    return "gwp-" + image_hash(parts)[:16]


def changed_paths(
    before: Image | None, after: Image | None, prefix: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Where the two differ, as deep as both are mappings."""
    old, new = before or {}, after or {}
    for key in dict.fromkeys((*old, *new)):
        left, right = old.get(key), new.get(key)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            yield from changed_paths(left, right, (*prefix, key))
        elif left != right:
            yield (*prefix, key)


def value_at(image: Image | None, path: tuple[str, ...]) -> Any:
    """What stands there; None if nothing does."""
    found: Any = image
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def is_as(wanted: Image | None, other: Image | None, actual: Image | None, *, whole: bool) -> bool:
    """Whether the object is as `wanted`, in all that the step (between `wanted` and `other`)
    changes. AWS may add defaults beside what was written."""
    if wanted is None or actual is None:
        return wanted is None and actual is None
    if other is None:
        return _holds(wanted, actual)
    if whole:
        return canonical(wanted) == canonical(actual)
    return all(
        _holds(value_at(wanted, path), value_at(actual, path))
        for path in changed_paths(wanted, other)
    )


def _holds(wanted: Any, actual: Any) -> bool:
    if isinstance(wanted, Mapping) and isinstance(actual, Mapping):
        return all(_holds(value, actual.get(key)) for key, value in wanted.items())
    return bool(wanted == actual)


def resolved(value: Any, made: Mapping[str, Image]) -> Any:
    """The value with each `${KEY.FIELD}` replaced by what the step KEY made.

    Raises KeyError if it was not made yet.
    """
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        key, _, name = value[2:-1].partition(".")
        return made[key][name]
    if isinstance(value, Mapping):
        return {key: resolved(inner, made) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(inner, made) for inner in value]
    return value


def as_data(value: Any) -> dict[str, Any]:
    """A dataclass's fields, one level deep."""
    return {one.name: getattr(value, one.name) for one in fields(value)}
