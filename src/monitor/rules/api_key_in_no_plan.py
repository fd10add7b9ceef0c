"""API keys of the account that are in no usage plan."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import Problem, Rule, RuleInput, saw

ID = "api-key-in-no-plan"


def _check(given: RuleInput) -> Iterator[Problem]:
    # One API of the account and region tells them, not each: see `ApiSnapshot.stray_keys`.
    stray = [key for key in given.snapshot.stray_keys or () if key.enabled is not False]
    if stray:
        yield Problem(
            title=(
                f"{len(stray)} enabled API key{'s' if len(stray) != 1 else ''} of the account "
                f"{'are' if len(stray) != 1 else 'is'} in no usage plan"
            ),
            because=tuple(
                saw(f"API key {key.name} ({key.key_id})", "usage plans", "none")
                for key in sorted(stray, key=lambda one: one.key_id)
            ),
        )


RULE = Rule(
    id=ID,
    title="An API key is in no usage plan",
    severity=Severity.INFO,
    attacker_view=(
        "Keeps a key that opens nothing today, until somebody puts it into a plan again without "
        "asking who holds it."
    ),
    fix="Delete the key, or disable it.",
    check=_check,
    rests_on=frozenset({Unknown.KEYS, Unknown.PLANS}),
    controls=("NIST 800-53 AC-2(3)",),
    remediations=("disable-api-key",),
)
