"""The documents that other programs read, as models; their JSON Schemas in `docs/schemas/` are made
from these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.access.explain import sentence
from monitor.model.access import ApiAccess, Reason, RouteAccess, Scope, Witness, widest
from monitor.model.api import ApiSnapshot, ApiType
from monitor.model.callers import Credential
from monitor.model.change import Change
from monitor.model.finding import (
    Acknowledgement,
    Cause,
    Finding,
    Severity,
    Status,
    StepKind,
    Waiver,
)
from monitor.model.gaps import Gap
from monitor.report.curl import curl


class Document(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class GapDocument(Document):
    service: str
    operation: str
    error_code: str
    subject: str
    unknown: str
    message: str


class ReasonDocument(Document):
    code: str
    place: str
    text: str
    fields: Mapping[str, str]

    @property
    def located(self) -> str:
        """The sentence, with its place where it does not name that itself."""
        named = not self.place or self.place in self.text
        return self.text if named else f"{self.text} ({self.place})"


class WitnessDocument(Document):
    """One concrete request that gets in; `curl` is the same for a shell, `credentials` what has to
    be held."""

    curl: str
    door: str
    method: str
    path: str
    stage: str
    principal: str
    source_ip: str | None
    headers: Mapping[str, str]
    context: Mapping[str, str]
    credentials: tuple[Credential, ...] = ()


class ChangeOfFinding(Document):
    """`said`: the change in the words of its request. `changed`: what was different on the API
    since the look before, and `access`: who could call each stage then, and now. `mfa` None = not
    told; `foreign_account`: of a caller from elsewhere, else empty."""

    who: str
    event_name: str
    event_id: str
    event_time: datetime | None
    source_ip: str
    via: str
    said: str = ""
    changed: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    session: str = ""
    role: str = ""
    mfa: bool | None = None
    foreign_account: str = ""


class AcknowledgementDocument(Document):
    who: str
    at: datetime


class WaiverDocument(Document):
    """`by`: the org policy, or the person who accepted it. `owner`: who answers for it."""

    reason: str
    owner: str
    until: datetime
    by: str


class MarkDocument(Document):
    """A step in the life of a finding. `who` empty: not known, or time alone."""

    kind: StepKind
    who: str
    at: datetime


class FindingDocument(Document):
    schema_: Literal["gatewatch.finding/1"] = Field(
        default="gatewatch.finding/1", serialization_alias="schema"
    )
    id: str
    rule: str
    severity: Severity
    status: Status
    account_id: str
    region: str
    api_id: str
    api_name: str
    stage: str
    deployment_id: str | None
    live: bool
    routes: tuple[str, ...]
    title: str
    policy_class: str = ""
    scope: Scope
    witness: WitnessDocument | None
    because: tuple[ReasonDocument, ...]
    caveats: tuple[str, ...]
    change: ChangeOfFinding | None
    acknowledged: AcknowledgementDocument | None = None
    waiver: WaiverDocument | None = None
    reopened: int
    remediations: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    history: tuple[MarkDocument, ...] = ()
    in_baseline: bool = False


class StageDocument(Document):
    """`witness` gets in now, `draft_witness` would after the next deployment. `routes_by_scope`
    counts the live routes, each under the widest scope over its doors."""

    name: str
    deployment_id: str | None
    scope: Scope
    draft_scope: Scope
    witness: WitnessDocument | None
    draft_witness: WitnessDocument | None
    routes_by_scope: Mapping[Scope, int] = Field(default_factory=dict)


class ApiDocument(Document):
    """`draft_scope` is what the next deployment would make of it. `gaps` are its own; of what it
    shares with other APIs, the gaps stand once in the scan's, and its `status` is `gaps` too."""

    api_id: str
    name: str
    api_type: ApiType
    region: str
    scope: Scope
    draft_scope: Scope
    stages: tuple[StageDocument, ...]
    status: Literal["judged", "gaps"]
    gaps: tuple[GapDocument, ...]
    tags: Mapping[str, str] = Field(default_factory=dict)


class ScanDocument(Document):
    """`complete` is false if anything could not be read; `calls` counts requests to AWS, repeated
    ones included, and `refused` those of them that AWS refused as too many. `gaps` are those of no
    single API. `continued`: the APIs (`region/id`) that an interrupted scan had judged, as far back
    as `started_at`, and that were not read again. `only_apis`: no other API was looked at.
    `baseline_of`: when the scan ended whose findings are marked `in_baseline`, if there is one.
    """

    schema_: Literal["gatewatch.scan/1"] = Field(
        default="gatewatch.scan/1", serialization_alias="schema"
    )
    account_id: str
    regions: tuple[str, ...]
    only_apis: tuple[str, ...] = ()
    started_at: datetime
    finished_at: datetime
    complete: bool
    calls: Mapping[str, int]
    refused: Mapping[str, int] = Field(default_factory=dict)
    continued: tuple[str, ...] = ()
    baseline_of: datetime | None = None
    apis: tuple[ApiDocument, ...]
    gaps: tuple[GapDocument, ...]
    findings: tuple[FindingDocument, ...]


class ChangeDocument(Document):
    event_id: str
    event_name: str
    event_time: datetime | None
    account_id: str
    region: str
    actor: str
    api_type: Literal["REST", "V2"] | None
    api_ids: tuple[str, ...]
    look_at: str
    object: str | None
    ignored: str | None
    live: str
    known: bool
    problem: str


class ReplayDocument(Document):
    schema_: Literal["gatewatch.replay/1"] = Field(
        default="gatewatch.replay/1", serialization_alias="schema"
    )
    changes: tuple[ChangeDocument, ...]


class JudgedReplayDocument(ScanDocument):
    """A replay that also looked: the fields of a scan follow its changes."""

    schema_: Literal["gatewatch.replay/1"] = Field(  # type: ignore[assignment]
        default="gatewatch.replay/1", serialization_alias="schema"
    )
    changes: tuple[ChangeDocument, ...]


def gap_document(gap: Gap) -> GapDocument:
    return GapDocument(
        service=gap.service,
        operation=gap.operation,
        error_code=gap.error_code,
        subject=gap.subject,
        unknown=gap.unknown.value,
        message=gap.message,
    )


def finding_document(finding: Finding) -> FindingDocument:
    violation = finding.violation
    return FindingDocument(
        id=finding.id,
        rule=violation.rule,
        severity=violation.severity,
        status=finding.status,
        account_id=finding.api.account_id,
        region=finding.api.region,
        api_id=finding.api.api_id,
        api_name=finding.api_name,
        stage=violation.stage,
        deployment_id=violation.deployment_id,
        live=violation.live,
        routes=violation.routes,
        title=violation.title,
        policy_class=violation.policy_class,
        scope=violation.scope,
        witness=_witness(violation.witness),
        because=tuple(_reasons(violation.because)),
        caveats=violation.caveats,
        change=_cause(finding.change),
        acknowledged=_acknowledgement(finding.acknowledged),
        waiver=_waiver(finding.waiver) if finding.status is Status.WAIVED else None,
        reopened=finding.reopened,
        remediations=violation.remediations,
        first_seen=finding.first_seen,
        last_seen=finding.last_seen,
        history=tuple(
            MarkDocument(kind=mark.kind, who=mark.who, at=mark.at) for mark in finding.history
        ),
    )


def api_document(snapshot: ApiSnapshot, access: ApiAccess) -> ApiDocument:
    return ApiDocument(
        api_id=snapshot.api.api_id,
        name=snapshot.name,
        api_type=snapshot.api_type,
        region=snapshot.api.region,
        scope=_scope(snapshot, access.scope),
        draft_scope=_draft_scope(snapshot, access),
        stages=tuple(
            StageDocument(
                name=stage.stage,
                deployment_id=stage.deployment_id,
                scope=stage.live.scope,
                draft_scope=stage.draft.scope if stage.draft else Scope.UNKNOWN,
                witness=_witness(stage.live.witness),
                draft_witness=_witness(stage.draft.witness if stage.draft else None),
                routes_by_scope=_routes_by_scope(stage.live_routes),
            )
            for stage in access.stages
        ),
        status="gaps" if snapshot.gaps else "judged",
        gaps=tuple(gap_document(gap) for gap in snapshot.gaps if not gap.account_wide),
        tags=snapshot.tags,
    )


def shared_gaps(snapshot: ApiSnapshot) -> tuple[GapDocument, ...]:
    """What could not be read of the account and matters to the API."""
    return tuple(gap_document(gap) for gap in snapshot.gaps if gap.account_wide)


def change_document(change: Change) -> ChangeDocument:
    return ChangeDocument(
        event_id=change.event_id,
        event_name=change.event_name,
        event_time=change.event_time,
        account_id=change.account_id,
        region=change.region,
        actor=change.actor.name,
        api_type=change.api_type.value if change.api_type else None,
        api_ids=change.api_ids,
        look_at=change.look_at.value,
        object=change.object,
        ignored=change.ignored.value if change.ignored else None,
        live=change.takes_effect.value,
        known=change.is_known_name,
        problem=change.problem,
    )


def to_json(document: Document) -> str:
    """Indented, in the order of the model, one newline at the end."""
    return document.model_dump_json(by_alias=True, indent=2) + "\n"


def _routes_by_scope(doors: Iterable[RouteAccess]) -> Mapping[Scope, int]:
    scopes: dict[str, list[Scope]] = {}
    for through in doors:
        scopes.setdefault(through.route, []).append(through.access.scope)
    counted = Counter(widest(*found) for found in scopes.values())
    return {scope: counted[scope] for scope in Scope if counted[scope]}


def _scope(snapshot: ApiSnapshot, found: Scope) -> Scope:
    # Without stages that were read, "nobody" would be a guess.
    return Scope.UNKNOWN if snapshot.gaps and not snapshot.stages else found


def _draft_scope(snapshot: ApiSnapshot, access: ApiAccess) -> Scope:
    if snapshot.draft is None:
        return Scope.UNKNOWN
    return _scope(snapshot, access.draft_scope)


def _witness(witness: Witness | None) -> WitnessDocument | None:
    if witness is None:
        return None
    return WitnessDocument(
        curl=curl(witness),
        door=witness.door.host,
        method=witness.method,
        path=witness.path,
        stage=witness.stage,
        principal=witness.principal,
        source_ip=witness.source_ip,
        headers=witness.headers,
        context=witness.context,
        credentials=witness.credentials,
    )


def _reasons(reasons: Iterable[Reason]) -> Iterable[ReasonDocument]:
    for reason in reasons:
        yield ReasonDocument(
            code=reason.code, place=reason.place, text=sentence(reason), fields=reason.fields
        )


def _acknowledgement(mark: Acknowledgement | None) -> AcknowledgementDocument | None:
    return None if mark is None else AcknowledgementDocument(who=mark.who, at=mark.at)


def _waiver(waiver: Waiver | None) -> WaiverDocument | None:
    if waiver is None:
        return None
    return WaiverDocument(
        reason=waiver.reason, owner=waiver.owner, until=waiver.until, by=waiver.by
    )


def _cause(cause: Cause | None) -> ChangeOfFinding | None:
    if cause is None:
        return None
    return ChangeOfFinding(
        who=cause.who,
        event_name=cause.event_name,
        event_id=cause.event_id,
        event_time=cause.event_time,
        source_ip=cause.source_ip,
        via=cause.via,
        said=cause.said,
        changed=cause.changed,
        access=cause.access,
        session=cause.session,
        role=cause.role,
        mfa=cause.mfa,
        foreign_account=cause.foreign_account,
    )


SCHEMAS: dict[str, type[BaseModel]] = {
    "finding": FindingDocument,
    "scan": ScanDocument,
    "replay": ReplayDocument,
    "judged-replay": JudgedReplayDocument,
}
"""Name of the file in `docs/schemas/` -> the model behind it."""
