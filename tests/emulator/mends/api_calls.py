"""An HTTP request to the control plane -> the operation it is, and what CloudTrail logs of it.

The operations come from the service models in botocore. The shapes are those of the records that
were seen in public: v1 wraps what was in the body as `<operation>Input` beside the names of the
path and `template: false`; v2 is flat. `flat` asks for the v1 members without their wrapper.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

import botocore.session

# POST requests that change nothing; CloudTrail does not log them (API Gateway guide, "cloudtrail").
_UNLOGGED = {"TestInvokeMethod", "TestInvokeAuthorizer"}
# What the service fills in before it logs, so that their presence proves nothing.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "CreateRestApi": {"disableExecuteApiEndpoint": False},
    "PutMethod": {"apiKeyRequired": False},
}
_DOCUMENTS = {"ImportRestApi", "PutRestApi", "ImportApi", "ReimportApi"}


@dataclass(frozen=True)
class Operation:
    name: str
    verb: str
    path: re.Pattern[str]
    labels: tuple[str, ...]
    query_literals: tuple[str, ...]
    query_members: dict[str, str]


@dataclass(frozen=True)
class Call:
    version: int
    operation: str
    parameters: dict[str, Any]


def describe(
    verb: str, path: str, query: dict[str, Any], body: bytes, *, flat: bool = False
) -> Call | None:
    """The write this request is; None for reads and for what is no operation at all."""
    version = 2 if path.startswith("/v2/") else 1
    for operation in operations(version):
        match = operation.path.match(path)
        if operation.verb != verb or not match or not set(operation.query_literals) <= set(query):
            continue
        if verb == "GET" or operation.name in _UNLOGGED:
            return None
        named = dict(zip(operation.labels, match.groups(), strict=True))
        named |= {
            member: _scalar(query[key])
            for key, member in operation.query_members.items()
            if key in query
        }
        sent = _sent(operation.name, body)
        if version == 2:
            labels = {key: quote(value, safe="") for key, value in named.items()}
            return Call(2, operation.name, redacted({**labels, **sent}))
        return Call(1, operation.name, _v1_parameters(operation.name, named, sent, flat))
    return None


def _v1_parameters(
    name: str, named: dict[str, Any], sent: dict[str, Any], flat: bool
) -> dict[str, Any]:
    sent = {**_DEFAULTS.get(name, {}), **sent}
    if flat:
        return {**named, **sent}
    wrapper = {name[0].lower() + name[1:] + "Input": sent} if sent else {}
    return {**named, **wrapper, "template": False}


def redacted(members: dict[str, Any]) -> dict[str, Any]:
    """v2 never logs the values of stage variables."""
    return {**members, "stageVariables": "***"} if "stageVariables" in members else members


def _sent(name: str, body: bytes) -> dict[str, Any]:
    if name in _DOCUMENTS or not body:
        return {}  # OpenAPI documents are larger than what CloudTrail keeps of a request
    try:
        sent = json.loads(body)
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {}


def _scalar(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


@cache
def operations(version: int) -> tuple[Operation, ...]:
    service = {1: "apigateway", 2: "apigatewayv2"}[version]
    model = botocore.session.get_session().get_service_model(service)
    found = [_operation(model.operation_model(name), version) for name in model.operation_names]
    # ImportRestApi (`?mode=import`) must be tried before CreateRestApi, which has the same path.
    return tuple(sorted(found, key=lambda operation: -len(operation.query_literals)))


def _operation(model: Any, version: int) -> Operation:
    path, _, query = model.http["requestUri"].partition("?")
    members = model.input_shape.members if model.input_shape else {}
    by_location: dict[str, dict[str, str]] = {"uri": {}, "querystring": {}}
    for member, shape in members.items():
        location = shape.serialization.get("location")
        if location in by_location:
            logged = member if version == 1 else member[0].lower() + member[1:]
            by_location[location][shape.serialization.get("name", member)] = logged
    labels = re.findall(r"{([\w-]+)\+?}", path)
    return Operation(
        name=model.name,
        verb=model.http["method"],
        path=re.compile("^" + re.sub(r"{[\w-]+\+?}", _label_pattern, path) + "/?$"),
        labels=tuple(by_location["uri"].get(label, label) for label in labels),
        query_literals=tuple(part.partition("=")[0] for part in query.split("&") if part),
        query_members=by_location["querystring"],
    )


def _label_pattern(label: re.Match[str]) -> str:
    # ARNs arrive decoded, with their slashes.
    return "(.+)" if "arn" in label.group() or "+" in label.group() else "([^/]+)"
