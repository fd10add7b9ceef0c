"""The page docs/policy-reference.md, from the org policy's JSON Schema and the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monitor.model.rule import Rule
from monitor.orgpolicy.json_schema import policy_schema
from monitor.orgpolicy.sets import ALONE, NAMED

_INTRODUCTION = """\
# The org policy file, key by key

The guide is [org-policy](org-policy.md); [examples/bank.yaml](examples/bank.yaml) is a whole file.
`gatewatch policy schema` prints the JSON Schema behind this page, also in
[schemas/org-policy.json](schemas/org-policy.json); with it, an editor completes and checks a file:

```yaml
# yaml-language-server: $schema=org-policy.json
```

Where a list may stand, one value may stand alone. Keys that are not on this page are mistakes.
"""

_SETS = """\
## Sets of callers

`allowed` holds one of these, a list (any of them), or a mapping with `any_of` or `all_of`, whose
lists may hold such mappings again. Whoever holds more than is asked for is let in as well: `network
office` lets in a caller of the office who has a token, too.

| set | who that is |
| --- | --- |
"""

_MOST_CHOICES = 8

_RULES = """\
## Rules and their parameters

`on` or `off` may stand in the place of a rule's settings. A parameter's name in `thresholds` sets
it for every rule that has it; what stands at the rule itself goes before.

| rule | on | severity | parameters, with their defaults |
| --- | --- | --- | --- |
"""


def policy_reference(rules: Sequence[Rule]) -> str:
    schema = policy_schema(rules)
    parts = [_INTRODUCTION, _part("The file", schema, schema)]
    parts += (_part(f"`{way}`", definition, schema) for way, definition in _definitions(schema))
    sets = [f"| `{word}` | {holds} |" for word, holds in ALONE.items()]
    sets += [
        f"| `{kind} NAME{', NAME...' if kind.endswith(' of') else ''}` | {holds}: a name of "
        f"{' or '.join(f'`organization.{where}`' for where in parts_of)} |"
        for kind, (holds, parts_of) in NAMED.items()
    ]
    parts.append(_SETS + "\n".join(sets) + "\n")
    parts.append(_RULES + "\n".join(map(_rule, rules)) + "\n")
    return "\n".join(parts)


def _definitions(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping that the file may hold, with the first way to it, in the order of the file."""
    seen: set[str] = {"RuleSettings", "AnyOf", "AllOf", "Expression"}
    waiting = [(key, value) for key, value in schema["properties"].items()]
    while waiting:
        way, node = waiting.pop(0)
        for name, suffix in _references(node):
            if name in seen:
                continue
            seen.add(name)
            definition = schema["$defs"][name]
            if "properties" not in definition:
                continue
            yield way + suffix, definition
            inside = definition["properties"].items()
            waiting = [*((f"{way}{suffix}.{key}", value) for key, value in inside), *waiting]


def _references(node: Mapping[str, Any], suffix: str = "") -> Iterator[tuple[str, str]]:
    if "$ref" in node:
        yield node["$ref"].rpartition("/")[2], suffix
    for one in node.get("anyOf", ()):
        yield from _references(one, suffix)
    if isinstance(node.get("items"), Mapping):
        yield from _references(node["items"], suffix + "[]")


def _part(title: str, definition: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    required = definition.get("required", ())
    rows = [
        f"| `{key}` | {_value(node, schema)} | {_default(key, node, required)} | "
        f"{' '.join(node.get('description', '').split())} |"
        for key, node in definition["properties"].items()
    ]
    about = " ".join(definition.get("description", "").split())
    head = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n"
    return f"## {title}\n\n{about}\n\n{head}" + "\n".join(rows) + "\n"


def _default(key: str, node: Mapping[str, Any], required: Sequence[str]) -> str:
    if key in required:
        return "required"
    default = node.get("default")
    if default is None or default == "" or default == [] or isinstance(default, dict):
        return ""
    values = default if isinstance(default, list) else [default]
    return ", ".join(f"`{str(one).lower() if isinstance(one, bool) else one}`" for one in values)


def _value(node: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name == "Expression":
            return "[a set of callers](#sets-of-callers)"
        return _value(schema["$defs"][name], schema)
    if "anyOf" in node:
        kinds = [one for one in node["anyOf"] if one.get("type") != "null"]
        # Where a list may stand, one value may stand alone: it is told as a list.
        return _value(next((one for one in kinds if one.get("type") == "array"), kinds[0]), schema)
    if node.get("type") == "array":
        return f"list: {_value(node['items'], schema)}"
    if isinstance(node.get("additionalProperties"), Mapping):
        return f"name: {_value(node['additionalProperties'], schema)}"
    return _word(node)


def _word(node: Mapping[str, Any]) -> str:
    choices = node.get("enum", [node["const"]] if "const" in node else [])
    if 0 < len(choices) <= _MOST_CHOICES:
        return ", ".join(f"`{one}`" for one in choices)
    if node.get("format") == "date":
        return "date"
    words = {"integer": "whole number", "boolean": "`true`, `false`", "object": "mapping"}
    return words.get(node["type"], "text")


def _rule(rule: Rule) -> str:
    parameters = "<br>".join(
        f"`{name}`: `{_written(one.default)}`, {one.about}" for name, one in rule.parameters.items()
    )
    on = "yes" if rule.on else "no"
    return f"| [{rule.id}](rules/{rule.id}.md) | {on} | {rule.severity.value} | {parameters} |"


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
