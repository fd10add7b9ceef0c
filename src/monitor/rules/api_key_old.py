"""An API key that opens the API was made long ago."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from monitor.model.behind import ApiKey
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, saw

ID = "api-key-old"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    days = int(str(given.parameters["max_age_days"]))
    oldest = given.now - timedelta(days=days)
    old: dict[str, ApiKey] = {}
    for plan in given.snapshot.usage_plans or ():
        if plan.keys is None:
            yield CannotTell(why=f"the keys of usage plan {plan.name} were not read")
        for key in plan.keys or ():
            if key.enabled is False:
                continue
            if key.created_at is None:
                yield CannotTell(why=f"nobody says when key {key.key_id} was made")
            elif key.created_at < oldest:
                old[key.key_id] = key
    if old:
        yield Problem(
            title=f"{len(old)} API key{'s are' if len(old) != 1 else ' is'} older than {days} days",
            because=tuple(
                saw(f"API key {key.name} ({key_id})", "made on", f"{key.created_at:%Y-%m-%d}")
                for key_id, key in sorted(old.items())
            ),
        )


RULE = Rule(
    id=ID,
    title="An API key is old",
    severity=Severity.LOW,
    attacker_view="A key that leaked years ago, with somebody who left, still opens the API.",
    fix=(
        "Make a new key, hand it out, and disable the old one when its use has stopped. A key "
        "cannot be renewed in place."
    ),
    check=_check,
    rests_on=frozenset({Unknown.KEYS, Unknown.PLANS}),
    controls=("NIST 800-53 IA-5(1)", "NIST 800-53 AC-2", "PCI DSS v4.0.1 8.6.3"),
    remediations=("disable-api-key",),
    parameters={
        "max_age_days": Parameter(default=365, about="How old a key may become, in days."),
    },
)
