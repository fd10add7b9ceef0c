"""Short makers with defaults: a test says only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.evaluation.evaluate import Doubt, Evaluation
from monitor.model.access import (
    Access,
    ApiAccess,
    Door,
    DoorKind,
    RouteAccess,
    Scope,
    StageAccess,
    Witness,
)
from monitor.model.api import (
    ApiId,
    ApiSnapshot,
    ApiType,
    AuthorizationType,
    Configuration,
    EndpointType,
    PolicySource,
    ResourcePolicy,
    Route,
    Stage,
    WebAcl,
)
from monitor.model.behind import (
    AccountSettings,
    Integration,
    IntegrationKind,
    MethodSettings,
    Throttle,
)
from monitor.model.finding import Cause, Severity, Status, Violation
from monitor.model.gaps import Gap, Unknown
from monitor.model.organization import Bound

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACCOUNT = "123456789012"
API = ApiId(account_id=ACCOUNT, region="us-east-1", api_id="a1b2c3d4e5")
DOOR = Door(kind=DoorKind.DEFAULT_ENDPOINT, host="a1b2c3d4e5.execute-api.us-east-1.amazonaws.com")
CAUSE = Cause(
    who="jane@example.com (role Developer)",
    event_name="CreateDeployment",
    event_id="e-1",
    event_time=NOW - timedelta(seconds=30),
    source_ip="198.51.100.7",
    via="Terraform",
)

BOUND = Bound(class_name="everything else", allowed=None, clause="allowed: no-public-access")


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def route(
    key: str = "GET /orders",
    authorization: AuthorizationType | None = AuthorizationType.NONE,
    **fields: Any,
) -> Route:
    behind = Integration(kind=IntegrationKind.AWS)
    return Route(key=key, authorization=authorization, **{"integration": behind, **fields})


def stage(name: str = "prod", deployment_id: str | None = "d1", **fields: Any) -> Stage:
    """One in which nothing but access is left to find fault with."""
    tidy: dict[str, Any] = {
        "settings": {
            "*/*": MethodSettings(throttle=Throttle(rate=50.0, burst=100), logging_level="ERROR")
        },
        "access_log_arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:calls",
        "web_acl_arn": f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/webacl/all/1",
        "web_acl": WebAcl(default_action="ALLOW", rules=()),
        "tracing": True,
    }
    return Stage(name=name, deployment_id=deployment_id, **{**tidy, **fields})


LOGGING = AccountSettings(
    log_role=f"arn:aws:iam::{ACCOUNT}:role/logs", throttle=Throttle(rate=10000.0, burst=5000)
)


def policy(text: str | None) -> ResourcePolicy:
    return ResourcePolicy(text=text, source=PolicySource.EXPORT)


def configuration(*routes: Route, policy_text: str | None = None) -> Configuration:
    return Configuration(routes=routes or (route(),), policies=(policy(policy_text),))


def rest_api(
    live: Configuration | None = None,
    draft: Configuration | None = None,
    *,
    tags: Mapping[str, str] | None = None,
    gaps: Iterable[Gap] = (),
    read_at: datetime = NOW,
    **fields: Any,
) -> ApiSnapshot:
    live = live or configuration()
    defaults: dict[str, Any] = {
        "api": API,
        "api_type": ApiType.REST,
        "name": "orders",
        "endpoint_types": (EndpointType.REGIONAL,),
        "stages": (stage(),),
        "deployments": {"d1": live},
        "draft": draft or live,
        "custom_domains": (),
        "account": LOGGING,
        "distributions": (),
    }
    return ApiSnapshot(**{**defaults, **fields}, tags=tags or {}, gaps=tuple(gaps), read_at=read_at)


def access(scope: Scope, *, public: bool | None = None) -> Access:
    if public is None and scope is not Scope.UNKNOWN:
        public = scope.is_public
    witness = Witness(
        door=DOOR, method="GET", path="/orders", stage="prod", source_ip="203.0.113.9"
    )
    return Access(
        public=public,
        anonymous=public,
        any_aws_account=False,
        scope=scope,
        witness=witness if public else None,
    )


def stage_access(scope: Scope, *, stage: str = "prod", draft: Scope | None = None) -> StageAccess:
    judged = access(scope)
    return StageAccess(
        stage=stage,
        deployment_id="d1",
        live=judged,
        live_routes=(RouteAccess(door=DOOR, route="GET /orders", access=judged),),
        draft=access(draft or scope),
    )


def violation(scope: Scope = Scope.INTERNET, **fields: Any) -> Violation:
    unknown = scope is Scope.UNKNOWN
    defaults: dict[str, Any] = {
        "rule": "access-unknown" if unknown else "access-exceeds-policy",
        "severity": Severity.HIGH if unknown else Severity.CRITICAL,
        "status": Status.UNKNOWN if unknown else Status.OPEN,
        "title": "anyone on the internet can call 1 route of stage prod",
        "scope": scope,
        "stage": "prod",
        "deployment_id": "d1",
        "live": True,
        "routes": ("GET /orders",),
        "witness": access(scope).witness,
    }
    return Violation(**{**defaults, **fields})


def evaluation(
    *violations: Violation,
    snapshot: ApiSnapshot | None = None,
    doubts: Iterable[Doubt] = (),
    scope: Scope | None = None,
) -> Evaluation:
    widest = scope or (violations[0].scope if violations else Scope.NOBODY)
    return Evaluation(
        snapshot=snapshot or rest_api(),
        access=ApiAccess(stages=(stage_access(widest),)),
        bound=BOUND,
        violations=violations,
        doubts=frozenset(doubts),
    )


def gap(unknown: Unknown = Unknown.LIVE_GUARDS, **fields: Any) -> Gap:
    defaults: dict[str, Any] = {
        "service": "apigateway",
        "operation": "GetExport",
        "error_code": "AccessDeniedException",
        "unknown": unknown,
        "subject": "restapis/a1b2c3d4e5/stages/prod",
    }
    return Gap(**{**defaults, **fields})
