"""Web ACLs of stages, as far as they are modelled: rules that look at addresses only.

Sources: WAFv2 API reference, "WebACL", "Rule", "Statement", "IPSet"; WAF developer guide, "Using
rule actions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from monitor.aws.asking import Gone, MalformedAnswer, ask
from monitor.model.addresses import AddressSet, cidr_span
from monitor.model.api import IpSetRule, WebAcl
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_wafv2 import WAFV2Client

SERVICE = "wafv2"
_NOT_MODELLED = WebAcl(default_action="ALLOW", rules=None)
_ENDING = ("Allow", "Block")
_PASSING = frozenset({"Count"})

Addresses = Callable[[str], AddressSet | Gap]
"""The addresses of an IP set, by its ARN."""


class WebAclReads:
    def __init__(self, client: WAFV2Client) -> None:
        self._client = client

    def web_acl(self, arn: str) -> WebAcl | Gap:
        """The web ACL that a stage names. One of WAF Classic, or with rules beyond addresses, is
        not modelled: any request may pass.

        Raises Gone if it was deleted meanwhile.
        """
        parts = _parts(arn)
        if parts is None:
            return _NOT_MODELLED
        name, acl_id = parts

        def call() -> Mapping[str, Any]:
            answer = self._client.get_web_acl(Name=name, Id=acl_id, Scope="REGIONAL")
            return answer["WebACL"]

        found = ask(
            call, service=SERVICE, operation="GetWebACL", unknown=Unknown.WEB_ACL, subject=arn
        )
        return found if isinstance(found, Gap) else self._modelled(found, arn)

    def _modelled(self, acl: Mapping[str, Any], arn: str) -> WebAcl | Gap:
        gaps: list[Gap] = []

        def addresses(ip_set: str) -> AddressSet | Gap:
            answer = self._addresses(ip_set)
            if isinstance(answer, Gap):
                gaps.append(answer)
            return answer

        def call() -> WebAcl:
            return _web_acl(acl, addresses)

        answer = ask(
            call, service=SERVICE, operation="GetWebACL", unknown=Unknown.WEB_ACL, subject=arn
        )
        return gaps[0] if gaps else answer

    def _addresses(self, arn: str) -> AddressSet | Gap:
        parts = _parts(arn)
        if parts is None:
            raise ValueError(f"no ARN of an IP set: {arn}")
        name, set_id = parts

        def call() -> AddressSet:
            answer = self._client.get_ip_set(Name=name, Id=set_id, Scope="REGIONAL")
            cidrs = answer["IPSet"]["Addresses"]
            if strange := [cidr for cidr in cidrs if cidr_span(cidr) is None]:
                raise MalformedAnswer(f"no address block: {strange[0]}")
            return AddressSet.of_cidrs(cidrs)

        try:
            return ask(
                call, service=SERVICE, operation="GetIPSet", unknown=Unknown.WEB_ACL, subject=arn
            )
        except Gone:
            return AddressSet(())


def _parts(arn: str) -> tuple[str, str] | None:
    """Name and id out of `arn:PARTITION:wafv2:REGION:ACCOUNT:regional/KIND/NAME/ID`."""
    service, _, rest = arn.partition(":")[2].partition(":")[2].partition(":")
    path = rest.split(":")[-1].split("/")
    if service != SERVICE or len(path) != 4 or path[0] != "regional":
        return None
    return path[2], path[3]


def _web_acl(acl: Mapping[str, Any], addresses: Addresses) -> WebAcl:
    default = _action(acl.get("DefaultAction"))
    firewall_manager = any(
        acl.get(name)
        for name in (
            "PreProcessFirewallManagerRuleGroups",
            "PostProcessFirewallManagerRuleGroups",
        )
    )
    if default is None or firewall_manager:
        return _NOT_MODELLED
    rules: list[IpSetRule] = []
    for rule in acl.get("Rules") or ():
        if _only_counts(rule):
            continue
        modelled = _rule(rule, addresses)
        if modelled is None:
            return WebAcl(default_action=default, rules=None)
        rules.append(modelled)
    return WebAcl(default_action=default, rules=tuple(rules))


def _only_counts(rule: Mapping[str, Any]) -> bool:
    """It lets every request on to the next rule, whatever it looks at."""
    action = rule.get("Action") or rule.get("OverrideAction") or {}
    return set(action) == _PASSING


def _rule(rule: Mapping[str, Any], addresses: Addresses) -> IpSetRule | None:
    action = _action(rule.get("Action"))
    if action is None:
        return None
    matched = _matched(rule.get("Statement") or {}, addresses)
    if matched is None:
        return None
    return IpSetRule(priority=rule["Priority"], action=action, cidrs=matched.cidrs())


def _action(given: Mapping[str, Any] | None) -> str | None:
    """`ALLOW` or `BLOCK`; None for a challenge, a captcha, or what was added since."""
    named = list(given or ())
    return named[0].upper() if len(named) == 1 and named[0] in _ENDING else None


def _matched(statement: Mapping[str, Any], addresses: Addresses) -> AddressSet | None:
    """The callers' addresses that a statement matches; None if it looks at anything else."""
    if len(statement) != 1:
        return None
    ((kind, given),) = statement.items()
    match kind:
        case "IPSetReferenceStatement" if "IPSetForwardedIPConfig" not in given:
            answer = addresses(given["ARN"])
            return None if isinstance(answer, Gap) else answer
        case "NotStatement":
            inner = _matched(given["Statement"], addresses)
            return None if inner is None else inner.complement()
        case "OrStatement":
            return _united(_matched(one, addresses) for one in given["Statements"])
    return None


def _united(parts: Iterator[AddressSet | None]) -> AddressSet | None:
    union = AddressSet(())
    for part in parts:
        if part is None:
            return None
        union = union | part
    return union
