"""The org policy's JSON Schema, with the rules that there are: for editors, which then complete
and check the file while it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.model.finding import Severity
from monitor.model.rule import Parameter, ParameterValue, Rule
from monitor.orgpolicy.schema import OrgPolicy
from monitor.orgpolicy.sets import ALONE, NAMED

_SWITCH = ("on", "off", True, False)


def policy_schema(rules: Sequence[Rule]) -> dict[str, Any]:
    schema = OrgPolicy.model_json_schema()
    properties, definitions = schema["properties"], schema["$defs"]
    properties["rules"] |= {
        "properties": {rule.id: _rule(rule) for rule in rules},
        "additionalProperties": False,
    }
    ids = {"enum": [rule.id for rule in rules]}
    definitions["WaiverEntry"]["properties"]["rule"] |= ids
    shared = {name: one for rule in rules for name, one in rule.parameters.items()}
    for name, one in shared.items():
        definitions["Thresholds"]["properties"].setdefault(name, _parameter(one))
    definitions["Thresholds"]["additionalProperties"] = False
    definitions["Expression"]["oneOf"] = [
        _SET if one.get("type") == "string" else one for one in definitions["Expression"]["oneOf"]
    ]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


_SET: Mapping[str, Any] = {
    "type": "string",
    "anyOf": [
        *({"const": word, "description": holds} for word, holds in ALONE.items()),
        *(
            {"pattern": rf"^{kind} \S", "description": f"`{kind} ...`: {holds}"}
            for kind, (holds, _) in NAMED.items()
        ),
    ],
}


def _rule(rule: Rule) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "on": {"type": "boolean", "default": rule.on},
        "severity": {
            "enum": [severity.value for severity in Severity],
            "default": rule.severity.value,
        },
        "parameters": {
            "type": "object",
            "properties": {name: _parameter(one) for name, one in rule.parameters.items()},
            "additionalProperties": False,
        },
    }
    return {
        "description": rule.title,
        "anyOf": [
            {"enum": list(_SWITCH)},
            {"type": "object", "properties": settings, "additionalProperties": False},
        ],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    default = parameter.default
    return {
        **_type_of(default),
        "description": parameter.about,
        "default": list(default) if isinstance(default, tuple) else default,
    }


def _type_of(value: ParameterValue) -> dict[str, Any]:
    if isinstance(value, tuple):
        return {"type": "array", "items": {"type": "string"}}
    kinds: tuple[tuple[type, str], ...] = ((bool, "boolean"), (int, "integer"), (str, "string"))
    return {"type": next(name for kind, name in kinds if isinstance(value, kind))}
