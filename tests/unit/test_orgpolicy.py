"""The org policy file: what is taken, and what a mistake is told."""

from __future__ import annotations

import pytest
from tests.builders import rest_api

from monitor.model.callers import EVERY_CALLER
from monitor.orgpolicy.bounds import bound_for
from monitor.orgpolicy.load import OrgPolicyError, default_org_policy, load_org_policy

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
        ("version: [1\n", "p.yaml:2:1:"),
        (GOOD.replace("version: 1", "version: 2"), "p.yaml:1:1: `version`"),
        (GOOD.replace("allowed: anyone", "allowed: everyone"), "p.yaml:5:5: `classes[0].allowed`"),
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
