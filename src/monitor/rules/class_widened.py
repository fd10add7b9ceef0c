"""An edit of a tag, of the name or of the org policy moved an API to a class that allows more."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.callers import EVERY_CALLER
from monitor.model.finding import Severity
from monitor.model.rule import Problem, Rule, RuleInput, saw
from monitor.model.standing import ClassMove

ID = "class-widened"

_NOT_IN_FORCE = (
    ", which does not count: the edit is by nobody whose tags do, so the earlier class stays in "
    "force"
)


def _check(given: RuleInput) -> Iterator[Problem]:
    move = given.move
    if move is None:
        return
    place = _place(move)
    by = " and ".join(move.by)
    yield Problem(
        title=f"{by} moved {place} from the class “{move.before.class_name}” to the wider class "
        f"“{move.now.class_name}”{'' if move.counts else _NOT_IN_FORCE}",
        severity=Severity.HIGH if _opens(move) else Severity.MEDIUM,
        routes=move.routes,
        policy_class=move.now.class_name,
        because=(
            saw(place, f"class {move.before.class_name}", move.before.clause),
            saw(place, f"class {move.now.class_name}", move.now.clause),
        ),
    )


def _opens(move: ClassMove) -> bool:
    return move.counts and move.now.allowed == EVERY_CALLER


def _place(move: ClassMove) -> str:
    if move.routes:
        return f"{len(move.routes)} route{'s' if len(move.routes) > 1 else ''} of the API"
    return f"stage {', '.join(move.stages)}" if move.stages else "the API"


RULE = Rule(
    id=ID,
    title="The API was moved to a wider class of the org policy",
    severity=Severity.HIGH,
    attacker_view="One tag makes an API public in everybody's eyes, and silences every alert.",
    fix=(
        "Take the edit back, or acknowledge the finding: then the wider class is accepted. "
        "`tags_count_from` in the org policy says whose tags count at all."
    ),
    check=_check,
    controls=("NIST 800-53 AC-3", "NIST 800-53 CM-5"),
)
