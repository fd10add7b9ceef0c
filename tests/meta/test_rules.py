"""A rule, its cases, its page and the remediations it offers belong together."""

from __future__ import annotations

import re

import pytest
from tests.rule_cases import FOLDER, Outcome, all_cases

from monitor.evaluation.catalogue import RULES
from monitor.model.rule import Rule

# It says that nobody can tell; so its findings are never open.
NEVER_FAILS = {"access-unknown"}
REMEDIATIONS = {
    "rollback-stage",
    "quarantine-stage",
    "block-at-waf",
    "restrict-policy",
    "require-authorization",
    "disable-default-endpoint",
    "tighten-endpoint-policy",
    "disable-api-key",
    "throttle-usage-plan",
    "enable-access-logging",
    "enable-execution-logging",
    "enable-tracing",
    "raise-tls-policy",
    "close-sign-up",
    "flush-authorizer-cache",
}
CONTROL = re.compile(
    r"FSBP [A-Za-z]+\.\d+|NIST 800-53 [A-Z]{2}-\d+(\(\d+\))?|PCI DSS v4\.0\.1 \d+(\.\d+)*"
)
EVERY_RULE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@EVERY_RULE
def test_every_rule_has_a_case_that_passes_one_that_fails_and_one_nobody_can_decide(
    rule: Rule,
) -> None:
    shown = {case.expect for case in all_cases() if case.rule == rule.id}

    assert shown >= set(Outcome) - ({Outcome.FAIL} if rule.id in NEVER_FAILS else set())


@EVERY_RULE
def test_every_rule_says_what_it_is_about(rule: Rule) -> None:
    assert rule.title
    assert rule.attacker_view.endswith(".")
    assert rule.fix.endswith(".")
    assert all(one.about.endswith(".") for one in rule.parameters.values())


@EVERY_RULE
def test_controls_are_named_in_one_way(rule: Rule) -> None:
    assert [one for one in rule.controls if not CONTROL.fullmatch(one)] == []


@EVERY_RULE
def test_a_rule_offers_remediations_that_there_are(rule: Rule) -> None:
    assert set(rule.remediations) <= REMEDIATIONS


def test_every_case_file_is_of_a_rule_and_its_cases_have_names_of_their_own() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {rule.id for rule in RULES}
    ids = [case.id for case in all_cases()]
    assert len(set(ids)) == len(ids)


def test_ids_of_rules_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
