"""Which condition keys a request carries, and with what value.

Source: API Gateway developer guide, "AWS condition keys that can be used in API Gateway resource
policies"; IAM user guide, "AWS global condition context keys".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from monitor.access.reference.text import ABSENT, ANYTHING, PRESENT, KeyValue
from monitor.model.api import ApiSnapshot
from monitor.model.request import ANONYMOUS, Request

_VPC_KEYS = ("aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip")

# Set only when an AWS service calls for somebody, or only for signed calls.
_SERVICE_CALL_KEYS = (
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
)
_IDENTITY_KEYS = (
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:username",
    "aws:tokenissuetime",
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:principalisawsservice",
)
# Absent by API Gateway's table, these values by the IAM user guide.
_ANONYMOUS_NAMES = {
    "aws:principalaccount": ANONYMOUS,
    "aws:principaltype": "Anonymous",
    "aws:userid": ANONYMOUS,
}
_TAG_PREFIX = "aws:principaltag/"

Keys = dict[str, KeyValue]


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One reading of what the request carries: AWS's pages disagree on some keys."""

    keys: Mapping[str, KeyValue]

    def lookup(self, key: str) -> KeyValue:
        name = key.lower()
        if name in self.keys:
            return self.keys[name]
        if name.startswith(_TAG_PREFIX):
            return ABSENT
        # A global key that API Gateway's table does not list may or may not be there; a key of
        # another service never is.
        return ANYTHING if name.startswith("aws:") else ABSENT


def comes_through_vpc_endpoint(request: Request) -> bool:
    return any(key.lower() in _VPC_KEYS for key in request.context)


def readings(
    snapshot: ApiSnapshot,
    request: Request,
    *,
    principal: str,
    in_vpc: bool,
    now: datetime,
    resource_account: KeyValue,
) -> Iterator[RequestContext]:
    """Every reading of the keys on which AWS's pages disagree. `principal` is who the policy sees,
    which is `anonymous` for a signed call to a method without AWS_IAM; such a call carries no
    identity keys either."""
    stated = {
        key.lower(): _stated(value)
        for key, value in request.context.items()
        if principal != ANONYMOUS or not _speaks_of_identity(key.lower())
    }
    for parts in product(
        _network_readings(snapshot, request, stated, in_vpc=in_vpc),
        _principal_readings(principal),
        ({"aws:sourcearn": ABSENT}, {"aws:sourcearn": PRESENT}),
    ):
        keys = _common_keys(request, now) | {"aws:resourceaccount": resource_account}
        for part in parts:
            keys |= part
        yield RequestContext(keys | stated)


def _speaks_of_identity(key: str) -> bool:
    return key in (*_IDENTITY_KEYS, *_ANONYMOUS_NAMES) or key.startswith(_TAG_PREFIX)


def _stated(value: str | tuple[str, ...]) -> KeyValue:
    values = (value,) if isinstance(value, str) else value
    return KeyValue(True, values)


def _common_keys(request: Request, now: datetime) -> Keys:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return {
        "aws:securetransport": _stated("true"),
        "aws:currenttime": _stated(now.isoformat()),
        "aws:epochtime": _stated(str(int(now.timestamp()))),
        "aws:referer": _stated(headers["referer"]) if "referer" in headers else ABSENT,
        "aws:useragent": _stated(headers["user-agent"]) if "user-agent" in headers else ABSENT,
        **dict.fromkeys(_SERVICE_CALL_KEYS, ABSENT),
    }


def _network_readings(
    snapshot: ApiSnapshot, request: Request, stated: Keys, *, in_vpc: bool
) -> tuple[Keys, ...]:
    address = PRESENT if request.source_ip is None else _stated(request.source_ip)
    if not in_vpc:
        return ({**dict.fromkeys(_VPC_KEYS, ABSENT), "aws:sourceip": address},)
    keys = {
        "aws:sourcevpce": PRESENT,
        "aws:sourcevpc": _vpc_of_endpoint(snapshot, stated),
        "aws:vpcsourceip": address,
    }
    # Documented absent, but the endpoint is also said to rewrite it.
    return ({**keys, "aws:sourceip": ABSENT}, {**keys, "aws:sourceip": PRESENT})


def _vpc_of_endpoint(snapshot: ApiSnapshot, stated: Keys) -> KeyValue:
    named = stated.get("aws:sourcevpce", PRESENT).values or ()
    for endpoint in snapshot.vpc_endpoints or ():
        if endpoint.vpc_endpoint_id in named and endpoint.vpc_id:
            return _stated(endpoint.vpc_id)
    return PRESENT


def _principal_readings(principal: str) -> tuple[Keys, ...]:
    absent: Keys = dict.fromkeys(_IDENTITY_KEYS, ABSENT)
    if principal != ANONYMOUS:
        return (absent | _signed_keys(principal),)
    return (
        absent | dict.fromkeys(_ANONYMOUS_NAMES, ABSENT),
        absent | {key: _stated(value) for key, value in _ANONYMOUS_NAMES.items()},
    )


def _signed_keys(principal: str) -> Keys:
    partition, account, kind, name = arn_parts(principal)
    keys = {
        "aws:principalarn": _stated(principal),
        "aws:principalaccount": _stated(account),
        "aws:principalisawsservice": _stated("false"),
        "aws:userid": PRESENT,
    }
    match kind:
        case "user":
            keys["aws:principaltype"] = _stated("User")
            keys["aws:username"] = _stated(name.rpartition("/")[2])
        case "role":
            keys["aws:principaltype"] = _stated("AssumedRole")
        case "assumed-role":
            role = name.partition("/")[0]
            keys["aws:principaltype"] = _stated("AssumedRole")
            keys["aws:principalarn"] = _stated(f"arn:{partition}:iam::{account}:role/{role}")
        case "federated-user":
            keys["aws:principaltype"] = _stated("FederatedUser")
            keys["aws:userid"] = _stated(f"{account}:{name}")
        case "root":
            keys["aws:principaltype"] = _stated("Account")
            keys["aws:userid"] = _stated(account)
        case _:
            keys["aws:principaltype"] = PRESENT
    return keys


def arn_parts(principal: str) -> tuple[str, str, str, str]:
    """Partition, account, kind (`user`, `assumed-role`) and name; empty where there is none."""
    segments = [*principal.split(":", 5), *[""] * 6]
    kind, _, name = segments[5].partition("/")
    return segments[1], segments[4], kind, name
