"""CloudTrail's userIdentity -> the human behind a call, and the program they used.

Source: CloudTrail user guide, "CloudTrail userIdentity element".
"""

from __future__ import annotations

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


def actor(record: Mapping[str, Any]) -> Actor:
    """Who made the call. Fields that are missing or of a wrong type read as empty."""
    identity = _mapping(record.get("userIdentity"))
    return Actor(
        name=_name(identity),
        arn=_text(identity.get("arn")),
        account_id=_text(identity.get("accountId")),
        source_ip=_text(record.get("sourceIPAddress")),
        via=_program(record),
    )


def _name(identity: Mapping[str, Any]) -> str:
    kind = _text(identity.get("type"))
    arn = _text(identity.get("arn"))
    if kind == "AssumedRole" or ":assumed-role/" in arn:
        return _session(identity, arn)
    if kind == "Root":
        return f"root of {_text(identity.get('accountId')) or 'an unknown account'}"
    if service := _text(identity.get("invokedBy")):
        return service
    return _text(identity.get("userName")) or arn or _text(identity.get("principalId")) or "unknown"


def _session(identity: Mapping[str, Any], arn: str) -> str:
    # The session name is often the person (SSO, federation); the role says what they acted as.
    session = arn.rpartition("/")[2] or _text(identity.get("principalId")).rpartition(":")[2]
    issuer = _mapping(_mapping(identity.get("sessionContext")).get("sessionIssuer"))
    parts = arn.split("/")
    role = _text(issuer.get("userName")) or (parts[-2] if len(parts) >= 3 else "")
    return f"{session or 'unknown session'} (role {role})" if role else session or "unknown"


def _program(record: Mapping[str, Any]) -> str:
    identity = _mapping(record.get("userIdentity"))
    session = _mapping(identity.get("sessionContext"))
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
    return value if isinstance(value, str) else ""
