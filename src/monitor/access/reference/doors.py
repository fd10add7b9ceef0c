"""Whether a request reaches the stage at all: hostname, network, client certificate, web ACL.

Source: API Gateway developer guide, "Disable the default endpoint", "IP address types", "Mutual TLS
for REST APIs", "Custom domain names for private APIs", "Use AWS WAF to protect your REST APIs".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.access.reference.context import comes_through_vpc_endpoint
from monitor.access.reference.operators import parse_address, parse_block
from monitor.access.reference.three_valued import Tri, agreed, all_of, any_of
from monitor.model.access import DoorKind
from monitor.model.api import (
    ApiSnapshot,
    ApiType,
    CustomDomain,
    EndpointType,
    IpAddressType,
    IpSetRule,
    ResourcePolicy,
    Stage,
)
from monitor.model.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A way to the stage for this request. `open` unknown: something about it was not read.
    `domain_policy`: of a private custom domain, to be satisfied beside the API's own."""

    in_vpc: bool
    open: Tri
    is_private_domain: bool = False
    domain_policy: ResourcePolicy | None = None


def entrances(snapshot: ApiSnapshot, stage: str, request: Request) -> Iterator[Entrance]:
    """The doors this request can use, those that its own `door` leaves out not counted."""
    if _asks_for(request, DoorKind.DEFAULT_ENDPOINT):
        yield Entrance(in_vpc=False, open=_default_endpoint_open(snapshot, request))
    if _asks_for(request, DoorKind.VPC_ENDPOINT):
        yield Entrance(in_vpc=True, open=_vpc_endpoint_open(snapshot, request))
    if _asks_for(request, DoorKind.CUSTOM_DOMAIN):
        yield from _domain_entrances(snapshot, stage, request)


def _asks_for(request: Request, kind: DoorKind) -> bool:
    return request.door is None or request.door.kind is kind


def _has_type(snapshot: ApiSnapshot, *types: EndpointType) -> Tri:
    """An API's endpoint types are a list; any of them opens its kind of door."""
    if not snapshot.endpoint_types:
        return None
    return any(one in types for one in snapshot.endpoint_types)


def _is_reachable_from_internet(snapshot: ApiSnapshot) -> Tri:
    return _has_type(snapshot, EndpointType.EDGE, EndpointType.REGIONAL)


def _default_endpoint_open(snapshot: ApiSnapshot, request: Request) -> Tri:
    return all_of(
        (
            not snapshot.disable_default_endpoint,
            _is_reachable_from_internet(snapshot),
            _family_admitted(snapshot.ip_address_type, request),
            _stays_outside_vpc(snapshot, request),
        )
    )


def _stays_outside_vpc(snapshot: ApiSnapshot, request: Request) -> bool:
    """A call that states VPC keys uses the private door of an API that has one."""
    private = _has_type(snapshot, EndpointType.PRIVATE)
    return not (private is True and request.door is None and comes_through_vpc_endpoint(request))


def _family_admitted(admitted: IpAddressType, request: Request) -> Tri:
    if admitted is IpAddressType.DUALSTACK:
        return True
    if request.source_ip is None:
        return True
    address = parse_address(request.source_ip)
    return None if address is None else address.version == 4


def _vpc_endpoint_open(snapshot: ApiSnapshot, request: Request) -> Tri:
    return all_of(
        (
            not snapshot.disable_default_endpoint,
            _has_type(snapshot, EndpointType.PRIVATE),
            request.door is not None or comes_through_vpc_endpoint(request),
        )
    )


def _domain_entrances(snapshot: ApiSnapshot, stage: str, request: Request) -> Iterator[Entrance]:
    if snapshot.custom_domains is None:
        # The domains were not read: one may exist, of either family.
        yield Entrance(in_vpc=False, open=None)
        return
    for domain in snapshot.custom_domains:
        if request.door is not None and request.door.host != domain.domain_name:
            continue
        if not any(mapping.stage in ("", stage) for mapping in domain.mappings):
            continue
        if domain.endpoint_type is EndpointType.PRIVATE:
            yield _private_domain(snapshot, domain, request)
        else:
            yield Entrance(in_vpc=False, open=_domain_open(snapshot, domain, request))


def _domain_open(snapshot: ApiSnapshot, domain: CustomDomain, request: Request) -> Tri:
    return all_of(
        (
            _is_reachable_from_internet(snapshot),
            _family_admitted(domain.ip_address_type, request),
            request.client_certificate or not domain.mutual_tls,
            _stays_outside_vpc(snapshot, request),
        )
    )


def _private_domain(snapshot: ApiSnapshot, domain: CustomDomain, request: Request) -> Entrance:
    """Open to the endpoints with an access association that the domain's policy allows."""
    keys = {key.lower(): value for key, value in request.context.items()}
    endpoint = keys.get("aws:sourcevpce")
    associated: Tri = None
    if domain.access_associations is not None and endpoint is not None:
        associated = endpoint in domain.access_associations
    inside = request.door is not None or comes_through_vpc_endpoint(request)
    return Entrance(
        in_vpc=True,
        open=all_of((inside, _has_type(snapshot, EndpointType.PRIVATE), associated)),
        is_private_domain=True,
        domain_policy=domain.policy,
    )


def web_acl_passes(snapshot: ApiSnapshot, stage: Stage, request: Request) -> Tri:
    """A web ACL stands on REST stages only, and decides before everything else."""
    if snapshot.api_type is not ApiType.REST:
        return True
    if stage.web_acl is None:
        return None if stage.web_acl_arn else True
    if stage.web_acl.rules is None:
        return None
    rules = sorted(stage.web_acl.rules, key=lambda rule: rule.priority)
    return _first_match(rules, stage.web_acl.default_action, request)


def _first_match(rules: list[IpSetRule], default_action: str, request: Request) -> Tri:
    possible: list[Tri] = []
    for rule in rules:
        if rule.action == "COUNT":
            continue
        matched = _in_ip_set(rule, request)
        if matched is not False:
            possible.append(_verdict(rule.action))
        if matched:
            return agreed(possible)
    return agreed([*possible, _verdict(default_action)])


def _verdict(action: str) -> Tri:
    return {"ALLOW": True, "BLOCK": False}.get(action)


def _in_ip_set(rule: IpSetRule, request: Request) -> Tri:
    address = None if request.source_ip is None else parse_address(request.source_ip)
    if address is None:
        return None
    blocks = [parse_block(cidr) for cidr in rule.cidrs]
    return any_of(None if block is None else address in block for block in blocks)
