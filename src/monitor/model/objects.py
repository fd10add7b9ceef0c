"""What an API rests on besides itself: the things whose change makes it worth another look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ObjectKind(StrEnum):
    REGION = "region"
    """Everything: each API that Gatewatch knows rests on its region."""
    DOMAIN = "domain"
    CERTIFICATE = "certificate"
    USAGE_PLAN = "usage-plan"
    API_KEY = "api-key"
    CLIENT_CERTIFICATE = "client-certificate"
    VPC_ENDPOINT = "vpc-endpoint"
    USER_POOL = "user-pool"
    FUNCTION = "function"
    WEB_ACL = "web-acl"
    IDENTITIES = "identities"
    """The users, roles and policies of the account, taken as one."""
    VPC_LINK = "vpc-link"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ObjectRef:
    """One object, or with an empty `id` every one of its kind.

    `id` is what AWS calls it inside its account and region: a name or an id, never an ARN.
    """

    kind: ObjectKind
    id: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.id}"


def covers(asked: ObjectRef, held: ObjectRef) -> bool:
    """Whether what an API rests on (`held`) is, or may be, the object that is asked for."""
    return asked.kind is held.kind and (not asked.id or not held.id or asked.id == held.id)


EVERY_API = ObjectRef(kind=ObjectKind.REGION)
