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
# All routable: whether other addresses count as wide is another question.
V4_BLOCKS = (
    *("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "8.0.0.0/7", "12.0.0.0/8", "20.30.40.0/24"),
    *("20.30.40.128/25", "20.30.40.7", "20.30.40.7/24", "20.30.44.0/22", "20.30.44.1"),
)
V6_BLOCKS = ("::/0", "2a02:26f0::/32", "2a02:26f0::/31", "2a02:26f0:1::/48", "2a02:26f0::1/128")
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
ODD_RESOURCES = (
    *(f"{API_ARN}/prod/ANY/pets", "execute-api:/*/ANY/*", "arn:aws:*:us-east-1:123456789012:*"),
    *("arn:aws:execute-api:us-east-1?123456789012:*", "arn:aws:execute-api:us-*2:a1b2c3d4e5/*"),
    *("execute-api:*", "arn:aws:execute-api", f"{API_ARN}/prod/GET/pets/${{aws:username}}"),
    *(f"{API_ARN}/prod/GET/${{aws:Referer}}", "arn:aws:execute-api:${aws:region}:*"),
)
ACTIONS = (
    *("execute-api:Invoke", "execute-api:*", "*", "execute-api:Inv*", "EXECUTE-API:invoke"),
    *("execute-api:ManageConnections", "s3:*", "execute-api:I?voke"),
)
METHODS = ("GET", "POST", "DELETE")
ROUTES = ("GET /pets", "POST /pets", "GET /pets/{petId}", "ANY /{proxy+}", "GET /", "ANY /pets")
HTTP_ROUTES = (
    *("GET /pets", "ANY /pets", "GET /pets/{petId}", "GET /pets/7", "GET /pets/{proxy+}"),
    *("ANY /{proxy+}", "POST /{proxy+}", "$default", "GET /", "GET /{name}"),
)
WEBSOCKET_ROUTES = ("$connect", "$disconnect", "$default", "sendmessage")

_STRING_TESTS = (
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"),
    *("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
)
_ARN_TESTS = ("ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals")
_ADDRESS_TESTS = ("IpAddress", "NotIpAddress")
_BARE = ("", "", "", "", "IfExists")
_SET_OPERATORS = ("", "", "", "", "", "ForAllValues:", "ForAnyValue:")


def random_question(
    rng: Random, *, private: bool | None = None, odd: bool = False
) -> dict[str, Any]:
    """A REST API with a resource policy; `private` None = now and then. `odd`: with variables,
    malformed values, keys and patterns on which AWS's pages are silent or disagree."""
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
            "Statement": [random_statement(rng, odd=odd) for _ in range(rng.randint(1, 4))],
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


def random_http_question(rng: Random) -> dict[str, Any]:
    """An HTTP or WebSocket API: no policy, all is in the routes and the doors."""
    websocket = rng.random() < 0.2
    keys = WEBSOCKET_ROUTES if websocket else HTTP_ROUTES
    kinds = ("NONE", "AWS_IAM", "CUSTOM") if websocket else ("NONE", "AWS_IAM", "CUSTOM", "JWT")
    domain = {
        "domain_name": "api.example.com",
        "ip_address_type": rng.choice(("ipv4", "dualstack")),
        "mutual_tls": rng.random() < 0.5,
        "stage": rng.choice(("", "prod", "test")),
    }
    return QUESTION | {
        "id": "random",
        "policy": None,
        "api": API
        | {
            "api_type": "WEBSOCKET" if websocket else "HTTP",
            "ip_address_type": rng.choice(("ipv4", "dualstack")),
            "disable_execute_api_endpoint": rng.random() < 0.3,
            "custom_domains": [domain] if rng.random() < 0.5 else [],
            "routes": [
                {"route_key": key, "authorization_type": rng.choice(kinds)}
                for key in rng.sample(keys, rng.randint(1, min(4, len(keys))))
            ],
        },
    }


def random_statement(rng: Random, *, odd: bool = False) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": rng.choice(("Allow", "Allow", "Deny"))}
    statement |= _random_principal(rng)
    statement |= _element(rng, "Action", ACTIONS, usual="execute-api:Invoke")
    resources = (*RESOURCES, *ODD_RESOURCES) if odd else RESOURCES
    statement |= _element(rng, "Resource", resources, usual="execute-api:/*")
    conditions = random_conditions(rng, odd=odd)
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


def random_conditions(rng: Random, *, odd: bool = False) -> dict[str, dict[str, Any]]:
    conditions: dict[str, dict[str, Any]] = {}
    for _ in range(rng.choice((0, 0, 1, 1, 1, 2))):
        operator, key, values = random_condition(rng, odd=odd)
        conditions.setdefault(operator, {})[key] = values
    return conditions


def random_condition(rng: Random, *, odd: bool = False) -> tuple[str, str, list[str]]:
    key, tests, pool = rng.choice((*_CONDITIONS, *_ODD_CONDITIONS) if odd else _CONDITIONS)
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

_NUMERIC_TESTS = (
    "NumericEquals",
    "NumericLessThan",
    "NumericGreaterThanEquals",
    "NumericNotEquals",
)
_DATE_TESTS = ("DateEquals", "DateLessThan", "DateGreaterThan", "DateNotEquals")
_ODD_CONDITIONS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("aws:userid", _STRING_TESTS, ("*:deploy", "AROA*", "anonymous", "*")),
    ("aws:username", _STRING_TESTS, ("bob", "al*", "*")),
    ("aws:PrincipalType", _STRING_TESTS, ("User", "Anonymous", "A*")),
    ("aws:PrincipalAccount", _STRING_TESTS, ("anonymous", OWNER)),
    ("aws:MultiFactorAuthPresent", ("Bool",), ("true", "false")),
    ("aws:MultiFactorAuthAge", _NUMERIC_TESTS, ("300", "600", "soon")),
    ("aws:CurrentTime", _DATE_TESTS, ("2026-11-22T00:00:00Z", "2030-01-01", "later")),
    ("aws:EpochTime", (*_NUMERIC_TESTS, *_DATE_TESTS), ("1795305600", "1", "4000000000")),
    ("aws:SourceArn", _ARN_TESTS, ("arn:aws:lambda:us-east-1:123456789012:function:f",)),
    ("aws:ResourceAccount", _STRING_TESTS, (OWNER, PARTNER)),
    ("aws:RequestedRegion", _STRING_TESTS, ("us-east-1", "*")),
    (
        "aws:Referer",
        _STRING_TESTS,
        ("${aws:UserAgent}", "${aws:username}", "${aws:x, 'a'}", "${*}"),
    ),
    (
        "aws:UserAgent",
        _STRING_TESTS,
        ("a${*}", "${aws:SourceIp}", "${"),
    ),
    ("aws:SourceIp", _STRING_TESTS, ("20.30.40.7", "20.*", "2a02:26f0::1")),
    ("aws:SourceIp", _ADDRESS_TESTS, ("office", "20.30.40.0/33", "2a02:26f0::5", "0.0.0.0/0")),
    ("aws:SourceIp", ("StringMatches", "Bool", "NumericEquals"), ("true", "false")),
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


def spoilt(rng: Random, value: Any) -> Any:
    """The same JSON with one part of it replaced by something that may not stand there."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        if rng.random() < 0.15:
            return {(rng.choice(_ODD_NAMES) if one == key else one): v for one, v in value.items()}
        return value | {key: spoilt(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = rng.randrange(len(value))
        return [*value[:place], spoilt(rng, value[place]), *value[place + 1 :]]
    return rng.choice(_ODD_VALUES)


_ODD_NAMES = ("", "Effect", "NotPrincipal", "Condition", "StringLike", "aws:sourceip", "\ud800")
_ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1.5, 10**30, "", "*", "${", "\ud800", "execute-api:Invoke", "::/0"),
    *([], {}, [[]], ["*"], [None], {"AWS": []}, {"AWS": None}, {"*": "*"}, {"": {"": ""}}),
)
