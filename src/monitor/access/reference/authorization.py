"""Resource policy and method authorization together, then the API key.

Source: API Gateway developer guide, "How API Gateway resource policies affect authorization
workflow" (its tables A and B), "Use API Gateway Lambda authorizers", "Usage plans and API keys".
"""

from __future__ import annotations

from monitor.access.reference.context import arn_parts
from monitor.access.reference.policy import SILENT, Outcome
from monitor.access.reference.three_valued import Tri, all_of, any_of, negation
from monitor.model.api import (
    ApiSnapshot,
    ApiType,
    AuthorizationType,
    Authorizer,
    AuthorizerKind,
    Route,
    Stage,
)
from monitor.model.request import ANONYMOUS, IdentityPolicy, Request

# Headers that every client sends, whose value is no secret.
_OPEN_HEADERS = {"user-agent", "referer", "host", "origin", "accept", "x-forwarded-for"}
_CREDENTIAL_PLACES = ("header", "querystring", "cookie")


def policy_principal(route: Route, request: Request) -> str:
    """Only AWS_IAM makes the signer the caller that the resource policy sees."""
    signed = route.authorization is AuthorizationType.AWS_IAM
    return request.principal if signed else ANONYMOUS


def authorized(
    snapshot: ApiSnapshot,
    route: Route,
    authorizer: Authorizer | None,
    attached: Outcome | None,
    request: Request,
) -> Tri:
    """`attached` None = no resource policy is attached."""
    match route.authorization:
        case AuthorizationType.NONE:
            return by_policy_alone(attached)
        case AuthorizationType.AWS_IAM:
            return by_iam(attached or SILENT, request, snapshot.api.account_id)
        case AuthorizationType.COGNITO_USER_POOLS:
            return by_user_pool(attached, presents_token(authorizer, request))
        case AuthorizationType.CUSTOM:
            required = credential_required(snapshot.api_type, authorizer)
            return by_lambda(attached or SILENT, required, presents_token(authorizer, request))
        case AuthorizationType.JWT:
            return presents_token(authorizer, request)
        case None:
            # Whatever the authorization turns out to be, an explicit deny ends the call.
            return False if attached is not None and attached.deny else None


def by_policy_alone(attached: Outcome | None) -> Tri:
    """NONE: without a policy everyone, with one whoever it allows; silence is a denial."""
    return True if attached is None else attached.grants


def by_iam(attached: Outcome, request: Request, owner: str) -> Tri:
    if request.principal == ANONYMOUS or request.identity_policy is IdentityPolicy.DENY:
        return False
    identity_allows = request.identity_policy is IdentityPolicy.ALLOW
    _, account, _, _ = arn_parts(request.principal)
    if account == owner:
        return all_of((any_of((identity_allows, attached.allow)), negation(attached.deny)))
    return all_of((identity_allows, attached.grants))


def by_user_pool(attached: Outcome | None, token: Tri) -> Tri:
    """The flow text asks for an allow of the policy, table A is content with silence."""
    if attached is None:
        return token
    allowed: Tri = True if attached.allow else None
    return all_of((token, allowed, negation(attached.deny)))


def by_lambda(attached: Outcome, credential_required: Tri, token: Tri) -> Tri:
    """An explicit deny ends the call before the authorizer; after it table A applies, where the
    authorizer's allow is enough. Without a credential the function's own code decides."""
    answer = token
    if token is False and credential_required is not True:
        answer = None
    return all_of((negation(attached.deny), answer))


def presents_token(authorizer: Authorizer | None, request: Request) -> Tri:
    """A header where a token belongs may hold a valid one."""
    if request.token:
        return True
    sources = authorizer.identity_sources if authorizer else ()
    places = {"authorization", *(source.rpartition(".")[2].lower() for source in sources)}
    carried = {name.lower() for name in request.headers} - _OPEN_HEADERS
    return None if places & carried else False


def credential_required(api_type: ApiType, authorizer: Authorizer | None) -> Tri:
    """Whether the configuration alone turns away a caller without a token.

    Source: API Gateway developer guide, "Configure a Lambda authorizer", "AWS Lambda authorizers
    for HTTP APIs".
    """
    if authorizer is None or authorizer.kind is None:
        return None
    if authorizer.kind is not AuthorizerKind.REQUEST:
        return True
    demanded = any(_is_credential(source) for source in authorizer.identity_sources)
    if api_type is not ApiType.REST or not demanded:
        return demanded
    # A REST API enforces identity sources while it caches; without caching nobody says.
    if authorizer.cache_ttl_seconds is None:
        return None
    return authorizer.cache_ttl_seconds > 0


def _is_credential(source: str) -> bool:
    parts = source.lower().split(".")
    return any(place in parts for place in _CREDENTIAL_PLACES) and parts[-1] not in _OPEN_HEADERS


def api_key_accepted(snapshot: ApiSnapshot, stage: Stage, route: Route, request: Request) -> Tri:
    if route.api_key_required is False:
        return True
    presented = _presents_key(snapshot, route, request)
    if stage.has_usage_plan is False:
        presented = False
    if route.api_key_required is None:
        return True if presented else None
    return presented


def _presents_key(snapshot: ApiSnapshot, route: Route, request: Request) -> Tri:
    """With key source AUTHORIZER the caller needs no key, the authorizer's answer holds it."""
    has_function = route.authorization is AuthorizationType.CUSTOM
    if has_function and snapshot.api_key_source == "AUTHORIZER":
        return True
    if request.api_key:
        return True
    return None if any(name.lower() == "x-api-key" for name in request.headers) else False
