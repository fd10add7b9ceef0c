"""The template -> a diagram of what it makes, and who reaches what by which right -> docs/stack.md.

Called by tools/make_docs.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"
MADE = "<!-- made by `make docs` from template.yaml; edit that -->\n\n"
SHAPES = {
    "AWS::Serverless::Function": "[{}]",
    "AWS::DynamoDB::Table": "[({})]",
    "AWS::SQS::Queue": "[/{}/]",
    "AWS::Events::Rule": "{{{{{}}}}}",
    "AWS::Events::EventBus": "{{{{{}}}}}",
    "AWS::SecretsManager::Secret": "([{}])",
    "AWS::ApiGateway::UsagePlan": "([{}])",
}
"""Drawn; what else there is serves one of these, and is counted in the table below."""


def page() -> str:
    resources = YAML().load(TEMPLATE.read_text("utf-8"))["Resources"]
    drawn = {n: r for n, r in resources.items() if r["Type"] in SHAPES}
    nodes = [f"    {n}{SHAPES[r['Type']].format(_label(n))}" for n, r in drawn.items()]
    edges = dict.fromkeys(edge for edge in _edges(drawn, resources))
    kinds: dict[str, list[str]] = {}
    for name, resource in resources.items():
        kinds.setdefault(resource["Type"], []).append(name)
    rows = [
        f"| `{kind}` | {len(names)} | {', '.join(f'`{n}`' for n in sorted(names))} |"
        for kind, names in sorted(kinds.items())
    ]
    return (
        f"{MADE}# What the stack is made of\n\n"
        "Solid arrows are the way of events and messages; dotted ones what a function may read or\n"
        "write of the stack's own things. What is read of API Gateway and its surroundings is in\n"
        "[operations.py](../src/monitor/aws/operations.py).\n\n"
        "```mermaid\nflowchart LR\n" + "\n".join([*nodes, *edges]) + "\n```\n\n"
        "| type | | resources |\n| --- | ---: | --- |\n" + "\n".join(rows) + "\n"
    )


def _edges(drawn: dict[str, Any], resources: dict[str, Any]) -> Iterator[str]:
    for name, resource in drawn.items():
        properties = resource["Properties"]
        for target in properties.get("Targets", ()):
            yield from (f"    {name} --> {to}" for to in _named(target["Arn"], drawn))
        if "EventBusName" in properties:
            yield from (
                f"    {bus} --> {name}" for bus in _named(properties["EventBusName"], drawn)
            )
        for dead in _named(properties.get("RedrivePolicy"), drawn):
            yield f"    {name} -->|five tries| {dead}"
        for event in properties.get("Events", {}).values():
            yield from _sources(name, event, drawn)
        role = resources.get(next(iter(_named(properties.get("Role"), resources)), ""))
        if role:
            reached = set(_named(role["Properties"]["Policies"], drawn))
            fed = {
                source
                for event in properties.get("Events", {}).values()
                for source in _named(event["Properties"], drawn)
            }
            yield from (f"    {name} -.-> {to}" for to in sorted(reached - fed))


def _sources(name: str, event: Any, drawn: dict[str, Any]) -> Iterator[str]:
    properties = event["Properties"]
    if event["Type"] == "SQS":
        yield from (f"    {queue} --> {name}" for queue in _named(properties["Queue"], drawn))
    elif event["Type"] == "DynamoDB":
        yield from (f"    {t} -->|stream| {name}" for t in _named(properties["Stream"], drawn))
    elif event["Type"] == "ScheduleV2":
        when = _text(properties["ScheduleExpression"])
        yield f'    {name}Clock(("{when}")) --> {name}'
    elif event["Type"] == "EventBridgeRule":
        yield f"    {name}Rule{{{{changes and alarms}}}} --> {name}"


def _named(value: Any, among: dict[str, Any]) -> list[str]:
    """The resources that a value of the template refers to."""
    found = (
        word.partition(".")[0]
        for text in _texts(value)
        for word in text.replace("${", " ").replace("}", " ").replace("/", " ").split()
    )
    return [name for name in dict.fromkeys(found) if name in among]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, TaggedScalar):
        yield str(value.value)
    elif isinstance(value, CommentedMap):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, CommentedSeq):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def _text(value: Any) -> str:
    return next(_texts(value), "")


def _label(name: str) -> str:
    return f'"{name.removesuffix("Function")}"'
