"""The input of `gatewatch explain`: one question about one API, turned into a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from monitor.iampolicy.json_text import JsonNumber, dump_json
from monitor.iampolicy.values import instant
from monitor.model.api import (
    ApiId,
    ApiSnapshot,
    ApiType,
    AuthorizationType,
    Authorizer,
    AuthorizerKind,
    Configuration,
    CustomDomain,
    DomainMapping,
    EndpointType,
    IpAddressType,
    IpSetRule,
    PolicySource,
    ResourcePolicy,
    Route,
    Stage,
    WebAcl,
)
from monitor.model.request import Request

LIVE = "live"
_TOKEN_AUTHORIZER = "token"  # noqa: S105 - the id of an authorizer


def _plain(value: object) -> object:
    """A number as text, where text is asked for: ids are often written without quotes."""
    return str(value) if isinstance(value, JsonNumber) else value


Text = Annotated[str, BeforeValidator(_plain)]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class RouteQuestion(_Document):
    method: Text | None = None
    path: Text | None = None
    route_key: Text | None = None
    authorization_type: AuthorizationType | None = None
    api_key_required: bool = False

    def key(self) -> str:
        if self.route_key is not None:
            return self.route_key
        path = self.path if self.path is not None else "/"
        return f"{(self.method or 'ANY').upper()} {path if path.startswith('/') else '/' + path}"


class DomainQuestion(_Document):
    domain_name: Text
    endpoint_type: EndpointType = EndpointType.REGIONAL
    ip_address_type: IpAddressType = IpAddressType.IPV4
    mutual_tls: bool = False
    stage: Text | None = ""
    base_path: Text | None = ""


class WebAclRuleQuestion(_Document):
    priority: int = 0
    action: Text
    ip_set: list[Text] | None = None


class WebAclQuestion(_Document):
    default_action: Text
    rules: list[WebAclRuleQuestion] = []


class ApiQuestion(_Document):
    api_type: ApiType = ApiType.REST
    id: Text = "a1b2c3d4e5"
    partition: Text = "aws"
    region: Text = "us-east-1"
    stage: Text | None = "prod"
    ip_address_type: IpAddressType | None = None
    routes: list[RouteQuestion] | None = None
    disable_execute_api_endpoint: bool = False
    custom_domains: list[DomainQuestion] = []
    waf: WebAclQuestion | None = None
    deployed_policy: Any = None
    policy_is_deployed: bool | None = None


class RequestQuestion(_Document):
    principal: Text = "anonymous"
    method: Text = "GET"
    path: Text = "/"
    stage: Text | None = None
    source_ip: Text | None = None
    headers: dict[str, Text] = {}
    context: dict[str, Any] = {}


class Question(_Document):
    """What a question file holds, once or in a list."""

    id: Text = ""
    account_id: Annotated[Text, Field(pattern=r"^[0-9]{12}$")]
    endpoint_type: EndpointType = EndpointType.REGIONAL
    authorization_type: AuthorizationType = AuthorizationType.NONE
    policy: Any = None
    policy_text: Text | None = None
    evaluation_time: datetime | None = None
    api: ApiQuestion = ApiQuestion()
    requests: list[RequestQuestion] = []

    @field_validator("evaluation_time", mode="before")
    @classmethod
    def _moment(cls, value: object) -> object:
        if isinstance(value, str):
            seconds = instant(value)
            if seconds is None:
                raise ValueError("an ISO 8601 time")
            return datetime.fromtimestamp(float(seconds), UTC)
        return value


def policy_of(value: object) -> ResourcePolicy:
    """A policy given as JSON, or as text in either form; null = none is attached."""
    if value is None:
        return ResourcePolicy(text=None, source=PolicySource.STATED)
    plain_text = isinstance(value, str) and not isinstance(value, JsonNumber)
    text = str(value) if plain_text else dump_json(value)
    return ResourcePolicy(text=text, source=PolicySource.STATED)


def snapshot_of(question: Question, *, now: datetime) -> ApiSnapshot:
    api = question.api
    saved = policy_of(question.policy_text if question.policy_text is not None else question.policy)
    live = _configuration(question, _deployed(api, saved))
    private = question.endpoint_type is EndpointType.PRIVATE
    family = api.ip_address_type or (IpAddressType.DUALSTACK if private else IpAddressType.IPV4)
    return ApiSnapshot(
        api=ApiId(
            account_id=question.account_id,
            region=api.region,
            api_id=api.id,
            partition=api.partition,
        ),
        api_type=api.api_type,
        name=question.id,
        read_at=now,
        endpoint_types=(question.endpoint_type,),
        ip_address_type=family,
        disable_default_endpoint=api.disable_execute_api_endpoint,
        stages=() if api.stage is None else (_stage(api, api.stage),),
        deployments={LIVE: live},
        draft=_configuration(question, (saved,)),
        custom_domains=tuple(_domain(domain) for domain in api.custom_domains),
        vpc_endpoints=(),
    )


def _deployed(api: ApiQuestion, saved: ResourcePolicy) -> tuple[ResourcePolicy, ...]:
    """The policy of the deployment; none at all where it is said to differ, but not how."""
    if api.policy_is_deployed is not True and "deployed_policy" in api.model_fields_set:
        return (policy_of(api.deployed_policy),)
    return () if api.policy_is_deployed is False else (saved,)


def _configuration(question: Question, policies: tuple[ResourcePolicy, ...]) -> Configuration:
    """Where nothing is said, a Lambda authorizer demands a token."""
    authorizer = Authorizer(
        authorizer_id=_TOKEN_AUTHORIZER,
        kind=AuthorizerKind.TOKEN,
        identity_sources=("method.request.header.Authorization",),
    )
    routes = question.api.routes
    if routes is None:
        routes = [RouteQuestion(route_key=key) for key in _ANY_ROUTE[question.api.api_type]]
    return Configuration(
        routes=tuple(_route(route, question.authorization_type) for route in routes),
        authorizers={_TOKEN_AUTHORIZER: authorizer},
        policies=policies,
    )


_ANY_ROUTE = {
    ApiType.REST: ("ANY /", "ANY /{proxy+}"),
    ApiType.HTTP: ("$default",),
    ApiType.WEBSOCKET: ("$connect",),
}


def _route(route: RouteQuestion, default: AuthorizationType) -> Route:
    authorization = route.authorization_type or default
    guarded = authorization not in (AuthorizationType.NONE, AuthorizationType.AWS_IAM)
    return Route(
        key=route.key(),
        authorization=authorization,
        authorizer_id=_TOKEN_AUTHORIZER if guarded else None,
        api_key_required=route.api_key_required,
    )


def _stage(api: ApiQuestion, name: str) -> Stage:
    web_acl = None
    if api.waf is not None:
        modelled = all(rule.ip_set is not None for rule in api.waf.rules)
        rules = tuple(
            IpSetRule(
                priority=rule.priority, action=rule.action.upper(), cidrs=tuple(rule.ip_set or ())
            )
            for rule in api.waf.rules
        )
        web_acl = WebAcl(
            default_action=api.waf.default_action.upper(), rules=rules if modelled else None
        )
    return Stage(
        name=name,
        deployment_id=LIVE,
        web_acl_arn="the web ACL of the question" if web_acl else None,
        web_acl=web_acl,
        has_usage_plan=True,
    )


def _domain(domain: DomainQuestion) -> CustomDomain:
    stage = "" if domain.stage in (None, "(none)") else domain.stage
    return CustomDomain(
        domain_name=domain.domain_name,
        endpoint_type=domain.endpoint_type,
        ip_address_type=domain.ip_address_type,
        mutual_tls=domain.mutual_tls,
        mappings=(DomainMapping(base_path=domain.base_path or "", stage=stage or ""),),
    )


def requests_of(question: Question) -> tuple[Request, ...]:
    return tuple(_request(one, question.api.stage) for one in question.requests)


def _request(asked: RequestQuestion, stage: str | None) -> Request:
    return Request(
        method=asked.method.upper(),
        path=asked.path if asked.path.startswith("/") else "/" + asked.path,
        stage=asked.stage if asked.stage is not None else stage or "",
        principal=asked.principal,
        source_ip=asked.source_ip,
        headers=dict(asked.headers),
        context={key: _context_value(value) for key, value in asked.context.items()},
    )


def _context_value(value: object) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(_context_text, value))
    return _context_text(value)


def _context_text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def read_question(raw: Mapping[str, object]) -> Question:
    """Raises `ValidationError`, whose places are paths into the question."""
    return Question.model_validate(raw)


__all__ = [
    "Question",
    "ValidationError",
    "policy_of",
    "read_question",
    "requests_of",
    "snapshot_of",
]
