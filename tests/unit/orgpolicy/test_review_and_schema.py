"""What looks like a mistake, and the JSON Schema that lets an editor see one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from tests.builders import rest_api, route
from tests.unit.orgpolicy.test_load import MISTAKES, RULE

from monitor.evaluation.catalogue import RULES
from monitor.evaluation.org_policy import load_org_policy
from monitor.model.api import Configuration
from monitor.orgpolicy.json_schema import policy_schema
from monitor.orgpolicy.load import OrgPolicyError
from monitor.orgpolicy.review import NoteKind, passed_by, review

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FILES = [ROOT / "src/monitor/orgpolicy/default.yaml", ROOT / "docs/examples/bank.yaml"]


def notes(text: str) -> list[tuple[NoteKind, tuple[int | str, ...]]]:
    return [(note.kind, note.location) for note in review(load_org_policy(text), now=NOW)]


@pytest.mark.parametrize(
    ("earlier", "later", "shadowed"),
    [
        ("", "name: x", True),
        ("select: {}", "name: x", True),
        ("select: {name: '*'}", "name: x", True),
        ("select: {name: '*'}", "stage: x", True),
        ("select: {name: 'pay-*'}", "name: pay-out", True),
        ("select: {name: 'pay-*'}", "name: 'pay-*'", True),
        ("select: {name: ['pay-*', shop]}", "name: [shop, pay-in], stage: prod", True),
        ("select: {name: 'pay-*'}", "name: 'pay-o*'", False),
        ("select: {name: 'pay-*'}", "name: [pay-out, shop]", False),
        ("select: {name: 'pay-*'}", "stage: prod", False),
        ("select: {stage: '*'}", "name: x", False),
        ("select: {stage: '*'}", "stage: prod", True),
        ("select: {tags: {team: '*'}}", "tags: {team: a}", True),
        ("select: {tags: {team: '*'}}", "tags: {exposure: public}", False),
        ("select: {tags: {team: a}}", "tags: {team: a, exposure: public}", True),
        ("select: {tags: {team: a, exposure: public}}", "tags: {team: a}", False),
        ("select: {account: payments}", "account: '111111111111'", True),
        ("select: {api: '*'}", "name: x", False),
        ("select: {api: 'a*'}", "api: a1", False),
        ("select: {api: [a1, a2]}", "api: a1, stage: prod", True),
        ("select: {api_type: [REST, HTTP]}", "api_type: HTTP", True),
        ("select: {api_type: HTTP}", "api_type: [REST, HTTP]", False),
    ],
)
def test_a_class_that_nothing_reaches_is_named(earlier: str, later: str, shadowed: bool) -> None:
    found = notes(
        'version: 1\norganization: {accounts: {payments: "111111111111"}}\nclasses:\n'
        f"  - {{name: a, allowed: our organisation, {earlier}}}\n"
        f"  - {{name: b, select: {{{later}}}, allowed: nobody}}\n"
        "  - {name: c, allowed: nobody}\n"
    )

    assert ((NoteKind.CLASS_SHADOWED, ("classes", 1)) in found) is shadowed


def test_names_that_no_class_allows_are_named() -> None:
    found = notes(
        "version: 1\norganization:\n  id: o-a1b2c3d4e5\n"
        '  accounts: {a: "111111111111", b: "222222222222"}\n'
        '  partners: {x: "444444444444", y: "555555555555"}\n'
        "  networks: {office: 198.51.100.0/24, depot: 203.0.113.0/24}\n"
        "  vpcs: {core: vpc-0a1b2c3d}\n"
        "  token_issuers: {staff: https://login.example, other: https://other.example}\n"
        "classes:\n"
        "  - {name: a, select: {account: a}, allowed: {all_of: [partner x, network office]}}\n"
        "  - {name: b, allowed: [our vpcs, 'token holders of staff']}\n"
    )

    unused = [location for kind, location in found if kind is NoteKind.NAME_UNUSED]
    assert [".".join(map(str, way)) for way in unused] == [
        "organization.accounts.b",
        "organization.partners.y",
        "organization.networks.depot",
        "organization.token_issuers.other",
    ]


def test_waivers_that_are_over_or_end_soon_are_named() -> None:
    waivers = "".join(
        f"  - {{rule: access-unknown, select: {{api: a}}, reason: r, owner: o, "
        f"granted: {granted}, expires: {expires}}}\n"
        for granted, expires in (
            ("2026-11-01", "2027-01-31"),
            ("2026-11-01", "2026-11-30"),
            ("2026-11-01", "2026-11-21"),
            ("2026-11-23", "2026-11-24"),
        )
    )
    found = notes(f"version: 1\nclasses: [{{name: a, allowed: nobody}}]\nwaivers:\n{waivers}")

    assert found == [
        (NoteKind.WAIVER_ENDS_SOON, ("waivers", 1)),
        (NoteKind.WAIVER_EXPIRED, ("waivers", 2)),
    ]


ADMIN = """\
version: 1
classes:
  - {name: admin, select: {name: shop, route: ["* /admin", "/admin/*"]}, allowed: nobody}
  - {name: all, allowed: anyone}
"""


@pytest.mark.parametrize(
    ("routes", "is_told"),
    [
        (["ANY /{proxy+}"], True),
        (["$default"], True),
        (["GET /admin/{proxy+}", "ANY /{proxy+}"], True),
        (["ANY /admin", "GET /admin/{proxy+}", "ANY /{proxy+}"], False),
        (["ANY /shop/{proxy+}"], False),
        (["GET /orders/{id}"], False),
        ([], False),
    ],
)
def test_a_class_that_a_greedy_route_passes_by_is_named(routes: list[str], is_told: bool) -> None:
    api = rest_api(Configuration(routes=tuple(map(route, routes))), name="shop")

    for policy, told in ((ADMIN, is_told), (ADMIN.replace("nobody", "anyone"), False)):
        found = list(passed_by(load_org_policy(policy), [api]))
        expected = [(NoteKind.CLASS_PASSED_BY, ("classes", 0))] if told else []
        assert [(note.kind, note.location) for note in found] == expected
    assert not list(passed_by(load_org_policy(ADMIN), [replace(api, name="other")]))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_the_files_we_ship_are_org_policies_and_nothing_in_them_looks_wrong(file: Path) -> None:
    assert notes(file.read_text("utf-8")) == []


def as_json(text: str) -> Any:
    """As an editor sees the file: dates are texts."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def errors(text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(policy_schema([*RULES, RULE]))
    return [error.json_path for error in validator.iter_errors(as_json(text))]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_the_schema_takes_the_files_we_ship(file: Path) -> None:
    assert errors(file.read_text("utf-8")) == []


def test_the_schema_is_one_and_names_rules_parameters_and_sets() -> None:
    schema = policy_schema([RULE])
    jsonschema.Draft202012Validator.check_schema(schema)
    rule = schema["properties"]["rules"]["properties"]["key-old"]["anyOf"][1]["properties"]

    assert rule["parameters"]["properties"]["max_age_days"] == {
        "type": "integer",
        "description": "days",
        "default": 365,
    }
    assert rule["parameters"]["properties"]["names"]["items"] == {"type": "string"}
    assert schema["$defs"]["Thresholds"]["properties"]["strict"]["type"] == "boolean"
    assert "our organisation" in json.dumps(schema["$defs"]["Expression"])


@pytest.mark.parametrize(
    "wrong",
    [
        "rules: {key-odl: off}",
        "rules: {key-old: {parameters: {max_age: 1}}}",
        "rules: {key-old: {parameters: {max_age_days: many}}}",
        "thresholds: {max_age: 1}",
        "waivers: [{rule: x, select: {}, reason: r, owner: o, granted: a, expires: b}]",
        "classes: [{name: a, allowed: everyone}]",
        "classes: [{name: a, allowed: {allof: [anyone]}}]",
        "classes: [{nmae: a, allowed: anyone}]",
        "routing: {quiet_hours: {windows: {from: '25:61'}}}",
        "remediations: {mode: automatic}",
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(wrong: str) -> None:
    text = f"version: 1\n{wrong}\n"
    text += "" if wrong.startswith("classes") else "classes: [{name: a, allowed: anyone}]\n"

    assert errors(text)
    with pytest.raises(OrgPolicyError):
        load_org_policy(text)


def test_the_schema_finds_most_of_what_is_wrong_with_a_file_full_of_mistakes() -> None:
    assert len(errors(MISTAKES)) >= 10
