"""A change: who did what to which object, when, told by which event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.objects import ObjectRef


class ApiFamily(StrEnum):
    """Which of the two control planes a call went to. They share an event source and many names."""

    REST = "REST"
    V2 = "V2"


class LookAt(StrEnum):
    """What has to be looked at again because of a change."""

    API = "api"
    BEHIND = "behind"
    ACCOUNT = "account"
    MONITOR = "monitor"
    NOTHING = "nothing"


class Ignored(StrEnum):
    """Why a record asks for nothing."""

    FAILED = "failed"
    READ_ONLY = "read-only"
    UNRELATED = "unrelated"
    MALFORMED = "malformed"


class TakesEffect(StrEnum):
    AT_ONCE = "at-once"
    NEXT_DEPLOYMENT = "next-deployment"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who made a change. `name` is for a human reader (a session's name with its role); `arn` as
    CloudTrail wrote it; `via` the program, if it can be told.

    `session` and `role` are the two halves of an assumed role, empty for other callers. `mfa`: the
    session was opened with a second factor; None = the record does not say.
    """

    name: str
    arn: str = ""
    account_id: str = ""
    source_ip: str = ""
    via: str = ""
    session: str = ""
    role: str = ""
    mfa: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One CloudTrail record, read as a pointer to what must be looked at again.

    `event_time` is aware, UTC, None if the record has none. `api_ids` are those the event itself
    names; `object` is the ARN or id of another object, whose APIs have to be found. `is_known_name`
    False: an event name that is not in our table. `problem`: what is wrong with a malformed one.

    `objects`: what the event changed besides APIs, as the index of APIs knows it. `said`: the
    change in the words of its request, shortened, without secrets. `refused`: AWS denied the call.
    `reads_credentials`: it read the values of keys, or a whole API. `can_widen`: more callers may
    get in by it, now.
    """

    event_id: str
    event_name: str
    event_time: datetime | None
    account_id: str
    region: str
    actor: Actor
    api_type: ApiFamily | None = None
    api_ids: tuple[str, ...] = ()
    look_at: LookAt = LookAt.NOTHING
    object: str | None = None
    ignored: Ignored | None = None
    takes_effect: TakesEffect = TakesEffect.UNKNOWN
    is_known_name: bool = True
    problem: str = ""
    objects: tuple[ObjectRef, ...] = ()
    said: str = ""
    refused: bool = False
    reads_credentials: bool = False
    can_widen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCall:
    """A change to an API that AWS denied to somebody."""

    who: str
    event_name: str
    event_id: str
    at: datetime
    source_ip: str = ""
