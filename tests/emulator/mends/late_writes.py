"""Writes and answers that MiniStack lacks: an update of a custom domain, flushing the cache of a
stage's authorizers, the web ACL that a stage names, the policy of a VPC endpoint, and the account's
VPC links, of which it has none.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from mends import expect
from ministack.services import apigateway, ec2, waf
from ministack.services import apigateway_v1 as v1

_HANDLE = ("method", "path", "headers", "body", "query_params")
_FULL_ACCESS = json.dumps(
    {"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}
)


def apply() -> None:
    _take_the_writes()
    _list_vpc_links()
    _name_the_web_acl()
    _tell_the_policy()


def _take_the_writes() -> None:
    handle = expect.function(v1, "handle_request", *_HANDLE)

    async def handle_request(method: str, path: str, headers: Any, body: Any, query: Any) -> Any:
        match method, path.strip("/").split("/"):
            case "PATCH", ["domainnames", name] if name in v1._domain_names:
                domain = v1._domain_names[name]
                v1._apply_patch(domain, json.loads(body)["patchOperations"])
                return v1._v1_response(domain)
            case "DELETE", ["restapis", api, "stages", stage, "cache", "authorizers"]:
                if stage in v1._stages_v1.get(api, {}):
                    return 202, {}, b""
        return await handle(method, path, headers, body, query)

    expect.replace(v1, handle, handle_request)


def _list_vpc_links() -> None:
    handle = expect.function(apigateway, "handle_request", *_HANDLE)

    async def handle_request(method: str, path: str, *rest: Any) -> Any:
        if method == "GET" and path.strip("/") == "v2/vpclinks":
            return 200, {"Content-Type": "application/json"}, b'{"items": []}'
        return await handle(method, path, *rest)

    expect.replace(apigateway, handle, handle_request)


def _name_the_web_acl() -> None:
    one = expect.function(v1, "_get_stage", "api_id", "stage_name")
    several = expect.function(v1, "_get_stages", "api_id")

    def get_stage(api_id: str, stage_name: str) -> Any:
        status, headers, body = one(api_id, stage_name)
        return status, headers, _with_acl(body, api_id)

    def get_stages(api_id: str) -> Any:
        status, headers, body = several(api_id)
        return status, headers, _with_acl(body, api_id)

    expect.replace(v1, one, get_stage)
    expect.replace(v1, several, get_stages)


def _with_acl(body: bytes, api_id: str) -> bytes:
    document = json.loads(body)
    for stage in document.get("item", [document]):
        suffix = f"/restapis/{api_id}/stages/{stage.get('stageName')}"
        for arn, acl in waf._associations.items():
            if arn.endswith(suffix):
                stage["webAclArn"] = acl
    return json.dumps(document).encode()


def _tell_the_policy() -> None:
    create = expect.function(ec2, "_create_vpc_endpoint", "p")
    shown = expect.function(ec2, "_vpce_fields_xml", "ep", "tag")

    def create_vpc_endpoint(p: Any) -> Any:
        before = set(ec2._vpc_endpoints)
        answer = create(p)
        for name in set(ec2._vpc_endpoints) - before:
            ec2._vpc_endpoints[name]["PolicyDocument"] = ec2._p(p, "PolicyDocument")
        return answer

    def vpce_fields_xml(ep: Any, tag: str = "item") -> str:
        policy = escape(ep.get("PolicyDocument") or _FULL_ACCESS)
        end = "</vpcEndpointId>"
        return str(shown(ep, tag)).replace(
            end, f"{end}<policyDocument>{policy}</policyDocument>", 1
        )

    handlers = expect.attribute(ec2, "_ACTION_MAP", dict)
    handlers["CreateVpcEndpoint"] = create_vpc_endpoint
    expect.replace(ec2, shown, vpce_fields_xml)
