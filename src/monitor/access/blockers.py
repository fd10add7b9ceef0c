"""What in a resource policy keeps one kind of caller out: statement by statement, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from monitor.access.admission import Who
from monitor.access.axes import AddressAxis, CellAxis, CellKind
from monitor.access.circumstances import AxisName
from monitor.access.codes import Code
from monitor.access.outcome import Asked, PolicyOutcomes
from monitor.access.space import Space
from monitor.iampolicy.boxes import Box, intersect
from monitor.iampolicy.document import Condition, Effect, PolicyDocument, Statement
from monitor.iampolicy.principals import matches_principal
from monitor.iampolicy.resources import matches_action
from monitor.iampolicy.three_valued import Truth
from monitor.model.access import Reason

_MOST = 4


def blockers(outcomes: PolicyOutcomes, asked: Sequence[Asked], who: Who) -> Iterator[Reason]:
    """Why the policy does not let `who` in from everywhere."""
    document = outcomes.document
    if not outcomes.attached or document is None or outcomes.applied is None:
        if not outcomes.attached and who is Who.STRANGER:
            yield Reason(code=Code.STOPPED_BY_SILENCE, place="policy", fields=_who(who))
        return
    region = region_of(outcomes.space, who)
    yield from islice(_by_denies(asked, region, who), _MOST)
    yield from islice(_by_allows(document, outcomes.space, asked, region, who), _MOST)
    if not any(statement.effect is Effect.ALLOW for statement in document.statements):
        yield Reason(code=Code.STOPPED_BY_SILENCE, place="policy", fields=_who(who))


def _who(who: Who) -> dict[str, str]:
    return {"who": str(who)}


def region_of(space: Space, who: Who) -> Box:
    """All callers of a kind."""
    box = list(space.full)
    kinds = {
        AxisName.IDENTITY: (CellKind.STRANGER,),
        AxisName.ORGANIZATION: (CellKind.NO_ORGANIZATION, CellKind.OTHER_ORGANIZATION),
        "aws:userid": (CellKind.PLAIN,),
    }
    for name, wanted in kinds.items() if who is Who.STRANGER else ():
        place = space.index.get(name)
        axis = None if place is None else space.axes[place]
        if place is not None and isinstance(axis, CellAxis):
            box[place] &= axis.mask_of_kinds(wanted)
    return tuple(box)


def _by_denies(asked: Sequence[Asked], region: Box, who: Who) -> Iterator[Reason]:
    for one in asked:
        if one.applied.effect is not Effect.DENY or one.sure is None:
            continue
        if intersect(one.sure, (one.sure[0], *region[1:])) is not None:
            place = f"policy.{one.applied.statement.place}"
            yield Reason(code=Code.STOPPED_BY_DENY, place=place, fields=_who(who))


def _by_allows(
    document: PolicyDocument, space: Space, asked: Sequence[Asked], region: Box, who: Who
) -> Iterator[Reason]:
    heard = {id(one.applied.statement): one for one in asked}
    for statement in document.statements:
        if statement.effect is not Effect.ALLOW:
            continue
        part, place = _failing_part(
            document, space, statement, heard.get(id(statement)), region
        ) or ("", "")
        if part:
            yield Reason(
                code=Code.STOPPED_BY_ALLOW_PART,
                place=f"policy.{place}",
                fields={"who": str(who), "part": part, "statement": statement.place},
            )


def _failing_part(
    document: PolicyDocument,
    space: Space,
    statement: Statement,
    asked: Asked | None,
    region: Box,
) -> tuple[str, str] | None:
    """The first part of an Allow that leaves the caller out, with its place."""
    principal, action, resource = statement.principal, statement.action, statement.resource
    if principal is None or action is None or resource is None:
        return "invalid", statement.place
    if not _principal_fits(space, statement, region):
        return "principal", principal.place
    if matches_action(action) is Truth.NO:
        return "action", action.place
    for condition in statement.conditions:
        part = _condition_part(document, space, condition, region)
        if part is not None:
            return part, condition.place
    if asked is not None and not asked.maybe:
        return "resource", resource.place
    return None


def _principal_fits(space: Space, statement: Statement, region: Box) -> bool:
    element = statement.principal
    place = space.index.get(AxisName.IDENTITY) if space.circumstances.signed else None
    axis = None if place is None else space.axes[place]
    if element is None:
        return False
    if place is None or not isinstance(axis, CellAxis):
        return matches_principal(element, None, effect=Effect.ALLOW) is not Truth.NO
    masks = axis.masks_of(
        lambda cell: matches_principal(element, cell.identity, effect=Effect.ALLOW)
    )
    return bool(masks.maybe & region[place])


def _condition_part(
    document: PolicyDocument, space: Space, condition: Condition, region: Box
) -> str | None:
    met = space.condition(condition, document.version)
    if isinstance(met, Truth):
        return "condition" if met is Truth.NO else None
    place, masks = met
    mine = masks.maybe & region[place]
    if not mine:
        return "condition"
    narrowed = isinstance(space.axes[place], AddressAxis) and mine != region[place]
    return "addresses" if narrowed else None
