"""A stand-in for AWS with as many APIs as one asks for, made up as they are read.

    .venv/bin/python bench/synthetic_account.py --apis 400 --port 5600 --quotas --latency 50
    AWS_ENDPOINT_URL=http://127.0.0.1:5600 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x \\
        AWS_DEFAULT_REGION=us-east-1 .venv/bin/gatewatch scan

Loopback only. It counts requests by operation (`GET /bench/counts`), can hold AWS's documented
quotas (10 requests a second with a burst of 40, 5 GetResources in 2 seconds), waits before each
answer, lets a neighbour take from the same quota, and answers chosen requests with a fault. Its
quotas are a model: AWS documents the rates and the burst, not how the bucket behaves.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT_ID = "123456789012"
REGIONS = ("eu-west-1", "us-east-1")
PAGE = 500
XMLNS = {
    "GetCallerIdentity": "https://sts.amazonaws.com/doc/2011-06-15/",
    "DescribeRegions": "http://ec2.amazonaws.com/doc/2016-11-15/",
    "DescribeVpcEndpoints": "http://ec2.amazonaws.com/doc/2016-11-15/",
}
AUTHORIZATIONS = ("AWS_IAM", "CUSTOM", "NONE", "COGNITO_USER_POOLS")


@dataclass
class Bucket:
    rate: float
    burst: float
    tokens: float = -1
    at: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        now = time.monotonic()
        held = self.burst if self.tokens < 0 else self.tokens
        self.tokens = min(self.burst, held + (now - self.at) * self.rate)
        self.at = now
        return self.tokens


@dataclass
class Quotas:
    """A refused request takes nothing."""

    total: Bucket = field(default_factory=lambda: Bucket(10, 40))
    get_resources: Bucket = field(default_factory=lambda: Bucket(2.5, 5))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, operation: str) -> bool:
        with self._lock:
            wanted = [self.total]
            if operation == "GetResources":
                wanted.append(self.get_resources)
            if min(bucket.left() for bucket in wanted) < 1:
                return False
            for bucket in wanted:
                bucket.tokens -= 1
            return True


@dataclass
class Fault:
    """What is answered to requests whose `METHOD /path` matches. `status` 0: the answer is cut off
    in its middle. `times` None: always."""

    match: str
    status: int
    code: str = "AccessDeniedException"
    times: int | None = None


@dataclass
class SyntheticAccount:
    apis: int = 10
    routes: int = 20
    stages: int = 2
    latency: float = 0.0
    quotas: Quotas | None = None
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    deployed: Counter[str] = field(default_factory=Counter)
    """How often an API was deployed anew: its stages get other deployment ids."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, operation: str, *, was_refused: bool) -> None:
        with self._lock:
            self.counts[operation] += 1
            self.refused[operation] += was_refused

    def fault(self, request: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if re.search(fault.match, request) and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    # --- what there is ---------------------------------------------------------------------------

    def rest_api(self, number: int) -> dict[str, Any]:
        return {
            "id": api_id(number),
            "name": f"api-{number}",
            "createdDate": 1_700_000_000,
            "apiKeySource": "HEADER",
            "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
            "disableExecuteApiEndpoint": False,
        }

    def stages_of(self, api: str) -> dict[str, Any]:
        again = self.deployed[api]
        return {
            "item": [
                {
                    "stageName": f"stage{number}",
                    "deploymentId": f"d{number}{again}",
                    "createdDate": 1_700_000_000,
                    "lastUpdatedDate": 1_700_000_000 + again,
                }
                for number in range(self.stages)
            ]
        }

    def resources(self, api: str) -> list[dict[str, Any]]:
        return [
            {
                "id": f"r{number}",
                "path": path(number),
                "resourceMethods": {
                    "GET": {
                        "httpMethod": "GET",
                        "apiKeyRequired": False,
                        "authorizationType": authorization(api, number),
                        **_authorizer_of(authorization(api, number)),
                    }
                },
            }
            for number in range(self.routes)
        ]

    def summary(self, api: str) -> dict[str, Any]:
        return {
            path(number): {
                "GET": {
                    "authorizationType": authorization(api, number),
                    "apiKeyRequired": False,
                }
            }
            for number in range(self.routes)
        }

    def export(self, api: str) -> dict[str, Any]:
        return {
            "openapi": "3.0.1",
            "paths": {
                path(number): {"get": _operation(authorization(api, number))}
                for number in range(self.routes)
            },
            "components": {"securitySchemes": SCHEMES},
        }


def api_id(number: int) -> str:
    return f"api{number:07d}"


def path(number: int) -> str:
    """One of ten has parameters."""
    account, item = ("{account}", "{item}") if number % 10 == 0 else ("main", "first")
    return f"/v1/accounts/{account}/resource-{number}/items/{item}"


def authorization(api: str, number: int) -> str:
    return AUTHORIZATIONS[0 if int(api[3:]) % 5 else number % len(AUTHORIZATIONS)]


FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:authorize"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
POOL = f"arn:aws:cognito-idp:us-east-1:{ACCOUNT_ID}:userpool/us-east-1_example"
AUTHORIZERS = [
    {
        "id": "custom1",
        "name": "token",
        "type": "TOKEN",
        "authorizerUri": URI,
        "identitySource": "method.request.header.Authorization",
    },
    {
        "id": "pool1",
        "name": "pool",
        "type": "COGNITO_USER_POOLS",
        "providerARNs": [POOL],
        "identitySource": "method.request.header.Authorization",
    },
]
_HEADER = {"type": "apiKey", "name": "Authorization", "in": "header"}
SCHEMES = {
    "sigv4": {**_HEADER, "x-amazon-apigateway-authtype": "awsSigv4"},
    "token": {
        **_HEADER,
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": URI},
    },
    "pool": {
        **_HEADER,
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [POOL]},
    },
}
_SCHEME_OF = {"AWS_IAM": "sigv4", "CUSTOM": "token", "COGNITO_USER_POOLS": "pool"}


def _authorizer_of(kind: str) -> dict[str, str]:
    ids = {"CUSTOM": "custom1", "COGNITO_USER_POOLS": "pool1"}
    return {"authorizerId": ids[kind]} if kind in ids else {}


def _operation(kind: str) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "200 response"}}
    if kind not in _SCHEME_OF:
        return {"responses": responses}
    return {"responses": responses, "security": [{_SCHEME_OF[kind]: []}]}


# --- the wire ------------------------------------------------------------------------------------

Answer = Callable[[SyntheticAccount, Mapping[str, str], Mapping[str, str]], Any]
NOTHING: Answer = lambda _account, _path, _query: {}  # noqa: E731


def _listed(account: SyntheticAccount, _path: object, query: Mapping[str, str]) -> Any:
    begin, size = int(query.get("position", 0)), int(query.get("limit", 25))
    numbers = range(begin, min(begin + size, account.apis))
    more = {"position": str(numbers.stop)} if numbers.stop < account.apis else {}
    return {"item": [account.rest_api(number) for number in numbers], **more}


def _resources(account: SyntheticAccount, path: Mapping[str, str], query: Mapping[str, str]) -> Any:
    begin, size = int(query.get("position", 0)), int(query.get("limit", 25))
    found = account.resources(path["api"])
    more = {"position": str(begin + size)} if begin + size < len(found) else {}
    return {"item": found[begin : begin + size], **more}


API = r"/restapis/(?P<api>api\d{7})"
ROUTES: tuple[tuple[str, str, Answer], ...] = (
    (r"/restapis", "GetRestApis", _listed),
    (API, "GetRestApi", lambda account, path, _: account.rest_api(int(path["api"][3:]))),
    (API + r"/stages", "GetStages", lambda account, path, _: account.stages_of(path["api"])),
    (API + r"/resources", "GetResources", _resources),
    (API + r"/authorizers", "GetAuthorizers", lambda *_: {"item": AUTHORIZERS}),
    (
        API + r"/stages/(?P<stage>\w+)/exports/oas30",
        "GetExport",
        lambda account, path, _: account.export(path["api"]),
    ),
    (
        API + r"/deployments/\w+",
        "GetDeployment",
        lambda account, path, _: {"id": "d", "apiSummary": account.summary(path["api"])},
    ),
    (r"/account", "GetAccount", NOTHING),
    (r"/domainnames", "GetDomainNames", NOTHING),
    (r"/domainnameaccessassociations", "GetDomainNameAccessAssociations", NOTHING),
    (r"/usageplans", "GetUsagePlans", NOTHING),
    (r"/apikeys", "GetApiKeys", NOTHING),
    (r"/v2/apis", "GetApis", NOTHING),
    (r"/v2/domainnames", "GetDomainNames", NOTHING),
    (r"/2020-05-31/distribution", "ListDistributions", NOTHING),
    (r"/[^/]+/functions/.*/policy", "GetPolicy", lambda *_: {"Policy": json.dumps(POLICY)}),
    (r"/[^/]+/functions/.*", "Function", NOTHING),
)
POLICY = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": FUNCTION,
        }
    ]
}
DISTRIBUTIONS = (
    b'<DistributionList xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">'
    b"<Quantity>0</Quantity><IsTruncated>false</IsTruncated></DistributionList>"
)
QUERY = {
    "GetCallerIdentity": (
        f"<Arn>arn:aws:iam::{ACCOUNT_ID}:user/bench</Arn><UserId>AIDA</UserId>"
        f"<Account>{ACCOUNT_ID}</Account>"
    ),
    "DescribeRegions": "<regionInfo>"
    + "".join(f"<item><regionName>{region}</regionName></item>" for region in REGIONS)
    + "</regionInfo>",
    "DescribeVpcEndpoints": "<vpcEndpointSet/>",
}
TARGETS = {
    "DescribeUserPool": {
        "UserPool": {
            "Id": "us-east-1_example",
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
        }
    }
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    account: SyntheticAccount

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/bench/counts":
            counted = {"counts": self.account.counts, "refused": self.account.refused}
            return self._send(200, json.dumps(counted).encode())
        matches = ((re.fullmatch(route[0], url.path), *route[1:]) for route in ROUTES)
        match = next(((found, *rest) for found, *rest in matches if found), None)
        if match is None:
            return self._fail(404, "NotFoundException")
        found, operation, answer = match
        if operation == "ListDistributions":
            self.account.count(operation, was_refused=False)
            return self._send(200, DISTRIBUTIONS, "text/xml")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        is_control_plane = "functions" not in url.path
        if not self._admitted(operation, is_control_plane=is_control_plane):
            return self._fail(429, "TooManyRequestsException")
        fault = self.account.fault(f"GET {self.path}")
        if fault is not None and fault.status:
            return self._fail(fault.status, fault.code)
        number = found.groupdict().get("api")
        if number is not None and int(number[3:]) >= self.account.apis:
            return self._fail(404, "NotFoundException")
        body = json.dumps(answer(self.account, found.groupdict(), query)).encode()
        return self._send(200, body, cut=fault is not None)

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        operation = target or parse_qs(form).get("Action", [""])[0]
        self.account.count(operation, was_refused=False)
        fault = self.account.fault(f"POST {operation}")
        if fault is not None:
            text = f"<Response><Errors><Error><Code>{fault.code}</Code></Error></Errors></Response>"
            return self._send(fault.status, text.encode(), "text/xml")
        if operation in QUERY:
            text = QUERY[operation]
            if operation == "GetCallerIdentity":
                text = f"<{operation}Result>{text}</{operation}Result>"
            text = f'<{operation}Response xmlns="{XMLNS[operation]}">{text}</{operation}Response>'
            return self._send(200, text.encode(), "text/xml")
        if operation in TARGETS:
            return self._send(200, json.dumps(TARGETS[operation]).encode())
        return self._send(200, b"{}")

    def _admitted(self, operation: str, *, is_control_plane: bool) -> bool:
        time.sleep(self.account.latency)
        quotas = self.account.quotas if is_control_plane else None
        admitted = quotas is None or quotas.admit(operation)
        self.account.count(operation, was_refused=not admitted)
        return admitted

    def _fail(self, status: int, code: str) -> None:
        self._send(status, json.dumps({"message": code, "__type": code}).encode(), code=code)

    def _send(
        self,
        status: int,
        body: bytes,
        kind: str = "application/json",
        *,
        code: str = "",
        cut: bool = False,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("x-amzn-ErrorType", code)
        self.end_headers()
        if cut:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Silence."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def serving(account: SyntheticAccount, port: int = 0) -> Iterator[str]:
    """Its address, for as long as the context lasts."""
    handler = type("BoundHandler", (Handler,), {"account": account})
    server = _Server(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def neighbour(account: SyntheticAccount, rate: float) -> Iterator[None]:
    """Somebody who takes from the same quota, `rate` times a second, and never backs off."""
    done = threading.Event()

    def ask() -> None:
        while not done.wait(1 / rate):
            if account.quotas is not None:
                account.quotas.admit("GetStages")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--apis", type=int, default=10)
    parser.add_argument("--routes", type=int, default=20)
    parser.add_argument("--port", type=int, default=5600)
    parser.add_argument("--latency", type=float, default=0, help="milliseconds")
    parser.add_argument("--quotas", action="store_true")
    options = parser.parse_args()
    account = SyntheticAccount(
        apis=options.apis,
        routes=options.routes,
        latency=options.latency / 1000,
        quotas=Quotas() if options.quotas else None,
    )
    with serving(account, options.port) as address:
        print(f"{address}; Ctrl-C ends it", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(dict(account.counts))


if __name__ == "__main__":
    main()
