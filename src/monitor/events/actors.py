"""CloudTrail's userIdentity -> the human behind a call, and the program they used.

Source: CloudTrail user guide, "CloudTrail userIdentity element".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from monitor.model.change import Actor

_PROGRAMS = (
    ("cloudformation.amazonaws.com", "CloudFormation"),
    ("terraform", "Terraform"),
    ("opentofu", "OpenTofu"),
    ("pulumi", "Pulumi"),
    ("aws-cdk", "CDK"),
    ("serverless", "Serverless Framework"),
    ("aws-cli", "AWS CLI"),
    ("console.amazonaws.com", "the console"),
    ("aws internal", "the console"),
    ("mozilla", "the console"),
    ("boto3", "boto3"),
    ("aws-sdk", "an AWS SDK"),
)
# The roles that `cdk bootstrap` makes. Source: CDK developer guide, "Bootstrapping".
_CDK_ROLE = re.compile(r"cdk-[\w]+-(?:cfn-exec|deploy)-role-")
MAX_TEXT = 512


def actor(record: Mapping[str, Any]) -> Actor:
    """Who made the call. Fields that are missing or of a wrong type read as empty."""
    identity = _mapping(record.get("userIdentity"))
    arn = _text(identity.get("arn"))
    session, role = _session_and_role(identity, arn)
    return Actor(
        name=_name(identity, arn, session, role),
        arn=arn,
        account_id=_text(identity.get("accountId")),
        source_ip=_text(record.get("sourceIPAddress")),
        via=_program(record, role),
        session=session,
        role=role,
        mfa=_mfa(identity),
    )


def _name(identity: Mapping[str, Any], arn: str, session: str, role: str) -> str:
    kind = _text(identity.get("type"))
    if kind == "AssumedRole" or ":assumed-role/" in arn:
        # Set by whoever signed in and inherited by every role assumed after: the person, if any.
        source = _text(_mapping(identity.get("sessionContext")).get("sourceIdentity"))
        if source and source != session:
            return f"{source} (role {role or 'unknown'}, session {session or 'unknown'})"
        return f"{session or 'unknown session'} (role {role})" if role else session or "unknown"
    if kind == "Root":
        return f"root of {_text(identity.get('accountId')) or 'an unknown account'}"
    if service := _text(identity.get("invokedBy")):
        return service
    return _text(identity.get("userName")) or arn or _text(identity.get("principalId")) or "unknown"


def _session_and_role(identity: Mapping[str, Any], arn: str) -> tuple[str, str]:
    """The session's name, which is often the person, and the role they acted as."""
    if _text(identity.get("type")) != "AssumedRole" and ":assumed-role/" not in arn:
        return "", ""
    session = arn.rpartition("/")[2] or _text(identity.get("principalId")).rpartition(":")[2]
    issuer = _mapping(_mapping(identity.get("sessionContext")).get("sessionIssuer"))
    parts = arn.split("/")
    return session, _text(issuer.get("userName")) or (parts[-2] if len(parts) >= 3 else "")


def _mfa(identity: Mapping[str, Any]) -> bool | None:
    attributes = _mapping(_mapping(identity.get("sessionContext")).get("attributes"))
    return {"true": True, "false": False}.get(str(attributes.get("mfaAuthenticated")).lower())


def _program(record: Mapping[str, Any], role: str) -> str:
    identity = _mapping(record.get("userIdentity"))
    session = _mapping(identity.get("sessionContext"))
    if _CDK_ROLE.match(role):
        return "CDK"
    if "true" in (
        str(record.get("sessionCredentialFromConsole", "")).lower(),
        str(session.get("sessionCredentialFromConsole", "")).lower(),
    ):
        return "the console"
    told = " ".join(
        _text(value).lower()
        for value in (
            identity.get("invokedBy"),
            record.get("sourceIPAddress"),
            record.get("userAgent"),
        )
    )
    return next((program for sign, program in _PROGRAMS if sign in told), "")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""
