"""Custom domains: which API each leads to, at which cost, and what stays unknown."""

from __future__ import annotations

from typing import Any

import pytest
from tests.aws_answers import AwsAnswers, AwsError

from monitor.aws.custom_domains import DomainReads, Doors
from monitor.model.api import DomainMapping, EndpointType, IpAddressType
from monitor.model.gaps import Gap, Unknown

DENIED = AwsError("AccessDeniedException", 403)
GONE = AwsError("NotFoundException", 404)

REGIONAL = {
    "domainName": "api.example.com",
    "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "dualstack"},
    "securityPolicy": "TLS_1_2",
    "routingMode": "BASE_PATH_MAPPING_ONLY",
    "mutualTlsAuthentication": {"truststoreUri": "s3://trust/store.pem", "truststoreVersion": "1"},
}
EDGE = {
    "domainName": "edge.example.com",
    "endpointConfiguration": {"types": ["EDGE"]},
    "mutualTlsAuthentication": {},
}
PRIVATE = {
    "domainName": "private.example.com",
    "domainNameId": "abc123",
    "domainNameArn": "arn:aws:apigateway:us-east-1:1:/domainnames/private.example.com+abc123",
    "endpointConfiguration": {"types": ["PRIVATE"]},
    "policy": '{"Statement":[]}',
}


def association(arn: str, endpoint: str) -> dict[str, str]:
    return {
        "domainNameArn": arn,
        "accessAssociationSourceType": "VPCE",
        "accessAssociationSource": endpoint,
    }


def answers(*domains: dict[str, Any], **changed: Any) -> AwsAnswers:
    return AwsAnswers(
        **{
            "GetDomainNames": {"items": list(domains)},
            "GetBasePathMappings": {"items": [{"basePath": "(none)", "restApiId": "rest1"}]},
            "GetDomainNameAccessAssociations": {"items": []},
            "apigatewayv2:GetApiMappings": {
                "Items": [{"ApiId": "rest1", "ApiMappingKey": "v1/orders", "Stage": "prod"}]
            },
            "apigatewayv2:ListRoutingRules": {"RoutingRules": []},
            **changed,
        }
    )


def doors(given: AwsAnswers) -> Doors:
    answer = DomainReads(given.client(), given.client("apigatewayv2")).doors()
    assert isinstance(answer, Doors)
    return answer


def test_a_regional_domain_tells_its_mappings_through_v2_alone() -> None:
    given = answers(REGIONAL)

    (domain,) = doors(given).domains["rest1"]

    assert domain.domain_name == "api.example.com"
    assert domain.endpoint_type is EndpointType.REGIONAL
    assert domain.ip_address_type is IpAddressType.DUALSTACK
    assert (domain.mutual_tls, domain.truststore) == (True, "s3://trust/store.pem")
    assert domain.security_policy == "TLS_1_2"
    assert domain.mappings == (DomainMapping(base_path="v1/orders", stage="prod"),)
    assert domain.policy is None
    assert given.calls == {"GetDomainNames": 1, "apigatewayv2:GetApiMappings": 1}


def test_an_edge_domain_tells_its_mappings_through_v1() -> None:
    given = answers(EDGE)

    (domain,) = doors(given).domains["rest1"]

    assert domain.endpoint_type is EndpointType.EDGE
    assert domain.ip_address_type is IpAddressType.IPV4
    assert domain.mutual_tls is False
    assert domain.mappings == (DomainMapping(),)
    assert given.calls == {"GetDomainNames": 1, "GetBasePathMappings": 1}


def test_an_account_without_domains_costs_one_call() -> None:
    given = answers()

    assert doors(given) == Doors(domains={})
    assert given.calls == {"GetDomainNames": 1}


def test_a_private_domain_is_open_to_the_endpoints_of_both_kinds_of_account() -> None:
    arn = PRIVATE["domainNameArn"]

    def associations(params: Any) -> Any:
        ours = params["query_string"]["resourceOwner"] == "SELF"
        other = association("arn:aws:apigateway:us-east-1:2:/domainnames/x.example.com+zzz", "v9")
        if ours:
            return {"items": [association(arn, "vpce-1"), other]}
        return {"items": [association(arn, "vpce-2")]}

    given = answers(PRIVATE, GetDomainNameAccessAssociations=associations)
    (domain,) = doors(given).domains["rest1"]

    assert domain.access_associations == ("vpce-1", "vpce-2")
    assert domain.policy is not None
    assert domain.policy.text == '{"Statement":[]}'


def test_mappings_of_a_private_domain_are_asked_for_by_its_id() -> None:
    seen = []

    def mappings(params: Any) -> Any:
        seen.append(params["query_string"])
        return {"items": []}

    doors(answers(PRIVATE, GetBasePathMappings=mappings))

    assert [query["domainNameId"] for query in seen] == ["abc123"]


def test_unread_associations_leave_a_private_domain_open_to_any_endpoint() -> None:
    found = doors(answers(PRIVATE, GetDomainNameAccessAssociations=DENIED))

    assert found.domains["rest1"][0].access_associations is None
    assert [gap.unknown for gap in found.gaps] == [Unknown.ASSOCIATIONS]


def test_an_association_with_a_domain_nobody_listed_leaves_all_of_them_open() -> None:
    other = association("arn:aws:apigateway:us-east-1:1:/domainnames/private.example.com", "v9")

    found = doors(answers(PRIVATE, GetDomainNameAccessAssociations={"items": [other]}))

    assert found.domains["rest1"][0].access_associations is None
    assert [gap.error_code for gap in found.gaps] == ["UnknownValue"]


RULE = {
    "Priority": 1,
    "Conditions": [
        {"MatchHeaders": {"AnyOf": [{"Header": "x-tenant", "ValueGlob": "a*"}]}},
        {"MatchBasePaths": {"AnyOf": ["orders", "carts"]}},
    ],
    "Actions": [{"InvokeApi": {"ApiId": "rest2", "Stage": "prod", "StripBasePath": True}}],
}


@pytest.mark.parametrize(
    ("mode", "mapped", "ruled"),
    [
        ("BASE_PATH_MAPPING_ONLY", True, False),
        ("ROUTING_RULE_ONLY", False, True),
        ("ROUTING_RULE_THEN_BASE_PATH_MAPPING", True, True),
        ("BY_THE_STARS", True, True),
    ],
)
def test_the_routing_mode_decides_what_leads_to_an_api(
    mode: str, mapped: bool, ruled: bool
) -> None:
    rules = {"apigatewayv2:ListRoutingRules": {"RoutingRules": [RULE]}}

    found = doors(answers({**REGIONAL, "routingMode": mode}, **rules)).domains

    assert ("rest1" in found, "rest2" in found) == (mapped, ruled)
    if ruled:
        assert found["rest2"][0].mappings == (
            DomainMapping(base_path="orders", stage="prod", by_routing_rule=True),
            DomainMapping(base_path="carts", stage="prod", by_routing_rule=True),
        )


def test_a_rule_without_a_path_leads_from_the_root() -> None:
    rule = {**RULE, "Conditions": [RULE["Conditions"][0]]}
    rules = {"apigatewayv2:ListRoutingRules": {"RoutingRules": [rule]}}

    found = doors(answers({**REGIONAL, "routingMode": "ROUTING_RULE_ONLY"}, **rules)).domains

    assert [mapping.base_path for mapping in found["rest2"][0].mappings] == [""]


def test_without_the_list_nothing_is_known() -> None:
    given = answers(GetDomainNames=DENIED)

    answer = DomainReads(given.client(), given.client("apigatewayv2")).doors()

    assert isinstance(answer, Gap)
    assert (answer.unknown, answer.account_wide) == (Unknown.DOORS, True)


def test_a_domain_whose_mappings_are_unread_is_named() -> None:
    found = doors(answers(REGIONAL, EDGE, **{"apigatewayv2:GetApiMappings": DENIED}))

    assert [domain.domain_name for domain in found.domains["rest1"]] == ["edge.example.com"]
    assert [(gap.unknown, gap.subject) for gap in found.gaps] == [
        (Unknown.MAPPINGS, "v2/domainnames/api.example.com/apimappings")
    ]


def test_a_domain_that_vanished_leads_nowhere() -> None:
    gone = {"GetBasePathMappings": GONE, "apigatewayv2:GetApiMappings": GONE}

    assert doors(answers(EDGE, REGIONAL, **gone)) == Doors(domains={})


def test_a_regional_domain_that_v2_does_not_know_tells_its_mappings_through_v1() -> None:
    found = doors(answers(REGIONAL, **{"apigatewayv2:GetApiMappings": GONE}))

    assert found.domains["rest1"][0].mappings == (DomainMapping(),)


@pytest.mark.parametrize("operation", ["GetDomainNames", "GetDomainNameAccessAssociations"])
def test_a_list_of_the_account_cannot_be_missing(operation: str) -> None:
    given = answers(PRIVATE, **{operation: GONE})

    answer = DomainReads(given.client(), given.client("apigatewayv2")).doors()

    gaps = (answer,) if isinstance(answer, Gap) else answer.gaps
    assert [(gap.operation, gap.error_code) for gap in gaps] == [(operation, "NotFoundException")]


def test_pages_without_a_paginator_are_followed_and_a_loop_is_a_gap() -> None:
    def page(params: Any) -> Any:
        number = int(params["query_string"].get("nextToken", 0))
        item = {"ApiId": f"api{number}", "Stage": "prod"}
        return {"Items": [item], **({"NextToken": str(number + 1)} if number < 2 else {})}

    assert set(doors(answers(REGIONAL, **{"apigatewayv2:GetApiMappings": page})).domains) == {
        "api0",
        "api1",
        "api2",
    }

    endless = {"apigatewayv2:GetApiMappings": {"Items": [], "NextToken": "again"}}
    assert [gap.error_code for gap in doors(answers(REGIONAL, **endless)).gaps] == [
        "PaginationError"
    ]
    same = {"GetDomainNameAccessAssociations": {"items": [], "position": "again"}}
    assert [gap.error_code for gap in doors(answers(PRIVATE, **same)).gaps] == ["PaginationError"]


@pytest.mark.parametrize(
    ("types", "kind"),
    [(["PRIVATE", "REGIONAL"], EndpointType.REGIONAL), (["ORBITAL"], EndpointType.REGIONAL)],
)
def test_a_domain_that_may_be_public_counts_as_public(types: list[str], kind: EndpointType) -> None:
    given = answers({**REGIONAL, "endpointConfiguration": {"types": types}})

    assert doors(given).domains["rest1"][0].endpoint_type is kind


@pytest.mark.parametrize("item", [{}, None, {"domainName": "x", "endpointConfiguration": "?"}])
def test_a_misshapen_domain_spoils_the_list_and_nothing_else(item: Any) -> None:
    given = answers(item)

    answer = DomainReads(given.client(), given.client("apigatewayv2")).doors()

    assert isinstance(answer, Gap)
    assert answer.error_code == "MalformedAnswer"
