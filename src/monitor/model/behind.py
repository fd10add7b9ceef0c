"""What stands behind an API's doors: throttles, keys and plans, user pools, authorizer functions,
and the identities that may sign. Frozen values; `None` = not read, as in `monitor.model.api`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """Requests a second, and how many at once. None = not set here, the next wider limit holds."""

    rate: float | None = None
    burst: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """So many requests a `DAY`, `WEEK` or `MONTH`."""

    limit: int
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSettings:
    """How a stage treats the methods of one pattern. None = not set.

    `cache_control_authorized`: a caller who bypasses the cache by a header needs a permission.
    """

    throttle: Throttle = Throttle()
    logging_level: str | None = None
    data_trace: bool = False
    metrics: bool = False
    caching: bool = False
    cache_encrypted: bool = False
    cache_ttl_seconds: int | None = None
    cache_control_authorized: bool | None = None


class IntegrationKind(StrEnum):
    """What answers a request. `HTTP` and `HTTP_PROXY` are one kind here, as are `AWS` and
    `AWS_PROXY`: both send it to the same place."""

    MOCK = "MOCK"
    HTTP = "HTTP"
    AWS = "AWS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """Where the requests of a route go. Addresses, headers and templates are never kept.

    `kind` None = not read, or not known. `private`: through a VPC link. `encrypted`: of an HTTP
    backend, whether API Gateway speaks TLS to it; None = it cannot be told, as where a stage
    variable holds the scheme. `unverified`: any certificate is taken. `integration_id`: what a
    route of an HTTP or WebSocket API names.
    """

    kind: IntegrationKind | None = None
    private: bool = False
    encrypted: bool | None = None
    unverified: bool = False
    integration_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A CloudFront distribution that answers requests; `origins` are the hosts it asks."""

    distribution_id: str
    domain_name: str = ""
    origins: tuple[str, ...] = ()
    has_web_acl: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSecret:
    """A stage variable whose value looks like a secret; the value itself is never kept. `canary`:
    it is set for the canary's requests only."""

    variable: str
    kind: str
    canary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key without its value, which Gatewatch never keeps. `enabled` None = not told."""

    key_id: str
    name: str = ""
    enabled: bool | None = None
    created_at: datetime | None = None
    last_updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStage:
    """A stage that a usage plan covers; `throttles` by method (`/pets/GET`)."""

    api_id: str
    stage: str
    throttles: Mapping[str, Throttle] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePlan:
    """`throttle` and `quota` None = the plan sets none. `keys` None = not read.

    `used_on`: by id of a key, the last day (UTC) of the last `USAGE_DAYS` on which a request came
    with it; a key that is missing there was not used. None = not read.
    """

    plan_id: str
    name: str = ""
    stages: tuple[PlanStage, ...] = ()
    throttle: Throttle | None = None
    quota: Quota | None = None
    keys: tuple[ApiKey, ...] | None = None
    used_on: Mapping[str, date] | None = None


USAGE_DAYS = 90
"""How far back the use of keys is read, today included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolClient:
    client_id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPool:
    """A Cognito user pool that an authorizer names. `exists` None: not read, because it failed or
    because the pool is of another account or region.

    `self_sign_up`: anybody may make an account of their own. `mfa` is `OFF`, `OPTIONAL` or `ON`.
    """

    arn: str
    exists: bool | None = None
    name: str = ""
    self_sign_up: bool | None = None
    mfa: str | None = None
    clients: tuple[PoolClient, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaFunction:
    """The function of a Lambda authorizer; `arn` with the qualifier that the authorizer names.

    `exists` None: not read, because it failed, or because the function is of another account or
    region or named through a stage variable. `policy` is the function's own policy as JSON text,
    which says who may invoke it; None beside `exists` True = it has none.
    """

    arn: str
    exists: bool | None = None
    policy: str | None = None

    @property
    def account_id(self) -> str:
        """The owner's account; empty where the ARN names none."""
        parts = self.arn.split(":")
        return parts[4] if len(parts) > 4 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """API Gateway's settings of the account in one region. `log_role` writes execution logs."""

    log_role: str | None = None
    throttle: Throttle = Throttle()


class IdentityKind(StrEnum):
    USER = "user"
    ROLE = "role"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeStatement:
    """A statement of an identity policy that speaks of invoking an API.

    `allows` None: its effect cannot be read. `resources` as written; with `negated` all others.
    `certain` False: something of it could not be read, so it may speak of more or of less.
    `group`: the IAM group by which a user has it, empty where the policy is the identity's own.
    """

    policy: str
    allows: bool | None
    resources: tuple[str, ...]
    negated: bool = False
    conditional: bool = False
    certain: bool = True
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoker:
    """A user or role of the account that holds `execute-api:Invoke` for some API, groups included.

    `boundary` None = it has no permissions boundary. Service control policies are not read; they
    can only narrow.
    """

    arn: str
    kind: IdentityKind
    statements: tuple[InvokeStatement, ...]
    boundary: tuple[InvokeStatement, ...] | None = None
