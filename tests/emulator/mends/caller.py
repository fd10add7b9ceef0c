"""Who made a control-plane call, in the words of CloudTrail's userIdentity."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from mends import expect
from ministack.core import iam_evaluator, router
from ministack.services import iam


def check() -> None:
    expect.function(iam_evaluator, "request_caller_arn", "headers", "query_params")
    expect.function(router, "extract_access_key_id", "headers", "query_params")


def identity(headers: dict[str, str], query: dict[str, Any], account: str) -> dict[str, Any]:
    """The caller as MiniStack's own IAM sees them, assumed roles with role and session name."""
    arn: str = iam_evaluator.request_caller_arn(headers, query)
    common = {
        "arn": arn,
        "accountId": account,
        "accessKeyId": router.extract_access_key_id(headers, query) or "",
    }
    resource = arn.split(":", 5)[-1]
    kind, _, name = resource.partition("/")
    if kind == "assumed-role":
        return _assumed_role(name, common, account)
    if kind == "user":
        user = name.rsplit("/", 1)[-1]
        return {
            "type": "IAMUser",
            "principalId": _unique_id("AIDA", arn),
            "userName": user,
            **common,
        }
    return {"type": "Root", "principalId": account, **common}


def _assumed_role(name: str, common: dict[str, Any], account: str) -> dict[str, Any]:
    role, _, session = name.partition("/")
    # The session's ARN has no path; the issuer's has.
    stored = iam._roles.get_scoped(account, None, role) or {}
    issuer_id = stored.get("RoleId") or _unique_id("AROA", role)
    issuer = {
        "type": "Role",
        "principalId": issuer_id,
        "arn": stored.get("Arn") or f"arn:aws:iam::{account}:role/{role}",
        "accountId": account,
        "userName": role,
    }
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "type": "AssumedRole",
        "principalId": f"{issuer_id}:{session}",
        **common,
        "sessionContext": {
            "sessionIssuer": issuer,
            "attributes": {"creationDate": created, "mfaAuthenticated": "false"},
        },
    }


def _unique_id(prefix: str, of: str) -> str:
    return prefix + hashlib.sha256(of.encode()).hexdigest()[:17].upper()
