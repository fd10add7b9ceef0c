"""The org policy file: what is taken, and what a mistake is told."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.builders import rest_api

from monitor.evaluation import org_policy
from monitor.model.callers import EVERY_CALLER
from monitor.model.finding import Severity
from monitor.model.rule import Parameter, Rule
from monitor.orgpolicy.bounds import bound_for
from monitor.orgpolicy.load import OrgPolicyError, default_org_policy, load_org_policy
from monitor.orgpolicy.rule_settings import is_on, parameters_of
from monitor.orgpolicy.schema import OrgPolicy

GOOD = """\
version: 1
classes:
  - name: shops
    select: {tags: {team: shop, exposure: public}}
    allowed: anyone
  - name: the rest
    allowed: no-public-access
"""


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        ({"team": "shop", "exposure": "public"}, "shops"),
        ({"team": "shop"}, "the rest"),
        ({}, "the rest"),
        ({"Team": "shop", "exposure": "public"}, "the rest"),
    ],
)
def test_the_first_class_that_selects_an_api_counts(tags: dict[str, str], name: str) -> None:
    assert bound_for(load_org_policy(GOOD), rest_api(tags=tags)).class_name == name


def test_the_default_allows_what_is_tagged_and_nothing_else() -> None:
    policy = default_org_policy()

    assert bound_for(policy, rest_api(tags={"exposure": "public"})).allowed == EVERY_CALLER
    assert bound_for(policy, rest_api()).allowed is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.yaml:1:1: expected `version: 1`"),
        ("- a", "p.yaml:1:1: expected `version: 1`"),
        (GOOD.replace("version: 1", 'version: "1"'), "found the same in quotes: take them away"),
        (
            GOOD.replace("allowed: anyone", "allowed: own account and client certificate"),
            "`own account and client certificate`; `all_of: [..., ...]` joins sets by and",
        ),
        (
            GOOD.replace("allowed: anyone", "allowed: network a or network b"),
            "is no name of `organization.networks`; `any_of: [..., ...]`, or a list, joins sets by",
        ),
        ("# nothing yet\n", "p.yaml:1:1: expected `version: 1` and `classes`, found an empty file"),
        (GOOD + "rules: {api-key-old: 30}\n", "expected `on`, `off` or settings such as"),
        (GOOD + "rules: {api-key-old: }\n", "settings such as `severity: high`, found nothing"),
        (
            GOOD.replace("tags: {", "route: get /x, tags: {"),
            "no route has the verb `get`; did you mean `GET`?",
        ),
        ("version: [1\n", "p.yaml:2:1:"),
        (GOOD.replace("version: 1", "version: 2"), "p.yaml:1:1: `version`"),
        (GOOD.replace("allowed: anyone", "allowed: everyone"), "p.yaml:5:5: `classes[0].allowed`"),
        (
            GOOD.replace("allowed: anyone", "allowed: {any_of: [anyone], all_of: [anyone]}"),
            "p.yaml:5:33: `classes[0].allowed.all_of`: cannot stand beside the others",
        ),
        (
            GOOD.replace("allowed: anyone", "allowed: [nobody, 5]"),
            "`classes[0].allowed[1]`: expected text, found `5`",
        ),
        (GOOD.replace("allowed: anyone", "allowed: []"), "`classes[0].allowed`: must not be empty"),
        (GOOD.replace("name: shops", "nmae: shops"), "p.yaml:3:5: `classes[0].nmae`: unknown key"),
        (GOOD + "    select: {tags: {a: b}}\n", "the last class must have no `select`"),
        ("version: 1\nclasses: []\n", "p.yaml:2:1: `classes`"),
        ("a: &a [*a]\nversion: 1", "p.yaml:"),
        ("x" * 600_000, "p.yaml: larger than"),
        ("\x00", "p.yaml:"),
        ("version: 1\nversion: 1\nclasses: []", "p.yaml:2:1:"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(OrgPolicyError) as caught:
        load_org_policy(text, "p.yaml")

    assert message in str(caught.value)


MISTAKES = """\
version: 1
organisation: {}
organization:
  id: my-company
  accounts: {payments: 01111111111, core: "1234"}
  networks: {office: 300.1.2.0/24}
  token_issuers: {staff: "http://login.example"}
classes:
  - nmae: shops
    select: {tag: {team: shop}, api_type: RSET}
    allowed: everyone
  - name: partners
    select: {account: paymnts}
    allowed: [network ofice, partner acme, no-public-access]
  - name: partners
    allowed: {allof: [anyone]}
rules:
  acces-exceeds-policy: off
  access-unknown: {severity: hihg, parameters: {days: 1}}
waivers:
  - {rule: access-unknown, select: {}, reason: r, granted: 2026-01-01, expires: 2027-01-01}
people: {waive: bob}
routing: {routes: [{class: partnres, channel: sec}], quiet_hours: {windows: {from: "25:00"}}}
timezone: Europe/Zurch
thresholds: {broad_ipv4_adresses: 5}
"""

TOLD = """\
p.yaml:2:1: `organisation`: unknown key; did you mean `organization`?
p.yaml:4:3: `organization.id`: expected an organization id such as `o-a1b2c3d4e5`, found `my-company`
p.yaml:5:14: `organization.accounts.payments`: expected 12 digits in quotes: without them YAML drops leading zeros
p.yaml:5:37: `organization.accounts.core`: expected 12 digits, found `1234`
p.yaml:6:14: `organization.networks.office`: expected a CIDR block such as `192.0.2.0/24`, found `300.1.2.0/24`
p.yaml:7:19: `organization.token_issuers.staff`: expected an issuer's URL, which begins with `https://`, found `http://login.example`
p.yaml:9:5: `classes[0].nmae`: unknown key; did you mean `name`?
p.yaml:10:14: `classes[0].select.tag`: unknown key; did you mean `tags`?
p.yaml:10:33: `classes[0].select.api_type`: expected `REST`, `HTTP`, `WEBSOCKET`, found `RSET`; did you mean `REST`?
p.yaml:11:5: `classes[0].allowed`: no set is called `everyone`; did you mean `anyone`?
p.yaml:13:14: `classes[1].select.account`: `paymnts` is neither 12 digits nor a name of `organization.accounts`; did you mean `payments`?
p.yaml:14:15: `classes[1].allowed[0]`: `ofice` is no name of `organization.networks`; did you mean `office`?
p.yaml:14:30: `classes[1].allowed[1]`: `acme` is no name of `organization.partners`; there is none
p.yaml:14:44: `classes[1].allowed[2]`: `no-public-access` is a measure and no set: it must stand alone
p.yaml:15:5: `classes[2].name`: there are two classes with the name `partners`
p.yaml:16:15: `classes[2].allowed.allof`: unknown key; did you mean `all_of`?
p.yaml:18:3: `rules.acces-exceeds-policy`: there is no rule `acces-exceeds-policy`; did you mean `access-exceeds-policy`?
p.yaml:19:20: `rules.access-unknown.severity`: expected `critical`, `high`, `medium`, `low`, `info`, found `hihg`; did you mean `high`?
p.yaml:19:49: `rules.access-unknown.parameters.days`: the rule has no such parameter; there is none
p.yaml:21:5: `waivers[0].owner`: is missing
p.yaml:21:28: `waivers[0].select`: names nothing: a waiver is for some APIs, not for all
p.yaml:21:72: `waivers[0].expires`: lasts 365 days, longer than `max_waiver_days` (180)
p.yaml:22:10: `people.waive`: `bob` is neither a Slack id nor a name of `people.names`; there is only `anyone`
p.yaml:23:21: `routing.routes[0].class`: no class is called `partnres`; did you mean `partners`?
p.yaml:23:38: `routing.routes[0].channel`: expected a Slack channel's id such as `C0123456789`, or `#name`, found `sec`
p.yaml:23:78: `routing.quiet_hours.windows.from`: expected a time such as `"20:00"`, found `25:00`
p.yaml:24:1: `timezone`: expected a time zone such as `Europe/Zurich`, found `Europe/Zurch`
p.yaml:25:14: `thresholds.broad_ipv4_adresses`: no rule has a parameter of that name; did you mean `broad_ipv4_addresses`?
""".splitlines()  # noqa: E501


def test_every_mistake_is_told_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(OrgPolicyError) as caught:
        org_policy.load_org_policy(MISTAKES, "p.yaml")

    assert str(caught.value).splitlines() == TOLD


RULE = Rule(
    id="key-old",
    title="An old key",
    severity=Severity.LOW,
    attacker_view="It leaked long ago.",
    fix="Make a new one.",
    check=lambda _given: iter(()),
    parameters={
        "max_age_days": Parameter(default=365, about="days"),
        "names": Parameter(default=("a",), about="names"),
        "strict": Parameter(default=False, about="whether"),
        "kind": Parameter(default="x", about="a word"),
    },
    remediations=("disable-api-key",),
)


def with_rule(more: str) -> OrgPolicy:
    return load_org_policy(GOOD + more, "p.yaml", rules=[RULE])


def test_parameters_come_from_the_rule_then_the_thresholds_then_the_rules_settings() -> None:
    policy = with_rule(
        "thresholds: {max_age_days: 90, kind: y}\n"
        "rules: {key-old: {parameters: {kind: z, names: [b, c]}}}\n"
    )

    assert parameters_of(policy, RULE) == {
        "max_age_days": 90,
        "names": ("b", "c"),
        "strict": False,
        "kind": "z",
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", True),
        ("rules: {key-old: off}\n", False),
        ("rules: {key-old: on}\n", True),
        ("rules: {key-old: false}\n", False),
        ("rules: {key-old: {on: false}}\n", False),
        ("rules: {key-old: {severity: high}}\n", True),
    ],
)
def test_a_rule_is_on_or_off(settings: str, expected: bool) -> None:
    assert is_on(with_rule(settings), RULE) is expected
    assert is_on(with_rule(settings), replace(RULE, on=False)) is ("on}" in settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("thresholds: {max_age_days: ninety}", "`thresholds.max_age_days`: expected a whole number"),  # noqa: E501
        ("thresholds: {max_age_days: true}", "expected a whole number"),
        ("rules: {key-old: {parameters: {names: b}}}", "expected a list of texts"),
        ("rules: {key-old: {parameters: {names: [{}]}}}", "expected a number, a text"),
        ("rules: {key-old: {parameters: {strict: 1}}}", "expected `true` or `false`"),
        ("rules: {key-old: {parameters: {kind: 1}}}", "expected text"),
        ("rules: {key-old: {parameters: {max_age: 1}}}", "did you mean `max_age_days`?"),
        ("rules: {key-old: maybe}", "`rules.key-old`: expected"),
        ("remediations: {modes: [{mode: auto, remediation: disable-api-keys}]}", "disable-api-key`?"),  # noqa: E501
        ("remediations: {modes: [{mode: auto, rule: [key-old, key-odl]}]}", "`remediations.modes[0].rule[1]`"),  # noqa: E501
        ("remediations: {modes: [{mode: automatic}]}", "did you mean `auto`?"),
        ("remediations: {modes: [{mode: auto, class: shop}]}", "did you mean `shops`?"),
        ("people: {approve: [U0123456, securty], names: {security: S0123456}}", "`security`?"),
        ("rules: {key-old: {max_age_days: 90}}", "`rules.key-old.max_age_days`: is a parameter: write `parameters: {"),  # noqa: E501
        ("tags_count_from: [platform]", "expected an ARN or a glob of one"),
        ("tags_count_from: x", "`tags_count_from`: expected a list, found `x`"),
        ("organization:", "`organization`: expected a mapping, found nothing"),
        ("organization: {accounts: {a b: '111111111111'}}", "`organization.accounts.a b`: expected"),  # noqa: E501
        ("thresholds: {broad_ipv6_prefix: 0}", "must be at least 1"),
        ("thresholds: {broad_ipv4_addresses: many}", "expected a whole number, found `many`"),
        ("max_waiver_days: true", "expected a whole number, found `true`"),
        ("thresholds: {max_age_days: {}}", "expected a number, a text"),
        ("waivers: [{rule: key-old, select: {api: a}, reason: '', owner: o, granted: 2026-02-02, expires: 2026-02-03}]", "`waivers[0].reason`: must not be empty"),  # noqa: E501
        ("waivers: [{rule: key-old, select: {api: a}, reason: r, owner: o, granted: soon, expires: 2026-02-03}]", "expected a date such as 2026-12-31, found `soon`"),  # noqa: E501
        ("remediations: {freezes: [{name: x, from: 2026-01-02, to: 2026-01-01}]}", "`remediations.freezes[0].to`: before it begins"),  # noqa: E501
        ("people: {requester_may_approve: perhaps}", "expected `true` or `false`"),
        ("waivers: [{rule: key-old, select: {api: a}, reason: r, owner: o, granted: 2026-02-02, expires: 2026-02-01}]", "before it was granted"),  # noqa: E501
    ],
)  # fmt: skip
def test_what_names_nothing_or_has_another_type_is_a_mistake(settings: str, message: str) -> None:
    with pytest.raises(OrgPolicyError) as caught:
        with_rule(settings + "\n")

    (told,) = str(caught.value).splitlines()
    assert message in told


def test_rules_are_taken_as_they_are_where_nobody_says_which_there_are() -> None:
    assert "whatever" in load_org_policy(GOOD + "rules: {whatever: off}\n").rules


def test_aliases_that_unfold_to_an_enormous_file_are_refused_at_once() -> None:
    levels = "".join(f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 9)}]\n" for n in range(9))

    with pytest.raises(OrgPolicyError, match="too large with its aliases"):
        load_org_policy(f"l0: &l0 [x]\n{levels}version: 1\n")


def test_of_very_many_mistakes_the_first_are_told_and_the_others_counted() -> None:
    with pytest.raises(OrgPolicyError) as caught:
        load_org_policy(GOOD + "".join(f"key{n}: 1\n" for n in range(150)), "p.yaml")

    told = str(caught.value).splitlines()
    assert (len(told), told[-1]) == (101, "p.yaml: and 50 more")


def test_a_deep_file_is_refused() -> None:
    deep = "[" * 40 + "]" * 40

    with pytest.raises(OrgPolicyError, match="nested too deeply"):
        load_org_policy(f"version: 1\nclasses: {deep}\n")


def test_alternatives_that_multiply_are_refused() -> None:
    many = "[" + ", ".join(["token holders", "api key holders"] * 10) + "]"
    text = f"version: 1\nclasses: [{{name: a, allowed: {{all_of: [{many}, {many}, {many}]}}}}]\n"

    with pytest.raises(OrgPolicyError, match="joins too many alternatives"):
        load_org_policy(text)


def test_a_part_that_is_written_once_may_be_used_twice() -> None:
    policy = load_org_policy(
        "version: 1\nclasses:\n"
        "  - {name: a, select: {stage: &stages [prod, live]}, allowed: anyone}\n"
        "  - {name: b, select: {stage: *stages, name: x}, allowed: nobody}\n"
        "  - {name: c, allowed: nobody}\n"
    )

    assert policy.classes[1].select is not None
    assert policy.classes[1].select.stage == ("prod", "live")


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    with suppress(OrgPolicyError):
        load_org_policy(text)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                sorted({*OrgPolicy.model_fields, "name", "allowed", "select", "any_of"})
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(sorted(OrgPolicy.model_fields)), _values))
def test_no_document_makes_the_reader_fail_otherwise(document: dict[str, Any]) -> None:
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump({"version": 1, **document}, stream)

    with suppress(OrgPolicyError):
        org_policy.load_org_policy(stream.getvalue(), "p.yaml")
