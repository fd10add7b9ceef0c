"""What an authorizer's configuration asks of callers, before its code is asked.

Source: API Gateway guide, "Configure a Lambda authorizer", "Lambda authorizers for HTTP APIs".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitor.model.api import ApiId, ApiType, Authorizer, AuthorizerKind

# Headers that clients send anyway, whose value is no secret.
_OPEN_HEADERS = frozenset({"user-agent", "referer", "host", "origin", "accept", "x-forwarded-for"})
_CREDENTIAL_PLACES = frozenset({"header", "querystring", "cookie"})


def demands_credential(api_type: ApiType, authorizer: Authorizer | None) -> bool:
    """Whether the configuration alone turns away a caller who presents nothing.

    Source: API Gateway guide, "Configure a Lambda authorizer": without caching it is not said that
    identity sources are enforced.
    """
    if authorizer is None or authorizer.kind is None:
        return False
    if authorizer.kind is not AuthorizerKind.REQUEST:
        return True
    caching = bool(authorizer.cache_ttl_seconds) or api_type is not ApiType.REST
    return names_credential(authorizer) and caching


def names_credential(authorizer: Authorizer) -> bool:
    """Whether some identity source holds what only the caller knows."""
    return any(map(_is_credential, authorizer.identity_sources))


def _is_credential(source: str) -> bool:
    parts = source.lower().split(".")
    return not _CREDENTIAL_PLACES.isdisjoint(parts) and parts[-1] not in _OPEN_HEADERS


_COGNITO_ISSUER = re.compile(r"https://cognito-idp\.([\w-]+)\.amazonaws\.com(?:\.cn)?/([\w-]+)\Z")


def user_pools_of(authorizer: Authorizer, api: ApiId) -> Iterator[str]:
    """ARNs of the pools whose tokens are good: those it names, and the one that issues its JWTs, as
    if that were of the API's own account."""
    yield from authorizer.user_pool_arns
    issuer = _COGNITO_ISSUER.match(authorizer.issuer or "")
    if issuer:
        yield f"arn:{api.partition}:cognito-idp:{issuer[1]}:{api.account_id}:userpool/{issuer[2]}"
