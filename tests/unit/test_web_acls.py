"""Web ACLs: what is modelled, what is not, and which addresses a rule means."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.aws_answers import AwsAnswers, AwsError

from monitor.aws.web_acls import WebAclReads
from monitor.model.api import IpSetRule, WebAcl
from monitor.model.gaps import Gap, Unknown

ACCOUNT = "arn:aws:wafv2:us-east-1:123456789012:regional"
ACL = f"{ACCOUNT}/webacl/fence/11111111-2222-3333-4444-555555555555"
OFFICE = f"{ACCOUNT}/ipset/office/aaaaaaaa"
OFFICE_V6 = f"{ACCOUNT}/ipset/office-v6/bbbbbbbb"
SETS = {"office": ["192.0.2.0/24"], "office-v6": ["2001:db8::/32"]}


def office(arn: str = OFFICE) -> dict[str, Any]:
    return {"IPSetReferenceStatement": {"ARN": arn}}


def rule(statement: dict[str, Any], action: str = "Block", priority: int = 0) -> dict[str, Any]:
    return {"Name": "r", "Priority": priority, "Action": {action: {}}, "Statement": statement}


def answers(*rules: dict[str, Any], default: str = "Allow", **changed: Any) -> AwsAnswers:
    acl = {"DefaultAction": {default: {}}, "Rules": list(rules)}
    return AwsAnswers(
        **{
            "wafv2:GetWebACL": {"WebACL": {**acl, **changed.pop("acl", {})}},
            "wafv2:GetIPSet": lambda params: {"IPSet": {"Addresses": _set(params)}},
            **changed,
        }
    )


def _set(params: Any) -> list[str]:
    return SETS[json.loads(params["body"])["Name"]]


def web_acl(given: AwsAnswers) -> WebAcl | Gap:
    return WebAclReads(given.client("wafv2")).web_acl(ACL)


def test_address_rules_are_modelled() -> None:
    given = answers(rule(office(), "Allow", 1), default="Block")

    assert web_acl(given) == WebAcl(
        default_action="BLOCK",
        rules=(IpSetRule(priority=1, action="ALLOW", cidrs=("192.0.2.0/24",)),),
    )
    assert given.calls == {"wafv2:GetWebACL": 1, "wafv2:GetIPSet": 1}


def test_an_acl_without_rules_lets_its_default_decide() -> None:
    assert web_acl(answers()) == WebAcl(default_action="ALLOW", rules=())


def test_sets_may_be_joined_and_turned_round() -> None:
    either = {"OrStatement": {"Statements": [office(), office(OFFICE_V6)]}}
    found = web_acl(answers(rule({"NotStatement": {"Statement": either}})))

    assert isinstance(found, WebAcl)
    assert found.rules is not None
    cidrs = found.rules[0].cidrs
    assert "192.0.2.0/24" not in cidrs
    assert "192.0.3.0/24" in cidrs
    assert "2001:db8::/32" not in cidrs
    assert "2001:db9::/32" in cidrs


@pytest.mark.parametrize(
    "statement",
    [
        {"GeoMatchStatement": {"CountryCodes": ["AT"]}},
        {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}},
        {"AndStatement": {"Statements": [office(), office(OFFICE_V6)]}},
        {"NotStatement": {"Statement": {"GeoMatchStatement": {"CountryCodes": ["AT"]}}}},
        {"IPSetReferenceStatement": {"ARN": OFFICE, "IPSetForwardedIPConfig": {}}},
        {},
    ],
)
def test_a_rule_that_looks_at_more_than_addresses_is_not_modelled(
    statement: dict[str, Any],
) -> None:
    found = web_acl(answers(rule(office(), "Block"), rule(statement, priority=1)))

    assert found == WebAcl(default_action="ALLOW", rules=None)


@pytest.mark.parametrize("action", ["Captcha", "Challenge", "Pray"])
def test_an_action_that_neither_allows_nor_blocks_is_not_modelled(action: str) -> None:
    found = web_acl(answers(rule(office(), action)))

    assert isinstance(found, WebAcl)
    assert found.rules is None


def test_what_only_counts_decides_nothing() -> None:
    counting = rule({"GeoMatchStatement": {}}, "Count")
    group = {
        "Name": "g",
        "Priority": 2,
        "OverrideAction": {"Count": {}},
        "Statement": {"ManagedRuleGroupStatement": {}},
    }

    assert web_acl(answers(counting, group)) == WebAcl(default_action="ALLOW", rules=())


def test_a_managed_rule_group_is_not_modelled() -> None:
    group = {
        "Name": "g",
        "Priority": 2,
        "OverrideAction": {"None": {}},
        "Statement": {"ManagedRuleGroupStatement": {}},
    }
    found = web_acl(answers(group))

    assert isinstance(found, WebAcl)
    assert found.rules is None


def test_rule_groups_of_firewall_manager_are_not_modelled() -> None:
    found = web_acl(answers(acl={"PreProcessFirewallManagerRuleGroups": [{"Name": "x"}]}))

    assert isinstance(found, WebAcl)
    assert found.rules is None


def test_waf_classic_is_not_asked_about() -> None:
    given = answers()
    classic = "arn:aws:waf-regional:us-east-1:123456789012:webacl/0123"

    found = WebAclReads(given.client("wafv2")).web_acl(classic)

    assert isinstance(found, WebAcl)
    assert found.rules is None
    assert given.calls == {}


@pytest.mark.parametrize("operation", ["wafv2:GetWebACL", "wafv2:GetIPSet"])
def test_a_refused_read_is_a_gap(operation: str) -> None:
    found = web_acl(answers(rule(office()), **{operation: AwsError("AccessDeniedException", 403)}))

    assert isinstance(found, Gap)
    assert (f"{found.service}:{found.operation}", found.unknown) == (operation, Unknown.WEB_ACL)


def test_an_address_that_is_none_is_a_gap() -> None:
    wrong = {"wafv2:GetIPSet": {"IPSet": {"Addresses": ["everyone"]}}}

    found = web_acl(answers(rule(office()), **wrong))

    assert isinstance(found, Gap)
    assert found.error_code == "MalformedAnswer"
