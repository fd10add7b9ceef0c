"""A notice for programs and for mail: what one look at an API changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from monitor.model.access import Scope
from monitor.model.api import ApiType
from monitor.model.change import ApiFamily
from monitor.model.finding import StepKind
from monitor.model.notice import Notice
from monitor.model.rule import Rule
from monitor.report.as_asff import asff
from monitor.report.documents import (
    ApiDocument,
    Document,
    FindingDocument,
    ScanDocument,
    finding_document,
)
from monitor.report.plain import plain
from monitor.report.report import Report

MAX_MESSAGE_LENGTH = 200_000
"""Below the 256 KB of SNS and of an EventBridge entry."""
MAX_BRIEF = 30


class StepDocument(Document):
    kind: StepKind
    finding_id: str


class NoticeDocument(Document):
    """`id` is the same however often the notice arrives. `findings`: those of the steps, as they
    are now, and every other one of the API that is open or unknown. `truncated`: the findings were
    too many for one message, and the gravest of them stand without their details."""

    schema_: Literal["gatewatch.notice/1"] = Field(
        default="gatewatch.notice/1", serialization_alias="schema"
    )
    id: str
    made_at: datetime
    account_id: str
    region: str
    api_id: str
    api_name: str
    scope_before: Scope | None
    scope_now: Scope
    steps: tuple[StepDocument, ...]
    findings: tuple[FindingDocument, ...]
    truncated: bool = False


def notice_document(notice: Notice) -> Mapping[str, Any]:
    """The notice as JSON-like values, without details where it is larger than a message may be."""
    by_id = {step.finding.id: step.finding for step in notice.steps}
    by_id |= {finding.id: finding for finding in notice.unresolved}
    findings = sorted(by_id.values(), key=lambda finding: finding.violation.severity.rank)
    document = NoticeDocument(
        id=notice.id,
        made_at=notice.made_at,
        account_id=notice.api.account_id,
        region=notice.api.region,
        api_id=notice.api.api_id,
        api_name=notice.api_name,
        scope_before=notice.scope_before,
        scope_now=notice.scope_now,
        steps=tuple(
            StepDocument(kind=step.kind, finding_id=step.finding.id) for step in notice.steps
        ),
        findings=tuple(map(finding_document, findings)),
    )
    whole = _values(document)
    # A document within a document, as SNS takes it, has every quote escaped again.
    if len(json.dumps(json.dumps(whole))) <= MAX_MESSAGE_LENGTH:
        return whole
    brief = tuple(map(_brief, document.findings[:MAX_BRIEF]))
    cut = {"findings": brief, "steps": document.steps[:MAX_BRIEF], "truncated": True}
    return _values(document.model_copy(update={**cut, "api_name": plain(document.api_name, 200)}))


def _values(document: NoticeDocument) -> Mapping[str, Any]:
    made: Mapping[str, Any] = document.model_dump(mode="json", by_alias=True)
    return made


def _brief(finding: FindingDocument) -> FindingDocument:
    texts = ("title", "stage", "api_name", "policy_class")
    return finding.model_copy(
        update={
            **{name: plain(getattr(finding, name), 200) for name in texts},
            **dict.fromkeys(("routes", "because", "caveats", "history", "remediations"), ()),
            **dict.fromkeys(("witness", "change", "waiver"), None),
        }
    )


def notice_asff(notice: Notice, rules: Mapping[str, Rule]) -> list[dict[str, Any]]:
    """The findings of the notice's steps, as Security Hub takes them. `rules`: by id."""
    report = Report(scan=_scan(notice), rules=rules, version="")
    findings: list[dict[str, Any]] = json.loads(asff(report))
    return findings


def notice_text(notice: Notice) -> str:
    """The notice in a few lines; the first says the most."""
    return "\n".join(_lines(notice))


def _lines(notice: Notice) -> Iterator[str]:
    name = plain(notice.api_name or notice.api.api_id, 60)
    worst = min(
        (step for step in notice.steps),
        key=lambda step: step.finding.violation.severity.rank,
        default=None,
    )
    if worst is not None:
        violation = worst.finding.violation
        yield (
            f"{violation.severity.capitalize()} {worst.kind.value}: {name}: "
            f"{plain(violation.title, 200)}"
        )
    if notice.plan is not None:
        yield f"{name}: remediation {notice.plan.action} {notice.plan.plan_id}: {notice.plan.state}"
    yield ""
    for step in notice.steps[:20]:
        violation = step.finding.violation
        yield f"{step.kind.value}: {plain(violation.title, 300)} [{step.finding.id}]"
    if more := notice.steps[20:]:
        yield f"and {len(more)} more"
    if notice.cause is not None:
        cause = notice.cause
        yield f"By {plain(cause.who, 120)}: {plain(cause.event_name, 80)}"
    before = notice.scope_before.value if notice.scope_before else "not known"
    yield f"Access before: {before}. Now: {notice.scope_now.value}."
    yield f"API {notice.api.api_id}, account {notice.api.account_id}, {notice.api.region}"


def _scan(notice: Notice) -> ScanDocument:
    api = notice.api
    api_type = ApiType.HTTP if api.family is ApiFamily.V2 else ApiType.REST
    return ScanDocument(
        account_id=api.account_id,
        regions=(api.region,),
        started_at=notice.made_at,
        finished_at=notice.made_at,
        complete=True,
        calls={},
        apis=(
            ApiDocument(
                api_id=api.api_id,
                name=notice.api_name,
                api_type=api_type,
                region=api.region,
                scope=notice.scope_now,
                draft_scope=notice.scope_now,
                stages=(),
                status="judged",
                gaps=(),
            ),
        ),
        gaps=(),
        findings=tuple(finding_document(step.finding) for step in notice.steps),
    )
