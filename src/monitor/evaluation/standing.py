"""Whether an API was moved to wider classes of the org policy, and which ones are in force.

A class goes by tags and names, which whoever owns the API may edit: that is a self-service
exemption, and so it is told, and may be confined to people whose tags count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from monitor.access.thresholds import Thresholds
from monitor.evaluation.width import is_within
from monitor.model.api import ApiSnapshot
from monitor.model.finding import Cause
from monitor.model.gaps import Unknown
from monitor.model.organization import Bound
from monitor.model.standing import Classes, ClassMove, MovedBy, Standing
from monitor.orgpolicy.bounds import WHOLE, Bounds, Place, bounds_of, places_of
from monitor.orgpolicy.schema import OrgPolicy
from monitor.orgpolicy.words import matches

EDITS = frozenset(
    {
        "TagResource", "UntagResource",
        "CreateRestApi", "ImportRestApi", "PutRestApi", "UpdateRestApi",
        "CreateApi", "ImportApi", "ReimportApi", "UpdateApi",
    }
)  # fmt: skip
"""The events of calls that can set an API's tags or name.

Source: API Gateway API reference and Version 2 API reference, requests with `tags` or `name`.
"""

_TAGS_NEW = frozenset({"TagResource", "CreateRestApi", "ImportRestApi", "CreateApi", "ImportApi"})
_DECIDES = {"classes", "organization"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """`classes`: those in force. `standing`: what to remember; `move`: what is wider than was
    accepted."""

    classes: Classes
    standing: Standing
    move: ClassMove | None = None


def stand(
    snapshot: ApiSnapshot,
    policy: OrgPolicy,
    thresholds: Thresholds,
    *,
    before: Standing | None,
    edits: Sequence[Cause],
    is_waived: bool,
) -> Stood:
    """`edits`: those of the tags and the name that led here. `is_waived`: somebody accepts for a
    time that the API is in the classes that `before` says it claims."""
    claimed = _classes(snapshot, policy)
    counting = policy.tags_count_from
    if before is not None and any(gap.unknown is Unknown.API for gap in snapshot.gaps):
        # Tags that were not read are not tags that were taken away.
        return Stood(classes=_in_force(before, counting, is_waived), standing=before)
    is_trusted = bool(counting and edits and _all_count(edits, counting))
    if before is not None:
        accepted = before.accepted
    elif not counting or is_trusted or not any(edit.event_name in _TAGS_NEW for edit in edits):
        accepted = claimed
    else:
        accepted = _classes(replace(snapshot, tags={}), policy)
    # What the accepted tags and name come to under the org policy of now.
    unedited = _classes(replace(snapshot, tags=accepted.tags, name=accepted.name), policy)
    by_edit = tuple(_wider(claimed, unedited, thresholds)) if not is_trusted else ()
    by_policy = tuple(_wider(unedited, accepted, thresholds)) if not is_trusted else ()
    if not by_edit and not by_policy:
        return Stood(classes=claimed, standing=Standing(accepted=claimed))
    standing = Standing(accepted=accepted, claimed=claimed)
    counts = not by_edit or not counting
    is_waived = is_waived and not claims_more(standing, before)
    return Stood(
        classes=claimed if counts or is_waived else unedited,
        standing=standing,
        move=_move(
            by_edit or by_policy,
            tuple(_moved_by(accepted, claimed, edit=bool(by_edit), policy=bool(by_policy))),
            edits,
            counts=counts,
        ),
    )


def claims_more(now: Standing | None, before: Standing | None) -> bool:
    """Whether an API that somebody moved to a wider class was moved to a still wider one since."""
    if now is None or before is None or now.claimed is None or before.claimed is None:
        return False
    return any(_wider(now.claimed, before.claimed, Thresholds()))


def _in_force(standing: Standing, counting: tuple[str, ...], is_waived: bool) -> Classes:
    accepted, claimed = standing.accepted, standing.claimed
    if claimed is None:
        return accepted
    is_edited = (accepted.tags, accepted.name) != (claimed.tags, claimed.name)
    return claimed if is_waived or not counting or not is_edited else accepted


def _classes(snapshot: ApiSnapshot, policy: OrgPolicy) -> Classes:
    bounds: Bounds = bounds_of(policy, snapshot, places_of(snapshot))
    return Classes(
        whole=bounds.of_api,
        tags=dict(snapshot.tags),
        name=snapshot.name,
        policy=_digest(policy.model_dump(mode="json", include=_DECIDES)),
        places=tuple(
            (stage, route, bound.class_name) for (stage, route), bound in bounds.of_places.items()
        ),
        others={bound.class_name: bound for bound in bounds.of_places.values()},
    )


def _wider(
    now: Classes, before: Classes, thresholds: Thresholds
) -> Iterator[tuple[Place, Bound, Bound]]:
    """The places, with the bounds before and now, that may be called by more than before. Without
    another tag, name or org policy none was moved: a route that is new was nowhere before."""
    if (now.tags, now.name, now.policy) == (before.tags, before.name, before.policy):
        return
    bounds_now, bounds_before = now.bounds, before.bounds
    seen: dict[tuple[str, str], bool] = {}
    for place in dict.fromkeys((WHOLE, *bounds_now, *bounds_before)):
        old, new = bounds_before.get(place, before.whole), bounds_now.get(place, now.whole)
        pair = (old.class_name, new.class_name)
        if pair not in seen:
            seen[pair] = is_within(new, old, thresholds)
        if not seen[pair]:
            yield place, old, new


def _moved_by(before: Classes, now: Classes, *, edit: bool, policy: bool) -> Iterator[MovedBy]:
    if edit and before.tags != now.tags:
        yield MovedBy.TAGS
    if edit and before.name != now.name:
        yield MovedBy.NAME
    if policy:
        yield MovedBy.POLICY


def _move(
    wider: Sequence[tuple[Place, Bound, Bound]],
    by: tuple[MovedBy, ...],
    edits: Sequence[Cause],
    *,
    counts: bool,
) -> ClassMove:
    (place, before, now), *_ = wider
    stages = tuple(dict.fromkeys(stage for (stage, _), *_ in wider if stage))
    routes = tuple(dict.fromkeys(route for (_, route), *_ in wider if route))
    is_whole = place == WHOLE
    own = edits if set(by) - {MovedBy.POLICY} else ()
    return ClassMove(
        before=before,
        now=now,
        by=by,
        counts=counts,
        who=own[-1] if own else None,
        stages=() if is_whole else stages,
        routes=() if is_whole else routes,
    )


def _all_count(edits: Sequence[Cause], counting: tuple[str, ...]) -> bool:
    return all(any(matches(counting, arn) for arn in _arns(edit.arn)) for edit in edits)


def _arns(arn: str) -> tuple[str, ...]:
    """The principal as CloudTrail names it and, of a role's session, the role (without its path,
    which the event does not tell)."""
    head, slash, rest = arn.partition(":assumed-role/")
    if not slash:
        return (arn,)
    return arn, f"{head.replace(':sts:', ':iam:', 1)}:role/{rest.partition('/')[0]}"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
