"""Write the pages that are made from the code: JSON Schemas, rules, events.

python tools/make_docs.py [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cost_sheet import page as cost_page
from policy_reference import policy_reference
from ruamel.yaml import YAML
from stack_diagram import page as stack_page

from monitor.evaluation.catalogue import RULES
from monitor.evaluation.policy_check import PolicyCheckDocument
from monitor.evaluation.policy_tests import PolicyCases, PolicyTestDocument
from monitor.events.routing import (
    API_GATEWAY_EVENTS,
    CREDENTIAL_READS,
    MONITOR_EVENTS,
    NARROWING,
    OTHER_EVENTS,
    UNHEARD,
    Effect,
)
from monitor.model.change import LookAt, TakesEffect
from monitor.model.rule import ParameterValue, Rule
from monitor.orgpolicy.json_schema import policy_schema
from monitor.report.comparison import Comparison
from monitor.report.documents import SCHEMAS
from monitor.report.notices import NoticeDocument
from remediators.aws_writes import GROUPS, WRITES
from remediators.catalogue import ACTIONS
from remediators.documents import PlanDocument
from remediators.situation import Action

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases" / "rules"
POLICY_DOCUMENTS = {"policy-check": PolicyCheckDocument, "policy-test": PolicyTestDocument}
MADE = "<!-- made by `make docs` from the code; edit the code -->\n\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Path and text of every page."""
    docs = ROOT / "docs"
    for name, model in (SCHEMAS | {"comparison": Comparison, "notice": NoticeDocument}).items():
        schema = model.model_json_schema(mode="serialization", by_alias=True)
        yield docs / "schemas" / f"{name}.json", json.dumps(schema, indent=2) + "\n"
    for name, model in POLICY_DOCUMENTS.items():
        schema = model.model_json_schema(mode="serialization", by_alias=True)
        yield docs / "schemas" / f"{name}.json", json.dumps(schema, indent=2) + "\n"
    schema = PolicyCases.model_json_schema()
    yield docs / "schemas" / "policy-cases.json", json.dumps(schema, indent=2) + "\n"
    schema = policy_schema(RULES)
    yield docs / "schemas" / "org-policy.json", json.dumps(schema, indent=2) + "\n"
    yield docs / "policy-reference.md", MADE + policy_reference(RULES)
    for rule in RULES:
        yield docs / "rules" / f"{rule.id}.md", rule_page(rule)
    schema = PlanDocument.model_json_schema(mode="serialization", by_alias=True)
    yield docs / "schemas" / "plan.json", json.dumps(schema, indent=2) + "\n"
    for action in ACTIONS:
        yield docs / "remediations" / f"{action.id}.md", action_page(action)
    yield docs / "events.md", events_page()
    yield docs / "cost.md", cost_page()
    yield docs / "stack.md", stack_page()


def rule_page(rule: Rule) -> str:
    return "\n\n".join((f"{MADE}# {rule.title}", *_rule_parts(rule))) + "\n"


def action_page(action: Action) -> str:
    """From what the action says of itself, and the calls that it may make."""
    lead = (sys.modules[action.propose.__module__].__doc__ or "").strip()
    parameters = "".join(
        f"- `{name}`: {said}\n" for name, said in sorted(action.parameters.items())
    )
    rows = "".join(
        f"| `{operation}` | {_group(operation)} | "
        + "<br>".join(f"`{one.action}` on `{one.resource}`" for one in WRITES[operation])
        + " |\n"
        for operation in action.writes
    )
    return (
        f"{MADE}# {action.title}\n\n`{action.id}`\n\n{lead}\n\n"
        f"**Changes.** {action.changes}\n\n"
        f"**Hits.** {action.blast}\n\n"
        f"**Acts at once?** {action.at_once}\n\n"
        f"**Done twice.** {action.idempotence}\n\n"
        f"**Undone.** {action.inverse}\n\n"
        f"**No plan where.** {action.refuses}\n\n"
        + (f"## Parameters\n\n{parameters}\n" if parameters else "")
        + "## Writes, and the permission each needs\n\n"
        f"| operation | granted with | permission |\n| --- | --- | --- |\n{rows}"
        "\nHow plans are made, approved, verified and undone: "
        "[remediation](../remediation.md).\n"
    )


def _group(operation: str) -> str:
    return next(f"`{name}`" for name, held in GROUPS.items() if operation in held)


def _rule_parts(rule: Rule) -> Iterator[str]:
    off = "" if rule.on else " · off by default"
    yield f"`{rule.id}` · {rule.severity.value} at most{off}"
    yield f"**For an attacker.** {rule.attacker_view}"
    yield f"**To fix it.** {rule.fix}"
    if rule.remediations:
        offered = ", ".join(f"`{one}`" for one in rule.remediations)
        yield f"**Gatewatch offers** {offered}."
    if rule.controls:
        yield f"**Serves** {', '.join(rule.controls)}."
    text = (CASES / f"{rule.id}.yaml").read_text("utf-8")
    cases = YAML(typ="safe", pure=True).load(text)["cases"]
    for expected, heading in (
        ("fail", "When it speaks"),
        ("pass", "When it does not"),
        ("unknown", "When nobody can tell"),
    ):
        found = [one for one in cases if one["expect"] == expected]
        if found:
            lines = "\n".join(f"- {one['name']}: {one['why']}" for one in found)
            yield f"## {heading}\n\n{lines}"
    if rule.parameters:
        rows = "\n".join(
            f"| `{name}` | {_default(one.default)} | {one.about} |"
            for name, one in rule.parameters.items()
        )
        yield f"## Parameters\n\n| name | default | means |\n| --- | --- | --- |\n{rows}"


def _default(value: ParameterValue) -> str:
    if isinstance(value, tuple):
        return "<br>".join(f"`{one}`" for one in value) or "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def events_page() -> str:
    rows = [
        f"| `{name}` | {_acts(effect.rest)} | {_acts(effect.v2)} | {_looks_at(effect)} |"
        for name, effect in sorted(API_GATEWAY_EVENTS.items())
        if effect.look_at is not LookAt.NOTHING
    ]
    others = [
        f"| `{source.removesuffix('.amazonaws.com')}` | {_names(names)} | {_looks_at(effect)} |"
        for source, events in OTHER_EVENTS.items()
        for effect, names in _by_effect(events)
    ]
    blinding = [f"| `{source}` | {_names(names)} |" for source, names in MONITOR_EVENTS.items()]
    reads = [
        f"| `{name}` | {f'with `{switch}`' if switch else 'always'} |"
        for name, switch in CREDENTIAL_READS.items()
    ]
    unheard = [f"| {what} | {why} |" for what, why in UNHEARD.items()]
    return (
        f"{MADE}# What each event makes Gatewatch look at\n\n"
        "Both control planes of API Gateway share the source `apigateway.amazonaws.com`. An event "
        "that names an API makes Gatewatch look at that API, whatever this table says of an "
        "object; a name that is not here means the same. An event that should name an API and does "
        "not (CloudTrail drops parameters over 100 KB) means every API of the region. "
        "*Behind* an object are the APIs whose last look found that they rest on it; where no "
        "field is named, all that rest on one of its kind.\n\n"
        "What acts at once, or may, is looked at at once and again when the burst is over; the "
        "next deployment's edits only then, and so those that let nobody in: "
        f"{_names(NARROWING)}.\n\n"
        "| event | REST: acts | HTTP and WebSocket: acts | looks at |\n| --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n\n## Events of other services\n\nAll of them act at once. Lambda's names end in the "
        "version of its interface (`AddPermission20150331v2`). IAM is listened to only where "
        "`WatchIdentities` is on, and its events reach us-east-1 alone.\n\n"
        "| source | events | looks at |\n| --- | --- | --- |\n"
        + "\n".join(others)
        + "\n\n## What can make Gatewatch blind\n\nCounted, logged; what mends nothing sounds "
        "an alarm.\n\n| source | events |\n| --- | --- |\n"
        + "\n".join(blinding)
        + "\n\n## Reads of credentials\n\nOnly where `WatchCredentialReads` is on: its rule then "
        "gets read-only events too. Gatewatch's own reads are left out.\n\n"
        "| event | counts |\n| --- | --- |\n"
        + "\n".join(reads)
        + "\n\n## What is not listened to\n\n| what | why |\n| --- | --- |\n"
        + "\n".join(unheard)
        + "\n"
    )


def _by_effect(events: Mapping[str, Effect]) -> Iterator[tuple[Effect, list[str]]]:
    found: dict[Effect, list[str]] = {}
    for name, effect in events.items():
        found.setdefault(effect, []).append(name)
    yield from found.items()


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _looks_at(effect: Effect) -> str:
    if effect.look_at is not LookAt.BEHIND or effect.kind is None:
        return effect.look_at.value
    if not effect.object_at:
        return f"behind any {effect.kind.value}"
    return f"behind the {effect.kind.value} (`{effect.object_at}`)"


def _acts(effect: TakesEffect | None) -> str:
    return "-" if effect is None else effect.value


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say which pages are stale")
    check = parser.parse_args().check
    stale = [path for path, text in pages() if not path.exists() or path.read_text("utf-8") != text]
    if check:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run `make docs`", file=sys.stderr)
        return 1 if stale else 0
    for path, text in pages():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    print(f"{len(stale)} pages written anew")
    return 0


if __name__ == "__main__":
    sys.exit(main())
