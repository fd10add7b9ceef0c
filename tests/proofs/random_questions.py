"""Random questions, and random requests drawn from the atoms of their policies.

Everything comes from a `random.Random`, so that a seed repeats it and hypothesis can shrink it.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from monitor.model.request import ANONYMOUS, Request
from tests.proofs.cases import API, QUESTION

OWNER = QUESTION["account_id"]
API_ARN = f"arn:aws:execute-api:{API['region']}:{OWNER}:{API['id']}"
PARTNER, STRANGER = "999999999999", "555566667777"
PRINCIPALS = (
    f"arn:aws:iam::{PARTNER}:user/bob",
    f"arn:aws:iam::{PARTNER}:role/app",
    f"arn:aws:sts::{PARTNER}:assumed-role/app/one",
    f"arn:aws:iam::{STRANGER}:user/mallory",
    f"arn:aws:iam::{STRANGER}:role/app",
    f"arn:aws:iam::{OWNER}:user/alice",
    f"arn:aws:iam::{OWNER}:role/app",
)
# Of an account that no policy names.
UNNAMED = ("arn:aws:iam::222233334444:user/eve", "arn:aws:iam::222233334444:role/app")
V4_BLOCKS = (
    *("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "8.0.0.0/7", "10.0.0.0/8", "203.0.113.0/24"),
    *("203.0.113.128/25", "203.0.113.7", "203.0.113.7/24", "198.51.100.0/22", "198.51.100.1"),
)
V6_BLOCKS = ("::/0", "2001:db8::/32", "2001:db8::/31", "2001:db8:1::/48", "2001:db8::1/128")
ENDPOINTS = ("vpce-0aaaaaaaaaaaaaaaa", "vpce-0bbbbbbbbbbbbbbbb")
NETWORKS = ("vpc-0aaaaaaaaaaaaaaaa", "vpc-0bbbbbbbbbbbbbbbb")
ORGANIZATIONS = ("o-mine000000", "o-other00000")
TEXT_PATTERNS = ("a", "ab", "a*", "ab*", "*b", "*", "a?", "?", "*a*", "A", "")
TEXTS = ("a", "ab", "abc", "b", "bb", "ba", "A", "AB", "a*", "", "x", "*")
PATHS = ("/", "/pets", "/pets/7", "/pets/vip-1", "/pets/ab", "/admin/users", "/a/b/c", "/Pets")
RESOURCES = (
    *("*", "execute-api:/*", "execute-api:/prod/*", "execute-api:/*/GET/*", "execute-api:/*/pets"),
    *(
        "execute-api:/prod/GET/pets",
        "execute-api:/prod/GET/pets/*",
        "execute-api:/prod/*/pets/vip*",
    ),
    *(
        "execute-api:/test/*",
        "execute-api:/prod/POST/pets",
        "execute-api:/prod/GET/",
        "execute-api:/",
    ),
    *("execute-api:/*/GET/pets/?", "execute-api:/prod/GET/p*s", "arn:aws:execute-api:*"),
    *(API_ARN, f"{API_ARN}/*", f"{API_ARN}/prod/GET/admin/*", "arn:aws:execute-api:us-east-1:*"),
    *("arn:aws:execute-api:us-east-1:123456789012:*/prod/GET/*", "arn:aws:s3:::bucket/*"),
)
ACTIONS = (
    *("execute-api:Invoke", "execute-api:*", "*", "execute-api:Inv*", "EXECUTE-API:invoke"),
    *("execute-api:ManageConnections", "s3:*", "execute-api:I?voke"),
)
METHODS = ("GET", "POST", "DELETE")
ROUTES = ("GET /pets", "POST /pets", "GET /pets/{petId}", "ANY /{proxy+}", "GET /", "ANY /pets")

_STRING_TESTS = (
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"),
    *("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
)
_ARN_TESTS = ("ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals")
_ADDRESS_TESTS = ("IpAddress", "NotIpAddress")
_BARE = ("", "", "", "", "IfExists")
_SET_OPERATORS = ("", "", "", "", "", "ForAllValues:", "ForAnyValue:")


def random_question(rng: Random, *, private: bool | None = None) -> dict[str, Any]:
    """A REST API with a resource policy; `private` None = now and then."""
    is_private = rng.random() < 0.2 if private is None else private
    dualstack = is_private or rng.random() < 0.4
    routes = rng.sample(ROUTES, rng.randint(1, 3))
    main = rng.choice((*["NONE", "AWS_IAM"] * 3, "CUSTOM", "COGNITO_USER_POOLS"))
    return QUESTION | {
        "id": "random",
        "endpoint_type": "PRIVATE" if is_private else "REGIONAL",
        "api": API
        | {
            "ip_address_type": "dualstack" if dualstack else "ipv4",
            "routes": [_route(rng, key, main) for key in routes],
        },
        "policy": {
            "Version": rng.choice(("2012-10-17", "2012-10-17", "2008-10-17")),
            "Statement": [random_statement(rng) for _ in range(rng.randint(1, 4))],
        },
    }


def _route(rng: Random, key: str, main: str) -> dict[str, Any]:
    method, path = key.split(" ")
    authorization = main if rng.random() < 0.8 else rng.choice(("NONE", "AWS_IAM", "CUSTOM"))
    return {
        "method": method,
        "path": path,
        "authorization_type": authorization,
        "api_key_required": rng.random() < 0.05,
    }


def random_statement(rng: Random) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": rng.choice(("Allow", "Allow", "Deny"))}
    statement |= _random_principal(rng)
    statement |= _element(rng, "Action", ACTIONS, usual="execute-api:Invoke")
    statement |= _element(rng, "Resource", RESOURCES, usual="execute-api:/*")
    conditions = random_conditions(rng)
    return statement | ({"Condition": conditions} if conditions else {})


def _random_principal(rng: Random) -> dict[str, Any]:
    if rng.random() < 0.8:
        return {"Principal": "*"}
    names = ("*", PARTNER, f"arn:aws:iam::{PARTNER}:root", f"arn:aws:iam::{OWNER}:root")
    chosen = rng.sample((*names, *PRINCIPALS[:4]), rng.randint(1, 2))
    element = "Principal" if rng.random() < 0.7 else "NotPrincipal"
    return {element: {"AWS": chosen}}


def _element(rng: Random, name: str, pool: tuple[str, ...], *, usual: str) -> dict[str, Any]:
    if rng.random() < 0.7:
        return {name: usual}
    chosen = rng.sample(pool, rng.randint(1, 2))
    return {name if rng.random() < 0.8 else f"Not{name}": chosen}


def random_conditions(rng: Random) -> dict[str, dict[str, Any]]:
    conditions: dict[str, dict[str, Any]] = {}
    for _ in range(rng.choice((0, 0, 1, 1, 1, 2))):
        operator, key, values = random_condition(rng)
        conditions.setdefault(operator, {})[key] = values
    return conditions


def random_condition(rng: Random) -> tuple[str, str, list[str]]:
    key, tests, pool = rng.choice(_CONDITIONS)
    if rng.random() < 0.06:
        return "Null", key, [rng.choice(("true", "false"))]
    test = rng.choice(tests)
    operator = rng.choice(_SET_OPERATORS) + test + rng.choice(_BARE)
    values = rng.sample(pool, rng.randint(1, min(3, len(pool))))
    return operator, key, values


_ADDRESS = ("aws:SourceIp", _ADDRESS_TESTS, (*V4_BLOCKS, *V6_BLOCKS))
_CONDITIONS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    *(_ADDRESS,) * 4,
    ("aws:VpcSourceIp", _ADDRESS_TESTS, ("10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0")),
    ("aws:UserAgent", _STRING_TESTS, TEXT_PATTERNS),
    ("aws:Referer", _STRING_TESTS, TEXT_PATTERNS),
    ("aws:SourceVpce", _STRING_TESTS, (*ENDPOINTS, "vpce-*", "vpce-0a*")),
    ("aws:SourceVpc", _STRING_TESTS, (*NETWORKS, "vpc-*")),
    (
        "aws:PrincipalArn",
        _ARN_TESTS,
        (*PRINCIPALS, "arn:aws:iam::*:role/app", "arn:aws:iam::*:user/*"),
    ),
    ("aws:PrincipalArn", _STRING_TESTS, (*PRINCIPALS, "arn:aws:iam::*:role/*", "*mallory")),
    ("aws:PrincipalAccount", _STRING_TESTS, (PARTNER, OWNER, "9*")),
    ("aws:PrincipalOrgID", _STRING_TESTS, (*ORGANIZATIONS, "o-*")),
    ("aws:PrincipalTag/team", _STRING_TESTS, TEXT_PATTERNS),
    ("aws:SecureTransport", ("Bool",), ("true", "false")),
    ("s3:prefix", _STRING_TESTS, TEXT_PATTERNS),
)


def random_request(rng: Random, question: Mapping[str, Any]) -> Request:
    """A request that some caller could really send: what an internet caller cannot carry, it does
    not carry."""
    in_vpc = question["endpoint_type"] == "PRIVATE"
    signed = rng.random() < 0.5
    context: dict[str, str | tuple[str, ...]] = {}
    if signed and rng.random() < 0.4:
        context["aws:PrincipalTag/team"] = rng.choice(TEXTS)
    if signed and rng.random() < 0.4:
        context["aws:PrincipalOrgID"] = rng.choice(ORGANIZATIONS)
    if in_vpc:
        place = rng.randrange(len(ENDPOINTS))
        context["aws:SourceVpce"], context["aws:SourceVpc"] = ENDPOINTS[place], NETWORKS[place]
        context["aws:VpcSourceIp"] = rng.choice(("10.0.0.1", "10.1.2.3", "192.168.0.1"))
    return Request(
        method=rng.choice(METHODS),
        path=rng.choice(PATHS),
        stage=str(question["api"]["stage"]),
        principal=rng.choice((*PRINCIPALS, *UNNAMED)) if signed else ANONYMOUS,
        source_ip=None if in_vpc else rng.choice(interesting_addresses(question)),
        headers={
            name: rng.choice(TEXTS) for name in ("User-Agent", "Referer") if rng.random() < 0.6
        },
        context=context,
        token=rng.random() < 0.5,
        api_key=rng.random() < 0.5,
    )


def interesting_addresses(question: Mapping[str, Any]) -> list[str]:
    """Both ends of every block that the policy names and their neighbours, within the door's
    families, and two addresses that no policy names."""
    text = json.dumps(question["policy"])
    found = {"8.8.8.8", "2606:4700::1"}
    for block in (*V4_BLOCKS, *V6_BLOCKS):
        if f'"{block}"' in text:
            found.update(_edges(block))
    if question["api"]["ip_address_type"] == "ipv4":
        found = {address for address in found if ":" not in address}
    return sorted(found)


def _edges(block: str) -> Iterator[str]:
    network = ipaddress.ip_network(block, strict=False)
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = type(network.network_address)
    top = (1 << network.max_prefixlen) - 1
    for value in (first - 1, first, last, last + 1):
        if 0 <= value <= top:
            yield str(kind(value))
