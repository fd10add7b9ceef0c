"""What a caller's request carries: for each condition key, whether it is there and what it holds.

Sources: API Gateway guide, "AWS condition keys that can be used in API Gateway resource policies";
IAM user guide, "AWS global condition context keys".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum


class Network(Enum):
    INTERNET = "internet"
    VPC_ENDPOINT = "vpc-endpoint"


class Mystery(Enum):
    """`ABSENT`: the request does not carry the key. `UNKNOWN`: nobody documents what it holds."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


class AxisName(StrEnum):
    """What varies from caller to caller together. Keys that have an axis of their own (a header, a
    tag) are not listed."""

    PATH = "path"
    SOURCE = "source address"
    VPC_SOURCE = "address in the VPC"
    ENDPOINT = "VPC endpoint"
    IDENTITY = "identity"
    ORGANIZATION = "organization"
    ANONYMOUS_NAMES = "names of the anonymous caller"
    SOURCE_ARN = "aws:sourcearn"
    RESOURCE_ACCOUNT = "aws:resourceaccount"


Constant = tuple[str, ...]
Fact = Constant | Mystery | str

_SERVICE_CALL_KEYS = frozenset(
    {
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
    }
)
_VPC_KEYS = {
    "aws:vpcsourceip": AxisName.VPC_SOURCE,
    "aws:sourcevpc": AxisName.ENDPOINT,
    "aws:sourcevpce": AxisName.ENDPOINT,
}
_IDENTITY_KEYS = {
    "aws:principalarn": AxisName.IDENTITY,
    "aws:principalaccount": AxisName.IDENTITY,
    "aws:principaltype": AxisName.IDENTITY,
    "aws:username": AxisName.IDENTITY,
    "aws:principalorgid": AxisName.ORGANIZATION,
    "aws:principalorgpaths": AxisName.ORGANIZATION,
    "aws:userid": "aws:userid",
    "aws:multifactorauthpresent": "aws:multifactorauthpresent",
    "aws:multifactorauthage": "aws:multifactorauthage",
    "aws:tokenissuetime": "aws:tokenissuetime",
}
# Absent by API Gateway's table, `anonymous` by the IAM pages: both are tried.
_ANONYMOUS_NAMES = frozenset({"aws:principalaccount", "aws:principaltype", "aws:userid"})
_ALWAYS = {
    "aws:sourceip": AxisName.SOURCE,
    "aws:sourcearn": AxisName.SOURCE_ARN,
    "aws:resourceaccount": AxisName.RESOURCE_ACCOUNT,
    "aws:referer": "aws:referer",
    "aws:useragent": "aws:useragent",
}
TAG_PREFIX = "aws:principaltag/"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """One kind of caller: from where, signed or not, and when."""

    network: Network
    signed: bool
    now: datetime

    def fact(self, key: str) -> Fact:
        """A constant, absent, unknown, or the name of the axis along which the key varies. `key` in
        lower case."""
        if key in _ALWAYS:
            return _ALWAYS[key]
        if key in _VPC_KEYS:
            return _VPC_KEYS[key] if self.network is Network.VPC_ENDPOINT else Mystery.ABSENT
        if (
            key in _IDENTITY_KEYS
            or key.startswith(TAG_PREFIX)
            or key == "aws:principalisawsservice"
        ):
            return self._identity_fact(key)
        if key in _SERVICE_CALL_KEYS:
            return Mystery.ABSENT
        return self._constant(key)

    def _identity_fact(self, key: str) -> Fact:
        if self.signed:
            return (
                ("false",) if key == "aws:principalisawsservice" else _IDENTITY_KEYS.get(key, key)
            )
        return AxisName.ANONYMOUS_NAMES if key in _ANONYMOUS_NAMES else Mystery.ABSENT

    def _constant(self, key: str) -> Fact:
        if key == "aws:securetransport":
            return ("true",)
        if key == "aws:currenttime":
            return (self.now.isoformat(),)
        if key == "aws:epochtime":
            return (str(int(self.now.timestamp())),)
        # A global key that API Gateway's table does not list may be there or not; a key of another
        # service is not.
        return Mystery.UNKNOWN if key.startswith("aws:") else Mystery.ABSENT
