"""Whether one concrete request is made by a caller of a set."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.addresses import position
from monitor.model.callers import (
    OTHERS,
    CallerBox,
    CallerNetwork,
    CallerPrincipal,
    CallerSet,
    Credential,
    PrincipalKind,
)
from monitor.model.request import Request


def holds_caller(callers: CallerSet, request: Request) -> bool:
    named = {principal.account for box in callers.boxes for principal in box.principals}
    return any(_in_box(box, request, named) for box in callers.boxes)


def _in_box(box: CallerBox, request: Request, named: set[str | None]) -> bool:
    return (
        _in_network(box, request)
        and box.credentials <= set(_credentials(request))
        and any(_is_one_of(principal, request, named) for principal in box.principals)
    )


def _in_network(box: CallerBox, request: Request) -> bool:
    endpoint, vpc = request.context.get("aws:SourceVpce"), request.context.get("aws:SourceVpc")
    if endpoint is None:
        place = position(request.source_ip or "")
        return box.network is CallerNetwork.INTERNET and place in box.addresses
    inside = str(endpoint) in box.endpoints and str(vpc) in box.vpcs
    return box.network is CallerNetwork.VPC_ENDPOINT and inside


def _credentials(request: Request) -> Iterator[Credential]:
    if request.token:
        yield Credential.TOKEN
    if request.api_key:
        yield Credential.API_KEY
    if request.client_certificate:
        yield Credential.CLIENT_CERTIFICATE


def _is_one_of(principal: CallerPrincipal, request: Request, named: set[str | None]) -> bool:
    """Signing does not matter where callers are anonymous. `OTHERS` are whoever is not named."""
    if principal.kind is PrincipalKind.ANONYMOUS:
        return True
    account = request.principal.split(":")[4] if ":" in request.principal else ""
    organization = request.context.get("aws:PrincipalOrgID")
    return (
        bool(account)
        and (principal.account == account or (principal.account == OTHERS and account not in named))
        and principal.arn in (request.principal, _role_of(request.principal), OTHERS)
        and principal.organization in (organization, OTHERS)
    )


def _role_of(principal: str) -> str:
    head, _, name = principal.partition(":assumed-role/")
    return head.replace(":sts:", ":iam:") + ":role/" + name.partition("/")[0]
