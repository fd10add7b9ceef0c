"""One API as it was read: what is live, what is drafted, which doors lead to it.

Everything here is a frozen value. A field that could not be read is `None` where the field says so,
and the snapshot's `gaps` say why; `None` never means "not configured".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.model.behind import (
    AccountSettings,
    ApiKey,
    Distribution,
    Integration,
    IntegrationKind,
    Invoker,
    LambdaFunction,
    MethodSettings,
    StageSecret,
    UsagePlan,
    UserPool,
)
from monitor.model.change import ApiFamily, RefusedCall
from monitor.model.gaps import Gap

_FUNCTION_IN_URI = re.compile(r":lambda:path/[^/]+/functions/(.+)/invocations\Z")


class ApiType(StrEnum):
    REST = "REST"
    HTTP = "HTTP"
    WEBSOCKET = "WEBSOCKET"


class EndpointType(StrEnum):
    EDGE = "EDGE"
    REGIONAL = "REGIONAL"
    PRIVATE = "PRIVATE"


class IpAddressType(StrEnum):
    IPV4 = "ipv4"
    DUALSTACK = "dualstack"


class AuthorizationType(StrEnum):
    NONE = "NONE"
    AWS_IAM = "AWS_IAM"
    COGNITO_USER_POOLS = "COGNITO_USER_POOLS"
    CUSTOM = "CUSTOM"
    JWT = "JWT"


class AuthorizerKind(StrEnum):
    TOKEN = "TOKEN"  # noqa: S105 - AWS's name of a kind of Lambda authorizer
    REQUEST = "REQUEST"
    COGNITO_USER_POOLS = "COGNITO_USER_POOLS"
    JWT = "JWT"


class PolicySource(StrEnum):
    """Where the text of a resource policy was read."""

    EXPORT = "the stage's export"
    SAVED = "the saved API"
    STATED = "the question"
    DOMAIN = "the custom domain"
    VPC_ENDPOINT = "the VPC endpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePolicy:
    """A resource policy as text, exactly as it was read; `text` None = no policy is attached.

    The text may be plain JSON or the form GetRestApi returns, which has every
    quote escaped once more; `monitor.iampolicy.document` takes both.
    """

    text: str | None
    source: PolicySource


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizer:
    """What stands before a CUSTOM, COGNITO_USER_POOLS or JWT route.

    `identity_sources` as AWS writes them (`method.request.header.Authorization`,
    `$request.header.Authorization`), split at commas. `cache_ttl_seconds` None = not read.
    `simple_responses`: of an HTTP API, the function answers yes or no instead of a policy.
    """

    authorizer_id: str
    name: str = ""
    kind: AuthorizerKind | None = None
    identity_sources: tuple[str, ...] = ()
    identity_validation: str | None = None
    cache_ttl_seconds: int | None = None
    function_uri: str | None = None
    credentials_arn: str | None = None
    user_pool_arns: tuple[str, ...] = ()
    issuer: str | None = None
    audiences: tuple[str, ...] = ()
    simple_responses: bool = False

    @property
    def function_arn(self) -> str | None:
        """The function that decides, as the authorizer names it: with its alias or version, or with
        a stage variable inside. None if it names none."""
        found = _FUNCTION_IN_URI.search(self.function_uri or "")
        return found[1] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A REST method, or an HTTP or WebSocket route.

    `key` is `METHOD /path` with the verb as configured (`ANY` for all), or an HTTP/WebSocket route
    key such as `$default` or `$connect`. `authorization` and `api_key_required` None = unknown.
    `authorizer_id` names an entry of the configuration's `authorizers`; None beside CUSTOM,
    COGNITO_USER_POOLS or JWT means that it could not be told which one guards the route.
    `integration` None = not told. It takes no part in comparing: who may call does not rest on it.
    """

    key: str
    authorization: AuthorizationType | None
    authorizer_id: str | None = None
    api_key_required: bool | None = False
    scopes: tuple[str, ...] = ()
    integration: Integration | None = field(default=None, compare=False)

    @property
    def answers_preflight(self) -> bool:
        """An OPTIONS method that API Gateway answers itself: nothing behind it is reached."""
        mock = self.integration is not None and self.integration.kind is IntegrationKind.MOCK
        return mock and self.method == "OPTIONS"

    @property
    def method(self) -> str:
        """The verb (`GET`, `ANY`); `ANY` for a route key without one, such as `$default`."""
        verb, _, rest = self.key.partition(" ")
        return verb if rest else "ANY"

    @property
    def path(self) -> str:
        """The path template (`/pets/{petId}`), or the whole key where it has no verb."""
        return self.key.partition(" ")[2] or self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What one deployment serves, or what the draft would serve.

    `routes` None = unknown. `policies` holds every resource policy that may be in force: one as a
    rule, several where AWS does not say which (the widest is judged), none where it is unknown.
    `authorizers_read` False: there may be more than those of `authorizers`.
    `reflects_origin`: the gateway responses that let a page of any origin read them with the
    credentials of who looks at it; they take no part in comparing.
    """

    routes: tuple[Route, ...] | None
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    policies: tuple[ResourcePolicy, ...] = ()
    authorizers_read: bool = field(default=True, compare=False)
    reflects_origin: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class IpSetRule:
    """A web ACL rule that matches addresses. `action` is `ALLOW`, `BLOCK` or `COUNT`."""

    priority: int
    action: str
    cidrs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAcl:
    """A web ACL as far as it is modelled; `rules` None = it holds rules that are not modelled, so
    any request may pass."""

    default_action: str
    rules: tuple[IpSetRule, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage and the deployments it serves. `deployment_id` None: an HTTP stage that was never
    deployed. `web_acl` None beside a `web_acl_arn`: attached, but its rules were not read.

    `settings` by method pattern as AWS writes it (`*/*`, `~1pets/GET`) or by route key (`$default`
    for all others). `access_log_arn` None = no access log. The values of stage variables are never
    kept: `secrets` names those that look like one. `cache_cluster`: the stage has a cache at all.
    `auto_deploy`: it serves the routes as they are configured, which its own deployments see to.
    """

    name: str
    deployment_id: str | None
    canary_deployment_id: str | None = None
    canary_percent: float = 0.0
    web_acl_arn: str | None = None
    web_acl: WebAcl | None = None
    has_usage_plan: bool | None = None
    auto_deploy: bool = False
    last_updated_at: datetime | None = None
    settings: Mapping[str, MethodSettings] = field(default_factory=dict)
    access_log_arn: str | None = None
    client_certificate_id: str | None = None
    tracing: bool = False
    cache_cluster: bool = False
    secrets: tuple[StageSecret, ...] = ()

    def settings_of(self, route: Route) -> MethodSettings:
        """Those of the route itself, or those of all others.

        Source: API Gateway API reference, "Stage", methodSettings (`~1` stands for a slash);
        Version 2 API reference, "Stage", routeSettings.
        """
        path = route.path.removeprefix("/").replace("/", "~1")
        for key in (
            route.key,
            f"~1{path}/{route.method}",
            f"{path}/{route.method}",
            "*/*",
            "$default",
        ):
            if key in self.settings:
                return self.settings[key]
        return MethodSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainMapping:
    """A base path mapping, API mapping or routing rule that leads to the API. `stage` empty: the
    caller names the stage in the path."""

    base_path: str = ""
    stage: str = ""
    by_routing_rule: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomDomain:
    """A custom domain with at least one mapping to the API. `policy` and `access_associations`
    (VPC endpoint ids; None = not read) only for private ones. `security_policy` is the name of its
    TLS policy, `truststore` the place of the certificates that clients must chain to.
    `certificate_arns`: those it shows, and the one that proves whose it is."""

    domain_name: str
    endpoint_type: EndpointType
    ip_address_type: IpAddressType = IpAddressType.IPV4
    mutual_tls: bool = False
    mappings: tuple[DomainMapping, ...] = ()
    policy: ResourcePolicy | None = None
    access_associations: tuple[str, ...] | None = None
    security_policy: str | None = None
    endpoint_access_mode: str | None = None
    truststore: str | None = None
    certificate_arns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcEndpoint:
    """An execute-api interface endpoint of the account; `policy` None = not read."""

    vpc_endpoint_id: str
    vpc_id: str
    policy: ResourcePolicy | None
    state: str = ""
    private_dns: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """The CORS configuration of an HTTP API: the gateway itself answers preflight requests."""

    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiId:
    """What names an API in all the world: account, region, id. The partition is for ARNs.

    `family`: which control plane knows the API, None = not told. An id exists in one of them only,
    so it takes no part in comparing.
    """

    account_id: str
    region: str
    api_id: str
    partition: str = "aws"
    family: ApiFamily | None = field(default=None, compare=False)

    def execute_arn(self, stage: str, method: str, path: str) -> str:
        """The ARN a request for METHOD path on a stage carries into policy evaluation.

        Source: API Gateway developer guide, "Control access for invoking an API".
        """
        return (
            f"arn:{self.partition}:execute-api:{self.region}:{self.account_id}:"
            f"{self.api_id}/{stage}/{method}/{path.removeprefix('/')}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSnapshot:
    """Everything read about one API at `read_at` (aware, UTC).

    `deployments` maps a deployment id to what it serves; a stage whose deployment is missing there
    is unknown. `draft` None = not read. `custom_domains` and `vpc_endpoints` None = not read, and
    then such doors may exist. `endpoint_types` empty = unknown.

    `usage_plans`: those of the API's stages; None = not read, as where no route asks for a key.
    `stray_keys`: the keys of the account that are in no usage plan, told at one API only: the first
    by its id of those that a usage plan covers; None elsewhere, and where they were not read.
    `distributions`: those of the account that send requests on to a door of the API; None = not
    read, as of a private API. Where `custom_domains` are not read there may be more.
    `user_pools` and `functions` by ARN: those that authorizers name. `invokers`: the identities of
    the account whose policies speak of invoking this API; None = not read. `refused_calls`: the
    changes to it that AWS denied in the last hour; None = they are not watched.
    """

    api: ApiId
    api_type: ApiType
    name: str
    read_at: datetime
    endpoint_types: tuple[EndpointType, ...] = ()
    ip_address_type: IpAddressType = IpAddressType.IPV4
    disable_default_endpoint: bool = False
    api_key_source: str = "HEADER"
    tags: Mapping[str, str] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    deployments: Mapping[str, Configuration] = field(default_factory=dict)
    draft: Configuration | None = None
    custom_domains: tuple[CustomDomain, ...] | None = None
    vpc_endpoints: tuple[VpcEndpoint, ...] | None = None
    gaps: tuple[Gap, ...] = ()
    vpc_endpoint_ids: tuple[str, ...] = ()
    security_policy: str | None = None
    endpoint_access_mode: str | None = None
    cors: Cors | None = None
    usage_plans: tuple[UsagePlan, ...] | None = None
    stray_keys: tuple[ApiKey, ...] | None = None
    distributions: tuple[Distribution, ...] | None = None
    user_pools: Mapping[str, UserPool] = field(default_factory=dict)
    functions: Mapping[str, LambdaFunction] = field(default_factory=dict)
    invokers: tuple[Invoker, ...] | None = None
    account: AccountSettings | None = None
    refused_calls: tuple[RefusedCall, ...] | None = None
