"""Scans to render: a small one that holds every kind of thing, and large ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from monitor.evaluation.catalogue import RULES
from monitor.model.access import Scope
from monitor.model.api import ApiType
from monitor.model.finding import Severity, Status, StepKind
from monitor.report.comparison import compare
from monitor.report.documents import (
    AcknowledgementDocument,
    ApiDocument,
    ChangeOfFinding,
    FindingDocument,
    GapDocument,
    MarkDocument,
    ReasonDocument,
    ScanDocument,
    StageDocument,
    WaiverDocument,
    WitnessDocument,
)
from monitor.report.report import Report, by_id
from tests.builders import ACCOUNT, NOW

HOSTILE = "<script>alert(1)</script>\x1b[31m[x](javascript:alert(2)) {0} \u202eevil"
CHANGE = ChangeOfFinding(
    who="jane@example.com (role Developer)",
    event_name="CreateDeployment",
    event_id="6f2b1c1e-8d0a-4a53-9a3e-0d7a3c1f5b11",
    event_time=NOW - timedelta(minutes=4),
    source_ip="198.51.100.7",
    via="Terraform",
)
GAP = GapDocument(
    service="apigateway",
    operation="GetExport",
    error_code="AccessDeniedException",
    subject="restapis/d4e5f6a1b2/stages/prod",
    unknown="which authorizer, scopes and resource policy are live",
    message="not authorized to perform: apigateway:GET",
)
HISTORY = (
    MarkDocument(kind=StepKind.OPENED, who="jane@example.com", at=NOW - timedelta(days=2)),
    MarkDocument(kind=StepKind.RESOLVED, who="", at=NOW - timedelta(days=1)),
    MarkDocument(kind=StepKind.REOPENED, who=HOSTILE, at=NOW - timedelta(minutes=3)),
    MarkDocument(kind=StepKind.ACKNOWLEDGED, who="joe@example.com", at=NOW),
)


def reason(text: str, place: str = "", code: str = "statement-allows") -> ReasonDocument:
    return ReasonDocument(code=code, place=place, text=text, fields={})


CHAIN = (
    reason("GET /orders asks for no authorization", "stage prod, GET /orders"),
    reason("statement 1 of the resource policy allows everybody", "policy.Statement[0]"),
    reason("no statement denies an address of the internet", "policy"),
    reason("the default endpoint is REGIONAL and not disabled", "api.endpointConfiguration"),
)


def witness(api_id: str, path: str = "/orders", stage: str = "prod") -> WitnessDocument:
    host = f"{api_id}.execute-api.us-east-1.amazonaws.com"
    return WitnessDocument(
        curl=f"curl -i https://{host}/{stage}{path}  # from 203.0.113.9",
        door=host,
        method="GET",
        path=path,
        stage=stage,
        principal="anonymous",
        source_ip="203.0.113.9",
        headers={},
        context={},
    )


def finding(number: int, **fields: Any) -> FindingDocument:
    api_id = fields.get("api_id", "a1b2c3d4e5")
    defaults: dict[str, Any] = {
        "id": f"gw-{number:016x}",
        "rule": "access-exceeds-policy",
        "severity": Severity.CRITICAL,
        "status": Status.OPEN,
        "account_id": ACCOUNT,
        "region": "us-east-1",
        "api_id": api_id,
        "api_name": "orders",
        "stage": "prod",
        "deployment_id": "d1x2y3",
        "live": True,
        "routes": ("GET /orders", "POST /orders", "GET /orders/{orderId}"),
        "title": "anyone on the internet can call 3 routes of stage prod",
        "scope": Scope.INTERNET,
        "witness": witness(api_id),
        "because": CHAIN,
        "caveats": (),
        "change": CHANGE,
        "reopened": 0,
        "remediations": (),
        "first_seen": NOW - timedelta(days=2),
        "last_seen": NOW,
    }
    return FindingDocument(**{**defaults, **fields})


def stage(
    name: str = "prod",
    scope: Scope = Scope.INTERNET,
    draft: Scope | None = None,
    routes: Mapping[Scope, int] | None = None,
) -> StageDocument:
    return StageDocument(
        name=name,
        deployment_id="d1x2y3",
        scope=scope,
        draft_scope=draft or scope,
        witness=None,
        draft_witness=None,
        routes_by_scope={scope: 3} if routes is None else routes,
    )


def api(api_id: str, name: str, *stages: StageDocument, **fields: Any) -> ApiDocument:
    scopes = [one.scope for one in stages] or [Scope.NOBODY]
    defaults: dict[str, Any] = {
        "api_id": api_id,
        "name": name,
        "api_type": ApiType.REST,
        "region": "us-east-1",
        "scope": scopes[0],
        "draft_scope": (stages[0].draft_scope if stages else Scope.NOBODY),
        "stages": stages,
        "status": "judged",
        "gaps": (),
    }
    return ApiDocument(**{**defaults, **fields})


def scan(
    apis: Iterable[ApiDocument], findings: Iterable[FindingDocument], **fields: Any
) -> ScanDocument:
    defaults: dict[str, Any] = {
        "account_id": ACCOUNT,
        "regions": ("us-east-1", "eu-central-1"),
        "started_at": NOW - timedelta(seconds=8.4),
        "finished_at": NOW,
        "complete": True,
        "calls": {"apigateway:GetRestApis": 2, "apigateway:GetExport": 7},
        "apis": tuple(apis),
        "gaps": (),
        "findings": tuple(findings),
    }
    return ScanDocument(**{**defaults, **fields})


def sample_scan() -> ScanDocument:
    """One of everything: open, unknown, waived, draft only, gaps, a hostile name, a fine API."""
    return scan(
        [
            api("a1b2c3d4e5", "orders", *_orders_stages()),
            api("b2c3d4e5f6", "partner-gateway-with-a-rather-long-name", stage(
                "prod", Scope.ANY_AWS_ACCOUNT, routes={Scope.ANY_AWS_ACCOUNT: 2, Scope.ORG: 5},
            )),
            api("c3d4e5f6a1", HOSTILE, stage("prod", Scope.TOKEN, draft=Scope.INTERNET)),
            api("d4e5f6a1b2", "billing", stage("prod", Scope.UNKNOWN, routes={Scope.UNKNOWN: 4}),
                status="gaps", gaps=(GAP,)),
            api("e5f6a1b2c3", "internal-reports", stage("prod", Scope.VPCE),
                stage("dev", Scope.VPCE), region="eu-central-1"),
            api("f6a1b2c3d4", "never-deployed", region="eu-central-1"),
        ],
        _sample_findings(),
        complete=False,
    )  # fmt: skip


def _orders_stages() -> tuple[StageDocument, StageDocument]:
    prod = stage("prod", Scope.INTERNET, routes={Scope.INTERNET: 3, Scope.TOKEN: 9})
    return prod, stage("dev", Scope.CIDRS, draft=Scope.INTERNET, routes={Scope.CIDRS: 12})


def _sample_findings() -> list[FindingDocument]:
    return [
        finding(
            1,
            reopened=1,
            remediations=("deploy-previous",),
            acknowledged=AcknowledgementDocument(who="joe@example.com", at=NOW),
            history=HISTORY,
        ),
        finding(
            2,
            severity=Severity.HIGH,
            api_id="b2c3d4e5f6",
            api_name="partner-gateway-with-a-rather-long-name",
            scope=Scope.ANY_AWS_ACCOUNT,
            title="anyone with an AWS account can call 2 routes of stage prod",
            routes=tuple(f"GET /partners/{{partnerId}}/documents/{n}" for n in range(12)),
            caveats=("the caller's own identity policy is assumed to allow the call",),
            change=None,
        ),
        finding(
            3,
            severity=Severity.MEDIUM,
            api_id="c3d4e5f6a1",
            api_name=HOSTILE,
            live=False,
            title=f"the next deployment opens {HOSTILE}",
            routes=(f"GET /{HOSTILE}",),
            because=(reason(HOSTILE, HOSTILE),),
            change=CHANGE.model_copy(update={"who": HOSTILE}),
        ),
        finding(
            4,
            rule="access-unknown",
            severity=Severity.HIGH,
            status=Status.UNKNOWN,
            api_id="d4e5f6a1b2",
            api_name="billing",
            title="nobody can say who may call stage prod: GetExport answered "
            "AccessDeniedException",
            scope=Scope.UNKNOWN,
            witness=None,
            routes=(),
            because=(reason("GetExport answered AccessDeniedException", GAP.subject, "gap"),),
            change=None,
        ),
        finding(
            5,
            rule="a-rule-of-a-later-version",
            severity=Severity.LOW,
            status=Status.WAIVED,
            api_id="e5f6a1b2c3",
            api_name="internal-reports",
            region="eu-central-1",
            stage="",
            scope=Scope.VPCE,
            title="the VPC endpoint's policy allows every account",
            waiver=WaiverDocument(
                reason=f"until the move is over {HOSTILE}",
                owner="platform",
                until=NOW + timedelta(days=30),
                by="the org policy",
            ),
            witness=None,
            because=(),
            change=None,
        ),
    ]


def earlier_scan() -> ScanDocument:
    """A week before: one finding that is resolved since, one that nobody looked at again."""
    week = timedelta(days=7)
    gone = [
        finding(6, api_id="f6a1b2c3d4", api_name="never-deployed", region="eu-central-1"),
        finding(7, api_id="d4e5f6a1b2", api_name="billing", severity=Severity.HIGH),
    ]
    return scan(
        sample_scan().apis,
        [*_sample_findings()[1:3], *gone],
        started_at=NOW - week - timedelta(seconds=9),
        finished_at=NOW - week,
    )


def sample_report(*, compared: bool = False) -> Report:
    later = sample_scan()
    comparison = compare([earlier_scan(), later]) if compared else None
    return Report(scan=later, rules=by_id(RULES), version="0.1.0", comparison=comparison)


def large_scan(apis: int, findings: int) -> ScanDocument:
    scopes = list(Scope)
    severities = list(Severity)
    found = [
        finding(
            number,
            api_id=f"api{number % apis:07d}",
            api_name=f"service-{number % apis:04d}",
            stage=f"stage{number // apis}",
            severity=severities[number % len(severities)],
            title=f"anyone on the internet can call 3 routes of stage{number // apis}",
            first_seen=NOW - timedelta(hours=number),
        )
        for number in range(findings)
    ]
    judged = [
        api(f"api{n:07d}", f"service-{n:04d}", stage("prod", scopes[n % len(scopes)]))
        for n in range(apis)
    ]
    return scan(judged, found)


def company_scan() -> ScanDocument:
    """An account as it might be, for the picture in the README."""
    open_stage = stage("prod", routes={Scope.INTERNET: 3, Scope.TOKEN: 14})
    partner = stage(
        "prod", Scope.ANY_AWS_ACCOUNT, routes={Scope.ANY_AWS_ACCOUNT: 6, Scope.AWS_PRINCIPALS: 5}
    )
    billing = stage("prod", Scope.CIDRS, routes={Scope.CIDRS: 7, Scope.NOBODY: 2})
    fine = [
        api("k1f0q2w8zd", "checkout", stage("prod", Scope.TOKEN, routes={Scope.TOKEN: 19})),
        api("m7c3x5v1rt", "catalogue", stage("prod", Scope.KEY, routes={Scope.KEY: 11})),
        api("p9d4s6h2ye", "warehouse", stage("prod", Scope.VPCE, routes={Scope.VPCE: 16})),
        api("t2g8j4n6ub", "reports", stage("prod", Scope.ORG, routes={Scope.ORG: 8})),
    ]
    return scan(
        [
            api("a1b2c3d4e5", "orders", open_stage),
            api("b2c3d4e5f6", "partner-gateway", partner),
            api("d4e5f6a1b2", "billing", billing),
            *fine,
        ],
        [
            finding(1),
            finding(
                2,
                severity=Severity.HIGH,
                api_id="b2c3d4e5f6",
                api_name="partner-gateway",
                scope=Scope.ANY_AWS_ACCOUNT,
                title="anyone with an AWS account can call 6 routes of stage prod",
            ),
        ],
    )
