"""One concrete request, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.model.access import Door, Witness
from monitor.model.callers import Credential

ANONYMOUS = "anonymous"


class Decision(StrEnum):
    """`unknown`: AWS's pages do not settle it, or something it hangs on was not read."""

    ALLOW = "allow"
    DENY = "deny"
    UNKNOWN = "unknown"


class IdentityPolicy(StrEnum):
    """What the caller's own identity-based policies say about `execute-api:Invoke` here."""

    ALLOW = "allow"
    SILENT = "silent"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call that somebody makes: everything it does not state, it does not carry.

    `door` None: any door that this caller can use. `path` is the resource path, without the stage
    and without a custom domain's base path; `stage` is the stage the call reaches. `principal` is
    `anonymous` for an unsigned call, otherwise the ARN that signed it. `context` holds further
    condition keys; a request that carries `aws:SourceVpce`, `aws:SourceVpc` or `aws:VpcSourceIp`
    comes through a VPC endpoint. `token`, `api_key`, `client_certificate`: a valid one is
    presented. `identity_policy` speaks of signed calls only.
    """

    method: str
    path: str
    stage: str
    principal: str = ANONYMOUS
    door: Door | None = None
    source_ip: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    token: bool = False
    api_key: bool = False
    client_certificate: bool = False
    identity_policy: IdentityPolicy = IdentityPolicy.ALLOW

    @classmethod
    def from_witness(cls, witness: Witness) -> Request:
        return cls(
            door=witness.door,
            method=witness.method,
            path=witness.path,
            stage=witness.stage,
            principal=witness.principal,
            source_ip=witness.source_ip,
            headers=witness.headers,
            context=witness.context,
            token=Credential.TOKEN in witness.credentials,
            api_key=Credential.API_KEY in witness.credentials,
            client_certificate=Credential.CLIENT_CERTIFICATE in witness.credentials,
        )
