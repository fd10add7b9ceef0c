"""A request to another service than API Gateway -> what CloudTrail logs of it.

Only the services whose calls can change who gets into an API. The shapes are those of the records
that were seen in public: EC2 wraps request and answer and writes a list of one as an object, Lambda
adds the version of its interface to the name, the others log the members of the request.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

_TARGETS = {
    "cognito-idp": "cognito-idp.amazonaws.com",
    "wafv2": "wafv2.amazonaws.com",
    "events": "events.amazonaws.com",
    "cloudtrail": "cloudtrail.amazonaws.com",
    "acm": "acm.amazonaws.com",
}
_QUERY = {"ec2": "ec2.amazonaws.com", "iam": "iam.amazonaws.com"}
_READS = ("Describe", "Get", "List", "Lookup", "Check", "Test", "Search")
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([\w-]+)/aws4_request")
_FUNCTION = r"/2015-03-31/functions/([^/]+)"
_LAMBDA = (
    ("POST", _FUNCTION + r"/policy", "AddPermission20150331v2"),
    ("DELETE", _FUNCTION + r"/policy/[^/]+", "RemovePermission20150331v2"),
    ("DELETE", _FUNCTION, "DeleteFunction20150331"),
    ("PUT", _FUNCTION + r"/code", "UpdateFunctionCode20150331v2"),
    ("PUT", _FUNCTION + r"/configuration", "UpdateFunctionConfiguration20150331v2"),
)


@dataclass(frozen=True)
class OtherCall:
    source: str
    operation: str
    parameters: dict[str, Any]
    wraps: bool = False

    def elements(self, raw: Any) -> dict[str, Any] | None:
        """What is logged of an answer."""
        text = raw.decode() if isinstance(raw, bytes) else str(raw or "")
        if self.wraps:
            return {f"{self.operation}Response": _xml(text)}
        try:
            said = json.loads(text or "null")
        except ValueError:
            return None
        return (
            {_lower(key): value for key, value in said.items()} if isinstance(said, dict) else None
        )


def describe(
    verb: str, path: str, query: dict[str, Any], headers: dict[str, str], body: bytes
) -> OtherCall | None:
    """The write this request is; None for a read and for any other service."""
    scope = _SCOPE.search(headers.get("authorization", ""))
    service = scope[1] if scope else ""
    if service == "lambda":
        return _lambda(verb, unquote(path), body)
    if service in _QUERY:
        return _query(service, query, body)
    target = headers.get("x-amz-target", "")
    if service not in _TARGETS or not target:
        return None
    operation = target.rpartition(".")[2]
    if operation.startswith(_READS):
        return None
    sent = json.loads(body or b"{}")
    return OtherCall(_TARGETS[service], operation, {_lower(k): v for k, v in sent.items()})


def _lambda(verb: str, path: str, body: bytes) -> OtherCall | None:
    for wanted, pattern, name in _LAMBDA:
        found = re.fullmatch(pattern, path)
        if verb == wanted and found:
            sent = json.loads(body or b"{}") if verb == "POST" else {}
            members = {_lower(key): value for key, value in sent.items()}
            return OtherCall("lambda.amazonaws.com", name, {"functionName": found[1], **members})
    return None


def _query(service: str, query: dict[str, Any], body: bytes) -> OtherCall | None:
    form = dict(parse_qsl(body.decode("utf-8", "replace")))
    form |= {key: one[0] if isinstance(one, list) else one for key, one in query.items()}
    operation = str(form.pop("Action", ""))
    form.pop("Version", None)
    if not operation or operation.startswith(_READS):
        return None
    if service == "iam":
        members = {_lower(key): value for key, value in form.items()}
        return OtherCall(_QUERY[service], operation, members)
    wrapped: dict[str, Any] = {}
    for key, value in form.items():
        name, _, number = key.partition(".")
        wrapped[name] = {"tag": int(number), "content": value} if number.isdigit() else value
    return OtherCall(_QUERY[service], operation, {f"{operation}Request": wrapped}, wraps=True)


def _xml(text: str) -> Any:
    try:
        root = ET.fromstring(text)
    except ET.ParseError:
        return None
    return _element(root)


def _element(element: ET.Element) -> Any:
    if not len(element):
        return element.text or ""
    return {child.tag.rpartition("}")[2]: _element(child) for child in element}


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
