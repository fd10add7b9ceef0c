"""Every finding in some whole accounts, kept in `tests/golden/corpus/`: what a change of a rule or
of the engine does elsewhere is in the difference. `make golden` rewrites it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.corpus.accounts import Account, all_accounts, judged, snapshot_text

from monitor.evaluation.catalogue import RULES
from monitor.model.finding import Status
from monitor.orgpolicy.load import default_org_policy
from monitor.orgpolicy.rule_settings import is_on

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "corpus"


@pytest.mark.parametrize("account", all_accounts(), ids=lambda account: account.name)
def test_the_findings_of_an_account_are_as_expected(
    account: Account, request: pytest.FixtureRequest
) -> None:
    file, made = GOLDEN / f"{account.name}.txt", snapshot_text(account)
    if request.config.getoption("--rewrite-golden"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made, "utf-8")

    assert made == file.read_text("utf-8")


def test_nothing_else_lies_there() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {one.name for one in all_accounts()}


def test_no_rule_fails_on_any_of_them() -> None:
    failed = [
        finding.violation.title
        for account in all_accounts()
        for each in judged(account)
        for finding in each.findings
        if "the rule failed" in finding.violation.title
    ]

    assert failed == []


def test_the_corpus_is_large_and_every_rule_speaks_in_it() -> None:
    apis = [each for account in all_accounts() for each in judged(account)]
    told = Counter(finding.violation.rule for each in apis for finding in each.findings)
    asked = {rule.id for rule in RULES if is_on(default_org_policy(), rule)}

    assert len(apis) >= 50
    assert asked - set(told) == set()
    assert {f.status for each in apis for f in each.findings} >= {
        Status.OPEN,
        Status.UNKNOWN,
        Status.WAIVED,
    }
