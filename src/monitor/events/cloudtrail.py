"""A CloudTrail record, in whatever envelope, -> a `Change`.

The record is only a pointer: what it says about the API is never taken as its state. Both shapes of
API Gateway's records are read: v1 with the body wrapped (`updateRestApiInput`) or flat, v2 flat.
Sources: CloudTrail user guide, "CloudTrail record contents"; EventBridge user guide, "AWS service
events delivered via CloudTrail".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from monitor.events.actors import actor
from monitor.events.objects import is_about_another_service, objects_changed, tagged_object
from monitor.events.routing import (
    API_GATEWAY_SOURCES,
    CREDENTIAL_READS,
    MONITOR_EVENTS,
    NARROWING,
    PATCH_PATHS_AT_ONCE,
    Effect,
    effect_of,
    is_known,
)
from monitor.events.sections import Json, field, inputs, sections, text
from monitor.events.words import patches, said
from monitor.model.change import (
    Actor,
    ApiFamily,
    Change,
    Ignored,
    LookAt,
    TakesEffect,
)

_CREATES_REST_API = frozenset({"CreateRestApi", "ImportRestApi"})
_TAGS = frozenset({"TagResource", "UntagResource"})
_REFUSALS = ("AccessDenied", "UnauthorizedOperation", "Unauthorized", "Forbidden")
_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class CloudTrailRecord(BaseModel):
    """The part of a record that is read.

    Only the names of source and event are demanded. What else is missing or of a wrong type
    (CloudTrail replaces parameters over 100 KB by a remark) reads as missing, which can only widen
    what is looked at again.
    """

    model_config = ConfigDict(extra="ignore")

    event_source: str = Field(alias="eventSource", min_length=1, max_length=256)
    event_name: str = Field(alias="eventName", min_length=1, max_length=256)
    event_id: str = Field(alias="eventID", default="")
    event_time: AwareDatetime | None = Field(alias="eventTime", default=None)
    region: str = Field(alias="awsRegion", default="")
    recipient_account_id: str = Field(alias="recipientAccountId", default="")
    error_code: str | None = Field(alias="errorCode", default=None)
    read_only: bool | None = Field(alias="readOnly", default=None)
    request: dict[str, Any] = Field(alias="requestParameters", default_factory=dict)
    response: dict[str, Any] = Field(alias="responseElements", default_factory=dict)

    @field_validator("request", "response", mode="before")
    @classmethod
    def _a_remark_is_no_section(cls, value: object) -> object:
        return value if isinstance(value, dict) else {}

    @field_validator("event_id", "region", "recipient_account_id", mode="before")
    @classmethod
    def _a_name_or_nothing(cls, value: object) -> str:
        return text(value)[:256]

    @field_validator("error_code", mode="before")
    @classmethod
    def _any_code_is_a_failure(cls, value: object) -> str | None:
        return None if value is None else str(value)[:256]

    @field_validator("read_only", mode="before")
    @classmethod
    def _true_false_or_not_said(cls, value: object) -> bool | None:
        return {"true": True, "false": False}.get(str(value).lower())

    @field_validator("event_time", mode="before")
    @classmethod
    def _a_time_or_none(cls, value: object) -> object:
        return _time(value)


def parse_changes(document: object) -> Iterator[Change]:
    """The changes told by an EventBridge envelope, a bare record, a log file's `{"Records": []}`,
    or a list of these, in order. What cannot be read is a Change too, ignored as malformed."""
    if isinstance(document, list):
        for item in document:
            yield from parse_changes(item)
    elif isinstance(document, dict) and isinstance(document.get("Records"), list):
        for item in document["Records"]:
            yield parse_change(item)
    else:
        yield parse_change(document)


def parse_change(document: object) -> Change:
    """One record, bare or in its EventBridge envelope. Never raises."""
    if not isinstance(document, dict):
        return _malformed({}, "not a JSON object")
    envelope: Json = {}
    if "detail" in document and "eventName" not in document:
        envelope, document = document, document["detail"]
        if not isinstance(document, dict):
            return _malformed(envelope, "detail is not an object")
    try:
        record = CloudTrailRecord.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return _malformed({**envelope, **document}, f"{place}: {first['msg'].lower()}")
    return _change(record, document, envelope)


def _change(record: CloudTrailRecord, document: Json, envelope: Json) -> Change:
    who = actor(document)
    effect = effect_of(record.event_source, record.event_name)
    family = _family(record, effect)
    plain = Change(
        event_id=record.event_id or text(envelope.get("id"))[:256],
        event_name=record.event_name,
        event_time=record.event_time or _time(envelope.get("time")),
        account_id=record.recipient_account_id
        or text(envelope.get("account"))[:64]
        or who.account_id,
        region=record.region or text(envelope.get("region"))[:64],
        actor=who,
        api_type=family,
        is_known_name=is_known(record.event_source, record.event_name),
        said=said(record.request),
        refused=bool(record.error_code) and _is_refusal(record.error_code or ""),
        reads_credentials=_reads_credentials(record),
    )
    if reason := _ignored(record, effect):
        # Who was refused what is of interest, and so is the API that it was about.
        named = _named_apis(record) if reason is Ignored.FAILED else ()
        return replace(plain, ignored=reason, api_ids=named)
    if effect is None:
        return replace(plain, look_at=LookAt.MONITOR, object=_monitor_object(record))
    return _pointed(plain, record, effect, family)


def _ignored(record: CloudTrailRecord, effect: Effect | None) -> Ignored | None:
    if effect is None:
        monitored = MONITOR_EVENTS.get(record.event_source, frozenset())
        if record.event_name not in monitored:
            return Ignored.UNRELATED
    elif effect.look_at is LookAt.NOTHING or is_about_another_service(record.request, effect):
        return Ignored.UNRELATED
    reads = record.event_name.startswith(("Get", "List", "Describe")) or _is_export(record)
    if record.read_only or (record.read_only is None and reads):
        return Ignored.READ_ONLY
    # An empty error code occurs on calls that succeeded.
    return Ignored.FAILED if record.error_code else None


def _is_export(record: CloudTrailRecord) -> bool:
    return record.event_source in API_GATEWAY_SOURCES and record.event_name == "ExportApi"


def _is_refusal(error_code: str) -> bool:
    return any(refusal in error_code for refusal in _REFUSALS)


def _reads_credentials(record: CloudTrailRecord) -> bool:
    if record.event_source not in API_GATEWAY_SOURCES or record.error_code:
        return False
    switch = CREDENTIAL_READS.get(record.event_name)
    if not switch:
        return switch is not None
    return str(record.request.get(switch)).lower() == "true"


def _pointed(
    change: Change, record: CloudTrailRecord, effect: Effect, family: ApiFamily | None
) -> Change:
    tagged = _tagged(record)
    named = _named_apis(record) or ((tagged[1],) if tagged else ())
    family = family or (tagged[0] if tagged else None)
    objects = objects_changed(record.request, record.response, effect)
    if record.event_name in _TAGS and record.event_source in API_GATEWAY_SOURCES:
        objects = tagged_object(text(record.request.get("resourceArn")))
    look_at, object_ = effect.look_at, _object(record, effect)
    if named:
        look_at = LookAt.API
    elif look_at is LookAt.API or (look_at is LookAt.BEHIND and not (object_ or objects)):
        look_at = LookAt.ACCOUNT
    if look_at is LookAt.BEHIND and object_ is None:
        object_ = objects[0].id or objects[0].kind.value
    takes_effect = _takes_effect(record, effect, family)
    return replace(
        change,
        api_type=family,
        api_ids=named or _patched_apis(record),
        look_at=look_at,
        object=object_ if look_at is LookAt.BEHIND else None,
        objects=objects,
        takes_effect=takes_effect,
        can_widen=takes_effect is not TakesEffect.NEXT_DEPLOYMENT
        and record.event_name not in NARROWING,
    )


def _family(record: CloudTrailRecord, effect: Effect | None) -> ApiFamily | None:
    """Which control plane was called. Names collide, so the shape of the request decides."""
    if effect is None or record.event_source not in API_GATEWAY_SOURCES:
        return None
    if effect.v2 is None:
        return ApiFamily.REST
    if effect.rest is None:
        return ApiFamily.V2
    request = record.request
    if "restApiId" in request or "template" in request or next(inputs(request), None) is not None:
        return ApiFamily.REST
    if "apiId" in request or "apiId" in record.response or "domainNameConfigurations" in request:
        return ApiFamily.V2
    return None


def _named_apis(record: CloudTrailRecord) -> tuple[str, ...]:
    if record.event_source not in API_GATEWAY_SOURCES:
        return ()
    wrapped = [*sections(record.request), record.response]
    found = [section.get(key) for section in wrapped for key in ("restApiId", "apiId")]
    for section in wrapped[:-1]:
        stages = section.get("apiStages")
        if isinstance(stages, list):
            found += [stage.get("apiId") for stage in stages if isinstance(stage, dict)]
        actions = section.get("actions")
        if isinstance(actions, list):
            found += [id_ for action in actions for id_ in _invoked(action)]
    if record.event_name in _CREATES_REST_API:
        found.append(record.response.get("id"))
    return _ids(found)


def _invoked(action: object) -> list[object]:
    """The API that a routing rule leads to: `{"invokeApi": {"apiId": ..., "stage": ...}}`."""
    invoked = action.get("invokeApi") if isinstance(action, dict) else None
    return [invoked.get("apiId")] if isinstance(invoked, dict) else []


def _patched_apis(record: CloudTrailRecord) -> tuple[str, ...]:
    # A usage plan's `/apiStages` takes "apiId:stage".
    return _ids(
        text(patch.get("value")).partition(":")[0]
        for patch in patches(record.request)
        if text(patch.get("path")).lower().startswith(("/apistages", "/restapiid"))
    )


def _tagged(record: CloudTrailRecord) -> tuple[ApiFamily, str] | None:
    """The API in an ARN such as `arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/prod`,
    which tags and web ACLs are put on."""
    path = unquote(text(record.request.get("resourceArn"))).partition("::")[2].split("/")
    family = {"restapis": ApiFamily.REST, "apis": ApiFamily.V2}.get(path[1]) if path[2:] else None
    return (family, path[2]) if family and _ids([path[2]]) else None


def _object(record: CloudTrailRecord, effect: Effect) -> str | None:
    if not effect.object_at:
        return None
    for section in (*sections(record.request), *sections(record.response)):
        if named := field(section, effect.object_at):
            return unquote(named)[:2048]
    return None


def _takes_effect(
    record: CloudTrailRecord, effect: Effect, family: ApiFamily | None
) -> TakesEffect:
    if any(text(patch.get("path")) in PATCH_PATHS_AT_ONCE for patch in patches(record.request)):
        return TakesEffect.AT_ONCE
    if family is None:
        return effect.rest if effect.rest == effect.v2 and effect.rest else TakesEffect.UNKNOWN
    return (effect.rest if family is ApiFamily.REST else effect.v2) or TakesEffect.UNKNOWN


def _monitor_object(record: CloudTrailRecord) -> str | None:
    for key in ("name", "trailName", "rule"):
        if named := text(record.request.get(key)):
            return named[:2048]
    return None


def _malformed(found: Json, problem: str) -> Change:
    return Change(
        event_id=text(found.get("eventID"))[:256],
        event_name=text(found.get("eventName"))[:256],
        event_time=_time(found.get("eventTime")),
        account_id=text(found.get("recipientAccountId"))[:64],
        region=text(found.get("awsRegion"))[:64],
        actor=Actor(name="unknown"),
        ignored=Ignored.MALFORMED,
        problem=problem,
    )


def _ids(values: Iterable[object]) -> tuple[str, ...]:
    """The values that can be ids, once each. What cannot is attacker's text and names nothing."""
    texts = (value for value in values if isinstance(value, str))
    return tuple(
        dict.fromkeys(text for text in texts if 0 < len(text) <= 64 and {*text} <= _ID_CHARACTERS)
    )


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(text(value))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
