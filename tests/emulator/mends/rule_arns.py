"""Rules of the default bus are named as in AWS when a caller's policy is judged.

MiniStack judges `rule/default/NAME` where AWS has `rule/NAME`, and no resource at all for calls
that name the rule as `Rule`; a policy that names its rules exactly would allow nothing.
Source: Service Authorization Reference, "Amazon EventBridge", resource types.
"""

from __future__ import annotations

import json
from typing import Any

from mends import expect
from ministack.core import iam_actions

_TAKES = ("service", "method", "path", "headers", "body", "query_params", "region", "account_id")


def apply() -> None:
    arn = expect.function(iam_actions, "extract_resource_arn", *_TAKES)

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        found: str = arn(service, method, path, headers, body, query_params, region, account_id)
        if service != "events":
            return found
        if found == "*" and (rule := _rule(body)):
            return f"arn:aws:events:{region}:{account_id}:rule/{rule}"
        return found.replace(":rule/default/", ":rule/")

    expect.replace(iam_actions, arn, extract_resource_arn)


def _rule(body: bytes) -> str:
    try:
        return str(json.loads(body or b"{}").get("Rule") or "")
    except (ValueError, AttributeError):
        return ""
