"""The case files: questions in the shape `gatewatch explain` takes, written shortly.

`statements` stands for a policy whose statements are patches of one that allows everyone; null
takes an element away. `requests` are patches of one anonymous request, and may also say what a
question cannot: `token`, `api_key`, `client_certificate`, `identity_policy`, `door`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from monitor.model.access import Door, DoorKind
from monitor.model.request import IdentityPolicy, Request

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "access"

STATEMENT = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "execute-api:Invoke",
    "Resource": "execute-api:/*",
}
QUESTION = {
    "account_id": "123456789012",
    "endpoint_type": "REGIONAL",
    "authorization_type": "NONE",
    "evaluation_time": "2026-11-22T00:00:00Z",
}
API = {
    "api_type": "REST",
    "id": "a1b2c3d4e5",
    "partition": "aws",
    "region": "us-east-1",
    "stage": "prod",
    "ip_address_type": "ipv4",
}
ROUTES = [
    {"method": "GET", "path": "/"},
    {"method": "GET", "path": "/pets"},
    {"method": "POST", "path": "/pets"},
    {"method": "GET", "path": "/pets/{petId}"},
    {"method": "GET", "path": "/admin/{page}"},
]
REQUEST = {
    "principal": "anonymous",
    "method": "GET",
    "path": "/pets",
    "stage": "prod",
    "source_ip": "8.8.8.8",
}
# What a request of ours may say beyond a question's.
BEYOND = ("token", "api_key", "client_certificate", "identity_policy", "door")


@dataclass(frozen=True)
class Case:
    """`question` is whole; `requests` are what the reference is asked, in the same order.
    `snapshot`: what a question cannot say. `beyond`: the requests say more than a question's."""

    theme: str
    id: str
    question: Mapping[str, Any]
    requests: tuple[Request, ...]
    snapshot: Mapping[str, Any]
    beyond: bool
    expect: Mapping[str, Any]


@cache
def all_cases() -> tuple[Case, ...]:
    return tuple(case for path in sorted(FOLDER.glob("*.json")) for case in _cases(path))


def _cases(path: Path) -> Iterator[Case]:
    for raw in json.loads(path.read_text())["cases"]:
        probes = [REQUEST | probe for probe in raw.get("requests", [])]
        yield Case(
            theme=path.stem,
            id=raw["id"],
            question=_question(raw, probes),
            requests=tuple(map(request_of, probes)),
            snapshot=raw.get("snapshot", {}),
            beyond=any(key in probe for probe in probes for key in BEYOND),
            expect=raw["expect"],
        )


def _question(raw: Mapping[str, Any], probes: list[dict[str, Any]]) -> dict[str, Any]:
    given = {
        key: value
        for key, value in raw.items()
        if key not in ("statements", "version", "snapshot", "expect")
    }
    question = QUESTION | given
    question["api"] = API | {"routes": ROUTES} | raw.get("api", {})
    question["requests"] = [
        {key: value for key, value in probe.items() if key not in BEYOND} for probe in probes
    ]
    if "statements" in raw:
        question["policy"] = _policy(raw)
    return question


def _policy(raw: Mapping[str, Any]) -> dict[str, Any]:
    patched = [STATEMENT | patch for patch in raw["statements"]]
    statements = [{k: v for k, v in one.items() if v is not None} for one in patched]
    version = raw.get("version", "2012-10-17")
    return {"Statement": statements} | ({"Version": version} if version else {})


def request_of(probe: Mapping[str, Any]) -> Request:
    return Request(
        method=probe["method"],
        path=probe["path"],
        stage=probe["stage"],
        principal=probe["principal"],
        source_ip=probe.get("source_ip"),
        door=_door(probe["door"]) if "door" in probe else None,
        headers=probe.get("headers", {}),
        context={
            key: tuple(value) if isinstance(value, list) else value
            for key, value in probe.get("context", {}).items()
        },
        token=probe.get("token", False),
        api_key=probe.get("api_key", False),
        client_certificate=probe.get("client_certificate", False),
        identity_policy=IdentityPolicy(probe.get("identity_policy", "allow")),
    )


def _door(raw: Mapping[str, str]) -> Door:
    return Door(kind=DoorKind(raw["kind"]), host=raw["host"])
