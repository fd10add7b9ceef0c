"""Somebody tried again and again to change an API and was not allowed to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from monitor.model.change import RefusedCall
from monitor.model.finding import Severity
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, saw

ID = "repeated-denied-changes"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    calls = given.snapshot.refused_calls
    if calls is None:
        yield CannotTell(why="refused calls are not watched")
        return
    least = int(str(given.parameters.get("count", _COUNT.default)))
    callers: dict[str, list[RefusedCall]] = defaultdict(list)
    for call in calls:
        callers[call.who].append(call)
    for who, refused in sorted(callers.items()):
        if len(refused) >= least:
            names = ", ".join(dict.fromkeys(call.event_name for call in refused))
            yield Problem(
                title=f"{who} was denied {len(refused)} changes to this API within an hour",
                because=(
                    saw(who, "denied", names),
                    saw(who, "addresses", ", ".join(sorted({one.source_ip for one in refused}))),
                ),
            )


_COUNT = Parameter(default=5, about="So many denied changes of one caller within an hour.")

RULE = Rule(
    id=ID,
    title="Changes to the API are denied again and again",
    severity=Severity.LOW,
    attacker_view=(
        "Stolen credentials are tried out: which of them may edit the resource policy shows in the "
        "errors, and the ones that fail leave these traces."
    ),
    fix=(
        "Ask the person behind the session what they tried. If it was not them, revoke the role's "
        "sessions; if it was a pipeline, give it the permission or take the step out."
    ),
    check=_check,
    parameters={"count": _COUNT},
    on=False,
)
