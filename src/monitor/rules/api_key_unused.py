"""An API key opens the API, and nobody has used it for a long time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from monitor.model.behind import USAGE_DAYS, ApiKey, UsagePlan
from monitor.model.finding import Severity
from monitor.model.gaps import Unknown
from monitor.model.rule import CannotTell, Parameter, Problem, Rule, RuleInput, saw

ID = "api-key-unused"


def _check(given: RuleInput) -> Iterator[Problem | CannotTell]:
    days = int(str(given.parameters["unused_days"]))
    if days > USAGE_DAYS:
        yield CannotTell(why=f"the use of keys is read for {USAGE_DAYS} days only")
        return
    unused: dict[str, ApiKey] = {}
    used: set[str] = set()
    for plan in given.snapshot.usage_plans or ():
        used |= {id_ for id_, day in (plan.used_on or {}).items() if _is_recent(given, day, days)}
        for answer in _idle(given, plan, days):
            if isinstance(answer, CannotTell):
                yield answer
            else:
                unused[answer.key_id] = answer
    if idle := sorted(unused.keys() - used):
        yield Problem(
            title=f"nobody used {len(idle)} API key{'s' if len(idle) != 1 else ''} for {days} days",
            because=tuple(
                saw(f"API key {unused[one].name} ({one})", "last use", f"over {days} days ago")
                for one in idle
            ),
        )


def _idle(given: RuleInput, plan: UsagePlan, days: int) -> Iterator[ApiKey | CannotTell]:
    keys = None if plan.keys is None else [key for key in plan.keys if key.enabled is not False]
    if keys == []:
        return
    if keys is None or plan.used_on is None:
        yield CannotTell(why=f"the use of the keys of usage plan {plan.name} was not read")
        return
    if not plan.used_on and plan.quota is None:
        # AWS tells use in terms of a quota, and nowhere says that it counts without one.
        yield CannotTell(why=f"usage plan {plan.name} has no quota, so its use may not be counted")
        return
    for key in keys:
        if key.created_at is None or key.enabled is None:
            yield CannotTell(why=f"key {key.key_id} was not read")
        elif key.created_at < given.now - timedelta(days=days):
            last = plan.used_on.get(key.key_id)
            if last is None or not _is_recent(given, last, days):
                yield key


def _is_recent(given: RuleInput, day: date, days: int) -> bool:
    return day > given.now.date() - timedelta(days=days)


RULE = Rule(
    id=ID,
    title="An API key is not used",
    severity=Severity.LOW,
    attacker_view="Nobody misses a key that nobody uses, nor notices when somebody else begins to.",
    fix="Disable the key; delete it when nobody has complained for a while.",
    check=_check,
    rests_on=frozenset({Unknown.KEYS, Unknown.PLANS, Unknown.USAGE}),
    controls=("NIST 800-53 AC-2(3)", "PCI DSS v4.0.1 8.2.6"),
    remediations=("disable-api-key",),
    parameters={
        "unused_days": Parameter(
            default=USAGE_DAYS,
            about=f"The days without a request that make a key unused, {USAGE_DAYS} at most.",
        ),
    },
)
