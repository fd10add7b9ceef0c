"""Answers about custom domains, taken apart.

Sources: API Gateway API reference, "DomainName"; Version 2 API reference, "RoutingRule".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from monitor.aws.words import ip_address_type
from monitor.model.api import (
    CustomDomain,
    DomainMapping,
    EndpointType,
    PolicySource,
    ResourcePolicy,
)

_CERTIFICATES = (
    "certificateArn",
    "regionalCertificateArn",
    "ownershipVerificationCertificateArn",
)


@dataclass(frozen=True, slots=True)
class ListedDomain:
    """A domain as listed. `domain_id` is what tells private ones of one name apart; `mode` decides
    whether its mappings, its routing rules or both count."""

    domain: CustomDomain
    domain_id: str | None
    mode: str


def full_name(one: ListedDomain) -> str:
    """How the ARN of a private domain ends, behind `/domainnames/`."""
    return f"{one.domain.domain_name}+{one.domain_id}"


def listed_domain(item: Mapping[str, Any]) -> ListedDomain:
    endpoint = item.get("endpointConfiguration") or {}
    mutual_tls = item.get("mutualTlsAuthentication") or {}
    policy = item.get("policy")
    kind = _endpoint_type(endpoint.get("types") or ())
    domain = CustomDomain(
        domain_name=item["domainName"],
        endpoint_type=kind,
        ip_address_type=ip_address_type(endpoint.get("ipAddressType")),
        mutual_tls=bool(mutual_tls.get("truststoreUri")),
        truststore=mutual_tls.get("truststoreUri"),
        policy=ResourcePolicy(text=policy or None, source=PolicySource.DOMAIN)
        if kind is EndpointType.PRIVATE
        else None,
        security_policy=item.get("securityPolicy"),
        endpoint_access_mode=item.get("endpointAccessMode"),
        certificate_arns=tuple(arn for key in _CERTIFICATES if (arn := item.get(key))),
    )
    return ListedDomain(
        domain=domain,
        domain_id=item.get("domainNameId") if kind is EndpointType.PRIVATE else None,
        mode=item.get("routingMode") or "",
    )


def _endpoint_type(types: Iterable[str]) -> EndpointType:
    """A domain of several types, or of one that is not known, counts as open to the internet."""
    types = tuple(types)
    if types == (EndpointType.PRIVATE.value,):
        return EndpointType.PRIVATE
    return EndpointType.EDGE if EndpointType.EDGE.value in types else EndpointType.REGIONAL


def domain_mapping(base_path: str | None, stage: str | None) -> DomainMapping:
    """`(none)` stands for the root, and for the stage that the caller names."""
    return DomainMapping(
        base_path="" if base_path in (None, "(none)") else base_path,
        stage="" if stage in (None, "(none)") else stage,
    )


def invoked_by(rule: Mapping[str, Any]) -> Iterator[tuple[str, DomainMapping]]:
    bases = [
        base
        for condition in rule.get("Conditions", [])
        for base in (condition.get("MatchBasePaths") or {}).get("AnyOf", [])
    ]
    for action in rule.get("Actions", []):
        invoked = action["InvokeApi"]
        for base in bases or [""]:
            mapping = domain_mapping(base, invoked.get("Stage"))
            yield invoked["ApiId"], replace(mapping, by_routing_rule=True)
