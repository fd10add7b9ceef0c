"""Put a web ACL before the stage that lets the networks named pass and blocks all others."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from monitor.model.api import IpSetRule, WebAcl
from remediators.changes import step
from remediators.plan import Goal, Kind, Step, ref
from remediators.situation import Action, Proposal, Refuse, Situation

DESCRIPTION = "Made by Gatewatch; taken away when its plan is undone"


def _propose(given: Situation) -> Proposal:
    if not given.is_rest:
        raise Refuse("AWS WAF protects stages of REST APIs only")
    if given.stage.web_acl_arn is not None:
        raise Refuse(f"stage {given.stage.name} has a web ACL, and takes one only")
    families = _families(given)
    name = f"gatewatch-{given.api_id}-{given.stage.name}"
    sets = tuple(_set(given, name, version, cidrs) for version, cidrs in families.items())
    acl = _acl(given, name, [one.key for one in sets])
    every = tuple(cidr for cidrs in families.values() for cidr in cidrs)
    return Proposal(
        summary=f"block all but {', '.join(every)} before stage {given.stage.name}",
        goal=Goal.COMPLIANT,
        steps=(*sets, acl, _attach(given)),
        routes=tuple(f"{given.stage.name} {one.key}" for one in given.live.routes or ()),
        loses=("whoever calls from another network",),
        warnings=("AWS says that a web ACL may take minutes to act",),
        web_acl=WebAcl(
            default_action="BLOCK",
            rules=(IpSetRule(priority=0, action="ALLOW", cidrs=every),),
        ),
        patience_seconds=300,
    )


def _families(given: Situation) -> dict[str, list[str]]:
    """The networks by IP version; WAF has a set for each."""
    found: dict[str, list[str]] = {}
    cidrs = given.texts("cidrs")
    if not cidrs:
        raise Refuse("give the parameter `cidrs`: the networks that keep access")
    for one in cidrs:
        try:
            network = ip_network(one, strict=False)
        except ValueError as error:
            raise Refuse(f"`{one}` is no network") from error
        if network.prefixlen == 0:
            raise Refuse("WAF takes no set of all addresses")
        found.setdefault(f"IPV{network.version}", []).append(str(network))
    return {version: sorted(networks) for version, networks in sorted(found.items())}


def _set(given: Situation, name: str, version: str, cidrs: list[str]) -> Step:
    own = f"{name}-{version.lower()}"
    if given.find(Kind.IP_SET, own) is not None:
        raise Refuse(f"there is an IP set {own} already: delete it, or undo the plan that made it")
    return step(
        ref(Kind.IP_SET, own),
        None,
        {"IPAddressVersion": version, "Addresses": cidrs, "Description": DESCRIPTION},
        key=version.lower(),
        title=f"make an IP set of {', '.join(cidrs)}",
        undo="delete the IP set",
        acts_at_once=False,
    )


def _acl(given: Situation, name: str, sets: list[str]) -> Step:
    if given.find(Kind.WEB_ACL, name) is not None:
        raise Refuse(f"there is a web ACL {name} already: delete it, or undo the plan that made it")
    rules = [_rule(place, key) for place, key in enumerate(sets)]
    return step(
        ref(Kind.WEB_ACL, name),
        None,
        {
            "DefaultAction": {"Block": {}},
            "Rules": rules,
            "VisibilityConfig": _visible(name),
            "Description": DESCRIPTION,
        },
        key="acl",
        title="make a web ACL that blocks everybody else",
        undo="delete the web ACL",
        acts_at_once=False,
    )


def _rule(place: int, key: str) -> dict[str, Any]:
    return {
        "Name": key,
        "Priority": place,
        "Statement": {"IPSetReferenceStatement": {"ARN": f"${{{key}.ARN}}"}},
        "Action": {"Allow": {}},
        "VisibilityConfig": _visible(key),
    }


def _visible(name: str) -> dict[str, Any]:
    return {
        "SampledRequestsEnabled": True,
        "CloudWatchMetricsEnabled": True,
        "MetricName": name.replace("_", "-"),
    }


def _attach(given: Situation) -> Step:
    api, stage = given.snapshot.api, given.stage.name
    arn = f"arn:{api.partition}:apigateway:{api.region}::/restapis/{api.api_id}/stages/{stage}"
    if given.find(Kind.WEB_ACL_ASSOCIATION, arn) is not None:
        raise Refuse(f"stage {stage} has a web ACL, and takes one only")
    return step(
        ref(Kind.WEB_ACL_ASSOCIATION, arn),
        None,
        {"WebACLArn": "${acl.ARN}"},
        key="attached",
        title=f"attach it to stage {stage}",
        undo=f"detach it from stage {stage}",
    )


ACTION = Action(
    id="block-at-waf",
    title="Block all but the allowed networks with AWS WAF",
    changes="An IP set for each IP version and a web ACL, made for this stage and attached to it.",
    blast="Every route of the stage, for callers from other networks.",
    at_once="No: AWS says it may take minutes, and the look afterwards waits for it.",
    idempotence="Set and web ACL are found by their names and made once.",
    refuses=(
        "The stage has a web ACL, since it takes one only; the API is no REST API; "
        "the networks would not be enough by the org policy."
    ),
    inverse="The web ACL is detached and deleted, then the IP sets.",
    writes=(
        "wafv2:CreateIPSet",
        "wafv2:DeleteIPSet",
        "wafv2:CreateWebACL",
        "wafv2:DeleteWebACL",
        "wafv2:AssociateWebACL",
        "wafv2:DisassociateWebACL",
    ),
    parameters={"cidrs": "networks that keep access"},
    propose=_propose,
)
