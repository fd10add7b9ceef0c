"""Why: the chain of settings and statements behind a verdict, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.access.admission import Reach
from monitor.access.authorization import Gate
from monitor.access.codes import Code
from monitor.access.outcome import Asked, Let, PolicyOutcomes
from monitor.model.access import Reason

if TYPE_CHECKING:
    from monitor.access.judge import RouteJudgement


def chain(
    judgement: RouteJudgement,
    found: tuple[Gate, ...],
    best: Reach | None,
    under: tuple[Gate, PolicyOutcomes, tuple[Asked, ...]] | None,
) -> tuple[Reason, ...]:
    door = judgement.door
    code = Code.DOOR_OPEN if door.proven else Code.DOOR_ASSUMED
    reasons = [Reason(code=code, place=door.door.host, fields={"kind": door.door.kind})]
    for gate in found if under is None else (under[0],):
        reasons += gate.reasons
    return tuple(reasons)


def wide_caveats(judgement: RouteJudgement, gate: Gate, let: Let) -> tuple[str, ...]:
    return ()
