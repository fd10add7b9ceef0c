"""Custom domains of both families, and to which APIs each of them leads.

One list shows the domains: a name that was made through v2 is a v1 domain name too. Regional ones
tell all their mappings through v2, REST ones included; edge-optimized and private ones only through
v1. A domain leads to APIs of its own account only, so those that other accounts share are no doors
and are not read.

Sources: API Gateway API reference, "DomainName", "BasePathMapping", "DomainNameAccessAssociation";
Version 2 API reference, "ApiMapping", "RoutingRule"; developer guide, "Map API stages to a custom
domain name", "Custom domain names for private APIs", "Routing rules".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from monitor.aws.asking import Gone, PageLoop, T, ask, unknown_value
from monitor.aws.domain_shapes import (
    ListedDomain,
    domain_mapping,
    full_name,
    invoked_by,
    listed_domain,
)
from monitor.model.api import (
    CustomDomain,
    DomainMapping,
    EndpointType,
)
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient
    from types_boto3_apigatewayv2 import ApiGatewayV2Client

PAGE = 500
RULE_PAGE = 100

Led = dict[str, list[DomainMapping]]
"""Id of an API -> what leads to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The custom domains that lead to each API, by its id. With a gap there may be more."""

    domains: Mapping[str, tuple[CustomDomain, ...]]
    gaps: tuple[Gap, ...] = ()


class DomainReads:
    """The reads behind `Doors`, all of them account-wide."""

    def __init__(self, v1: APIGatewayClient, v2: ApiGatewayV2Client) -> None:
        self._v1 = v1
        self._v2 = v2

    def doors(self) -> Doors | Gap:
        """A Gap where not even the domains could be listed."""
        listed = self._listed()
        if isinstance(listed, Gap):
            return listed
        gaps: list[Gap] = []
        associations = self._associations(listed, gaps)
        found: dict[str, list[CustomDomain]] = defaultdict(list)
        for one in listed:
            domain = replace(one.domain, access_associations=associations(one))
            for api_id, mappings in self._led(one, gaps).items():
                found[api_id].append(replace(domain, mappings=tuple(mappings)))
        return Doors(
            domains={api_id: tuple(domains) for api_id, domains in found.items()}, gaps=tuple(gaps)
        )

    def _listed(self) -> tuple[ListedDomain, ...] | Gap:
        pages = self._v1.get_paginator("get_domain_names")

        def call() -> tuple[ListedDomain, ...]:
            return tuple(
                listed_domain(item)
                for page in pages.paginate(
                    resourceOwner="SELF", PaginationConfig={"PageSize": PAGE}
                )
                for item in page.get("items", [])
            )

        return _ask(call, "apigateway", "GetDomainNames", Unknown.DOORS, "domainnames")

    def _led(self, one: ListedDomain, gaps: list[Gap]) -> Led:
        """To which APIs a domain leads. One that vanished since it was listed leads nowhere."""
        led: Led = defaultdict(list)
        try:
            for read in self._ways(one):
                answer = read(one)
                if isinstance(answer, Gap):
                    gaps.append(answer)
                    continue
                for api_id, mapping in answer:
                    led[api_id].append(mapping)
        except Gone:
            return {}
        return led

    def _ways(
        self, one: ListedDomain
    ) -> Iterator[Callable[[ListedDomain], list[tuple[str, DomainMapping]] | Gap]]:
        """Mappings and rules, as far as the routing mode lets them count: of an unknown mode both.

        Source: Version 2 API reference, "DomainName", routingMode.
        """
        if one.mode != _RULES_ONLY:
            by_v2 = one.domain.endpoint_type is EndpointType.REGIONAL
            yield self._regional_mappings if by_v2 else self._base_path_mappings
        if one.mode not in _NO_RULES:
            yield self._routing_rules

    def _regional_mappings(self, one: ListedDomain) -> list[tuple[str, DomainMapping]] | Gap:
        try:
            return self._api_mappings(one)
        except Gone:
            # Either the domain vanished, or v2 does not know it after all: v1 listed it.
            return self._base_path_mappings(one)

    def _base_path_mappings(self, one: ListedDomain) -> list[tuple[str, DomainMapping]] | Gap:
        pages = self._v1.get_paginator("get_base_path_mappings")
        private: dict[str, Any] = {"domainNameId": one.domain_id} if one.domain_id else {}

        def call() -> list[tuple[str, DomainMapping]]:
            return [
                (item["restApiId"], domain_mapping(item.get("basePath"), item.get("stage")))
                for page in pages.paginate(
                    domainName=one.domain.domain_name,
                    PaginationConfig={"PageSize": PAGE},
                    **private,
                )
                for item in page.get("items", [])
            ]

        subject = f"domainnames/{one.domain.domain_name}/basepathmappings"
        return _ask(
            call, "apigateway", "GetBasePathMappings", Unknown.MAPPINGS, subject, may_be_gone=True
        )

    def _api_mappings(self, one: ListedDomain) -> list[tuple[str, DomainMapping]] | Gap:
        def call() -> list[tuple[str, DomainMapping]]:
            pages = _v2_pages(
                lambda **more: self._v2.get_api_mappings(
                    DomainName=one.domain.domain_name, MaxResults=str(PAGE), **more
                )
            )
            return [
                (item["ApiId"], domain_mapping(item.get("ApiMappingKey"), item.get("Stage")))
                for page in pages
                for item in page.get("Items", [])
            ]

        subject = f"v2/domainnames/{one.domain.domain_name}/apimappings"
        return _ask(
            call, "apigatewayv2", "GetApiMappings", Unknown.MAPPINGS, subject, may_be_gone=True
        )

    def _routing_rules(self, one: ListedDomain) -> list[tuple[str, DomainMapping]] | Gap:
        """Where each rule leads. Its conditions are headers and paths that the caller chooses, so
        they close nothing."""
        private: dict[str, Any] = {"DomainNameId": one.domain_id} if one.domain_id else {}

        def call() -> list[tuple[str, DomainMapping]]:
            pages = _v2_pages(
                lambda **more: self._v2.list_routing_rules(
                    DomainName=one.domain.domain_name, MaxResults=RULE_PAGE, **private, **more
                )
            )
            return [
                led
                for page in pages
                for rule in page.get("RoutingRules", [])
                for led in invoked_by(rule)
            ]

        subject = f"v2/domainnames/{one.domain.domain_name}/routingrules"
        return _ask(
            call, "apigatewayv2", "ListRoutingRules", Unknown.MAPPINGS, subject, may_be_gone=True
        )

    def _associations(
        self, listed: Iterable[ListedDomain], gaps: list[Gap]
    ) -> Callable[[ListedDomain], tuple[str, ...] | None]:
        """The VPC endpoints that each private domain is open to: those of this account and those
        that other accounts associated with our domains are two lists."""
        names = {full_name(one) for one in listed if one.domain_id is not None}
        if not names:
            return lambda _one: None
        endpoints: dict[str, list[str]] = defaultdict(list)
        for owner in _OWNERS:
            answer = self._associations_of(owner)
            if not isinstance(answer, Gap):
                # What others associated is associated with domains of ours; ours may be with
                # another account's, whose name has an id too.
                strange = [name for name, _ in answer if name not in names]
                strange = [name for name in strange if owner != "SELF" or "+" not in name]
                answer = _strange_association(strange[0]) if strange else answer
            if isinstance(answer, Gap):
                gaps.append(answer)
                return lambda _one: None
            for name, endpoint in answer:
                endpoints[name].append(endpoint)

        def associated(one: ListedDomain) -> tuple[str, ...] | None:
            if one.domain_id is None:
                return None
            return tuple(dict.fromkeys(endpoints.get(full_name(one), ())))

        return associated

    def _associations_of(
        self, owner: Literal["SELF", "OTHER_ACCOUNTS"]
    ) -> list[tuple[str, str]] | Gap:
        def call() -> list[tuple[str, str]]:
            found: list[tuple[str, str]] = []
            seen: set[str] = set()
            more: dict[str, Any] = {}
            while True:
                page = self._v1.get_domain_name_access_associations(
                    resourceOwner=owner, limit=PAGE, **more
                )
                found += [
                    # The ARN ends in `/domainnames/NAME+ID`.
                    (item["domainNameArn"].rpartition("/")[2], item["accessAssociationSource"])
                    for item in page.get("items", [])
                ]
                position = page.get("position")
                if not position:
                    return found
                _advance(position, seen)
                more = {"position": position}

        subject = f"domainnameaccessassociations?resourceOwner={owner}"
        return _ask(
            call,
            "apigateway",
            "GetDomainNameAccessAssociations",
            Unknown.ASSOCIATIONS,
            subject,
        )


_OWNERS: tuple[Literal["SELF"], Literal["OTHER_ACCOUNTS"]] = ("SELF", "OTHER_ACCOUNTS")
_RULES_ONLY = "ROUTING_RULE_ONLY"
_NO_RULES = frozenset({"", "BASE_PATH_MAPPING_ONLY", "API_MAPPING_ONLY"})


def _ask(
    call: Callable[[], T],
    service: str,
    operation: str,
    unknown: Unknown,
    subject: str,
    *,
    may_be_gone: bool = False,
) -> T | Gap:
    return ask(
        call,
        service=service,
        operation=operation,
        unknown=unknown,
        subject=subject,
        account_wide=True,
        may_be_gone=may_be_gone,
    )


def _strange_association(name: str) -> Gap:
    return unknown_value(
        f"a domain called {name} that is not listed",
        operation="GetDomainNameAccessAssociations",
        unknown=Unknown.ASSOCIATIONS,
        subject="domainnameaccessassociations?resourceOwner=OTHER_ACCOUNTS",
        account_wide=True,
    )


def _v2_pages(get: Callable[..., Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The pages of a list for which botocore has no paginator."""
    seen: set[str] = set()
    more: dict[str, str] = {}
    while True:
        page = get(**more)
        yield page
        token = page.get("NextToken")
        if not token:
            return
        _advance(token, seen)
        more = {"NextToken": token}


def _advance(token: str, seen: set[str]) -> None:
    if token in seen:
        raise PageLoop("the same page was announced twice")
    seen.add(token)
