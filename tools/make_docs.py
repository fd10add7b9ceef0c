"""Write the pages that are made from the code: JSON Schemas, rules, events.

python tools/make_docs.py [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from policy_reference import policy_reference

from monitor.evaluation.catalogue import RULES
from monitor.evaluation.policy_check import PolicyCheckDocument
from monitor.evaluation.policy_tests import PolicyCases, PolicyTestDocument
from monitor.events.routing import API_GATEWAY_EVENTS, MONITOR_EVENTS
from monitor.model.change import TakesEffect
from monitor.model.rule import Rule
from monitor.orgpolicy.json_schema import policy_schema
from monitor.report.comparison import Comparison
from monitor.report.documents import SCHEMAS
from remediators.aws_writes import GROUPS, WRITES
from remediators.catalogue import ACTIONS
from remediators.documents import PlanDocument
from remediators.situation import Action

ROOT = Path(__file__).resolve().parent.parent
POLICY_DOCUMENTS = {"policy-check": PolicyCheckDocument, "policy-test": PolicyTestDocument}
MADE = "<!-- made by `make docs` from the code; edit the code -->\n\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Path and text of every page."""
    docs = ROOT / "docs"
    for name, model in (SCHEMAS | {"comparison": Comparison}).items():
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


def rule_page(rule: Rule) -> str:
    return (
        f"{MADE}# {rule.title}\n\n"
        f"`{rule.id}` · {rule.severity.value} at most{'' if rule.on else ' · off by default'}\n\n"
        f"**For an attacker.** {rule.attacker_view}\n\n"
        f"**To fix it.** {rule.fix}\n" + "".join(_more_of(rule))
    )


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


def _more_of(rule: Rule) -> Iterator[str]:
    if rule.remediations:
        yield f"\n**Remediations.** {', '.join(f'`{one}`' for one in rule.remediations)}\n"
    if rule.controls:
        yield f"\n**Controls.** {', '.join(rule.controls)}\n"
    if rule.parameters:
        yield "\n| parameter | default | meaning |\n| --- | --- | --- |\n"
        for name, one in rule.parameters.items():
            default = json.dumps(one.default)
            yield f"| `{name}` | `{default}` | {one.about} |\n"


def events_page() -> str:
    rows = [
        f"| `{name}` | {_acts(effect.rest)} | {_acts(effect.v2)} | "
        f"{effect.look_at.value}{f' (`{effect.object_at}`)' if effect.object_at else ''} |"
        for name, effect in sorted(API_GATEWAY_EVENTS.items())
    ]
    blinding = [
        f"| `{source}` | {', '.join(f'`{name}`' for name in sorted(names))} |"
        for source, names in sorted(MONITOR_EVENTS.items())
    ]
    return (
        f"{MADE}# What each event makes Gatewatch look at\n\n"
        "Both control planes of API Gateway share the source `apigateway.amazonaws.com`. An event "
        "that names an API makes Gatewatch look at that API, whatever this table says of an "
        "object; a name that is not here means the same. An event that should name an API and does "
        "not (CloudTrail drops parameters over 100 KB) means every API of the region.\n\n"
        "| event | REST: acts | HTTP and WebSocket: acts | looks at |\n| --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n\n## What can make Gatewatch blind\n\n| source | events |\n| --- | --- |\n"
        + "\n".join(blinding)
        + "\n"
    )


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
