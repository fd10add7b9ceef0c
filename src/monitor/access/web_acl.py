"""The addresses that a web ACL lets pass.

Source: API Gateway guide, "Use AWS WAF to protect your REST APIs": it decides before the resource
policy and every authorizer.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.addresses import EVERYWHERE, NOWHERE, AddressSet, cidr_span
from monitor.model.api import ApiSnapshot, ApiType, Stage, WebAcl


@dataclass(frozen=True, slots=True)
class WebAclPass:
    """`addresses`: those that pass, or may. `modelled` False: rules exist that are not understood,
    so that any request may pass."""

    addresses: AddressSet = EVERYWHERE
    modelled: bool = True

    @property
    def narrows(self) -> bool:
        return self.addresses != EVERYWHERE


def passes(snapshot: ApiSnapshot, stage: Stage) -> WebAclPass:
    if snapshot.api_type is not ApiType.REST:
        return WebAclPass()
    if stage.web_acl is None:
        return WebAclPass(modelled=stage.web_acl_arn is None)
    if stage.web_acl.rules is None:
        return WebAclPass(modelled=False)
    return _simple(stage.web_acl)


def _simple(acl: WebAcl) -> WebAclPass:
    undecided, allowed = EVERYWHERE, NOWHERE
    for rule in sorted(acl.rules or (), key=lambda one: one.priority):
        matched = AddressSet.of_cidrs(rule.cidrs) & undecided
        action = rule.action.upper()
        readable = all(cidr_span(one) is not None for one in rule.cidrs)
        if action not in ("ALLOW", "BLOCK", "COUNT") or not readable:
            return WebAclPass(modelled=False)
        if action == "COUNT":
            continue
        undecided = undecided - matched
        if action == "ALLOW":
            allowed = allowed | matched
    default = acl.default_action.upper()
    if default not in ("ALLOW", "BLOCK"):
        return WebAclPass(modelled=False)
    return WebAclPass(allowed | undecided if default == "ALLOW" else allowed)
