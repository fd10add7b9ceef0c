"""What a verdict assumes, and what AWS's pages leave open about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from monitor.access.admission import Who
from monitor.access.circumstances import Network
from monitor.access.codes import Code
from monitor.access.doors import OpenDoor
from monitor.access.reasons import Passage
from monitor.access.statements import Applied
from monitor.access.verdict import Halves
from monitor.access.web_acl import WebAclPass
from monitor.iampolicy.document import Effect
from monitor.iampolicy.values import instant
from monitor.model.access import Reason
from monitor.model.api import ApiSnapshot, ApiType, AuthorizationType


def caveats_of(
    snapshot: ApiSnapshot,
    door: OpenDoor,
    web_acl: WebAclPass,
    passages: Sequence[Passage],
    halves: Halves,
) -> Iterator[Reason]:
    if not halves.possible:
        return
    yield from _of_door(snapshot, door, web_acl)
    for passage in passages:
        yield from _of_gate(passage, halves)
    outcomes = passages[0].outcomes
    if outcomes.document is not None:
        yield from _of_policy(door, passages[0])


def _of_door(snapshot: ApiSnapshot, door: OpenDoor, web_acl: WebAclPass) -> Iterator[Reason]:
    if not door.proven:
        yield Reason(code=Code.DOOR_ASSUMED, place=door.door.host, fields={"kind": door.door.kind})
    if snapshot.api_type is ApiType.REST and snapshot.disable_default_endpoint:
        yield Reason(code=Code.DEFAULT_ENDPOINT_SAVED)
    if not web_acl.modelled:
        yield Reason(code=Code.WEB_ACL_UNMODELLED)
    if door.network is Network.VPC_ENDPOINT:
        yield Reason(code=Code.OTHER_ENDPOINT_POLICIES)


def _of_gate(passage: Passage, halves: Halves) -> Iterator[Reason]:
    gate = passage.gate
    codes = {reason.code for reason in gate.reasons}
    if Code.LAMBDA_ASKS_NOTHING in codes:
        yield Reason(code=Code.LAMBDA_ASKS_NOTHING)
    if Code.KEY_UNKNOWN in codes:
        yield Reason(code=Code.KEY_UNKNOWN)
    allows = any(one.applied.effect is Effect.ALLOW and one.maybe for one in passage.asked)
    policy = passage.outcomes.attached
    if Code.AUTHORIZATION_LAMBDA in codes and policy:
        yield Reason(code=Code.LAMBDA_GRANTED_BY_POLICY if allows else Code.LAMBDA_SILENCE)
    cognito = any(
        r.fields.get("kind") == AuthorizationType.COGNITO_USER_POOLS for r in gate.reasons
    )
    if cognito and policy:
        yield Reason(code=Code.COGNITO_SILENCE)
    if gate.own_account and any(one.who is Who.OWN for one in halves.possible):
        yield Reason(code=Code.IDENTITY_POOL)


def _of_policy(door: OpenDoor, passage: Passage) -> Iterator[Reason]:
    document = passage.outcomes.document
    for problem in document.problems[:_MOST] if document else ():
        place = f"policy.{problem.place}" if problem.place else "policy"
        fields = {"problem": str(problem.code), "detail": problem.detail}
        yield Reason(code=Code.POLICY_MALFORMED, place=place, fields=fields)
    if passage.let.entangled:
        yield Reason(code=Code.POLICY_TOO_ENTANGLED, place="policy")
    keys = {key for one in passage.outcomes.applied or () for key in _keys(one)}
    if not keys.isdisjoint({"aws:referer", "aws:useragent"}):
        yield Reason(code=Code.HEADER_IS_FREE)
    if not keys.isdisjoint({"aws:currenttime", "aws:epochtime"}):
        yield from _time_bound(passage)
    if door.network is Network.VPC_ENDPOINT:
        if "aws:vpcsourceip" in keys:
            yield Reason(code=Code.VPC_SOURCE_IP)
        if "aws:sourceip" in keys:
            yield Reason(code=Code.SOURCE_IP_IN_VPC)
    full = max((one.maybe for one in passage.asked), default=0)
    if any(one.applied.effect is Effect.DENY and 0 < one.yes < full for one in passage.asked):
        yield Reason(code=Code.PATH_SPELLING)


_MOST = 6


def _keys(applied: Applied) -> Iterator[str]:
    return (condition.key.lower() for condition in applied.statement.conditions)


def _time_bound(passage: Passage) -> Iterator[Reason]:
    """Until when the verdict holds: the next moment that the policy speaks of."""
    now = passage.outcomes.space.circumstances.now
    moments = [
        moment
        for one in passage.outcomes.applied or ()
        for condition in one.statement.conditions
        if condition.key.lower() in ("aws:currenttime", "aws:epochtime")
        for term in condition.values
        if (moment := instant(term.text)) is not None and moment > Decimal(str(now.timestamp()))
    ]
    if moments:
        until = datetime.fromtimestamp(float(min(moments)), UTC).isoformat()
        yield Reason(code=Code.TIME_BOUND, fields={"until": until})
