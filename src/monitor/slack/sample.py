"""An invented alert, to see what a channel will see."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.access.codes import Code
from monitor.model.access import Door, DoorKind, Reason, Scope, Witness
from monitor.model.api import ApiId
from monitor.model.change import ApiFamily
from monitor.model.finding import (
    Acknowledgement,
    Cause,
    Finding,
    Mark,
    Severity,
    Status,
    Violation,
    finding_id,
)
from monitor.model.notice import Notice, PlanNews, PlanOffer, Step, StepKind

API = ApiId(
    account_id="111122223333", region="eu-central-1", api_id="a1b2c3d4e5", family=ApiFamily.REST
)
HOST = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
ROUTES = (
    "GET /orders",
    "POST /orders",
    "GET /orders/{orderId}",
    "DELETE /orders/{orderId}",
    "GET /orders/{orderId}/invoice",
    "GET /customers/{customerId}",
    "PUT /customers/{customerId}",
)


def opened(now: datetime) -> Notice:
    """A deployment that lets everybody in."""
    cause = Cause(
        who="jane@example.com (role Developer)",
        event_name="CreateDeployment",
        event_id="6f2b1c1e-8d0a-4a53-9a3e-0d7a3c1f5b11",
        event_time=now - timedelta(seconds=41),
        source_ip="198.51.100.7",
        via="Terraform",
    )
    violation = _violation()
    finding = Finding(
        id=finding_id(API, violation),
        api=API,
        api_name="orders",
        violation=violation,
        status=Status.OPEN,
        first_seen=now,
        last_seen=now,
        change=cause,
        history=(Mark(kind=StepKind.OPENED, who=cause.who, at=now),),
    )
    return _notice(finding, StepKind.OPENED, now, sequence=2, cause=cause)


def acknowledged(now: datetime, who: str) -> Notice:
    """Somebody deals with it. `who`: as `slack:U0123`."""
    before = opened(now)
    at = now + timedelta(minutes=3)
    finding = replace(
        before.unresolved[0],
        acknowledged=Acknowledgement(who=who, at=at),
        history=(Mark(kind=StepKind.ACKNOWLEDGED, who=who, at=at),),
    )
    return _notice(finding, StepKind.ACKNOWLEDGED, at, sequence=3)


def planned(now: datetime, who: str) -> Notice:
    """The plan of a remediation, to be approved."""
    at = now + timedelta(minutes=4)
    seen = acknowledged(now, who)
    return replace(
        seen,
        sequence=4,
        made_at=at,
        steps=(),
        plan=PlanNews(
            plan_id="gwp-5d41402abc4b2a76",
            action="rollback-stage",
            finding_id=seen.unresolved[0].id,
            state="planned",
            lines=(
                "stage prod: deploymentId d9k2m1 -> d7f3a8, its last compliant deployment",
                "closes 7 routes to the internet; no other stage is touched",
                "undo points the stage at d9k2m1 again",
            ),
            requested_by=who,
            offers=(PlanOffer.APPROVE,),
        ),
    )


def resolved(now: datetime) -> Notice:
    """The fence is back."""
    at = now + timedelta(minutes=9)
    cause = Cause(
        who="joe@example.com (role Platform)",
        event_name="UpdateStage",
        event_id="0b4f6c0e-3d52-4f6f-8a53-5d2b1f9e7c22",
        event_time=at - timedelta(seconds=30),
        source_ip="198.51.100.9",
        via="console",
    )
    finding = replace(
        opened(now).unresolved[0],
        status=Status.RESOLVED,
        history=(Mark(kind=StepKind.RESOLVED, who=cause.who, at=at),),
    )
    notice = _notice(finding, StepKind.RESOLVED, at, sequence=5, cause=cause)
    return replace(notice, unresolved=(), scope_before=Scope.INTERNET, scope_now=Scope.CIDRS)


def _violation() -> Violation:
    door = Door(kind=DoorKind.DEFAULT_ENDPOINT, host=HOST)
    return Violation(
        rule="access-exceeds-policy",
        severity=Severity.CRITICAL,
        status=Status.OPEN,
        title="anyone on the internet can call 7 routes of stage prod",
        scope=Scope.INTERNET,
        stage="prod",
        deployment_id="d9k2m1",
        live=True,
        routes=ROUTES,
        policy_class="customer data",
        clause="the networks office and vpn",
        witness=Witness(
            door=door, method="GET", path="/orders", stage="prod", source_ip="203.0.113.9"
        ),
        because=(
            Reason(
                code=Code.DOOR_OPEN,
                place=HOST,
                fields={"kind": DoorKind.DEFAULT_ENDPOINT, "families": "IPv4"},
            ),
            Reason(code=Code.AUTHORIZATION_NONE, place="stage prod, GET /orders"),
            Reason(
                code=Code.POLICY_ALLOWS,
                place="policy.Statement[0]",
                fields={"sid": "AllowAll", "conditions": ""},
            ),
        ),
        remediations=("rollback-stage", "quarantine-stage"),
    )


def _notice(
    finding: Finding, kind: StepKind, at: datetime, *, sequence: int, cause: Cause | None = None
) -> Notice:
    return Notice(
        api=API,
        api_name="orders",
        sequence=sequence,
        made_at=at,
        steps=(Step(kind=kind, finding=finding),),
        unresolved=(finding,),
        scope_before=Scope.CIDRS,
        scope_now=Scope.INTERNET,
        cause=cause,
    )
