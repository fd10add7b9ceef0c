"""What is kept of exports: calls saved, and never a policy believed that was not proven."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest
from tests.builders import API, configuration, gap, policy

from monitor.access.kept_export import same_policy
from monitor.aws.kept_exports import KeptExports
from monitor.model.api import Configuration, PolicySource, ResourcePolicy
from monitor.model.gaps import Gap
from monitor.stores.memory import MemoryExports

OPEN = '{"Statement": [{"Effect": "Allow", "Principal": "*"}]}'
SHUT = '{"Statement": [{"Effect": "Deny", "Principal": "*"}]}'
FENCED = '{"Statement": []}'
GAP = gap()


def saved(text: str | None) -> ResourcePolicy:
    return ResourcePolicy(text=text, source=PolicySource.SAVED)


@dataclass
class Account:
    """One API with one stage: what its export and GetRestApi say, and how often it was exported."""

    exported: str | None = SHUT
    saved: str | None = SHUT
    version: str = "prod 1"
    fails: bool = False
    exports: int = 0
    kept: KeptExports = field(default_factory=lambda: KeptExports(MemoryExports()))

    def look(self) -> Configuration | Gap:
        return self.kept.configuration(
            API, "d1", saved=saved(self.saved), stage_version=self.version, export=self._export
        )

    def policies(self) -> set[str | None]:
        answer = self.look()
        assert isinstance(answer, Configuration)
        return {policy.text for policy in answer.policies}

    def _export(self) -> Configuration | Gap:
        self.exports += 1
        return GAP if self.fails else configuration(policy_text=self.exported)


def test_an_export_is_read_once() -> None:
    account = Account()

    assert [account.policies() for _ in range(4)] == [{SHUT}] * 4
    assert account.exports == 1


def test_a_policy_that_differs_from_the_saved_one_is_the_deployed_one() -> None:
    account = Account(exported=SHUT, saved=OPEN)
    account.look()
    account.look()
    account.saved = SHUT

    assert account.policies() == {SHUT}
    assert account.exports == 1


def test_after_a_change_of_the_saved_policy_the_export_tells_which_one_it_is() -> None:
    account = Account()
    account.look()
    account.saved = OPEN  # and the export still says SHUT: it is the deployed one

    assert account.policies() == {SHUT}
    assert account.exports == 2


def test_where_the_export_follows_the_saved_policy_every_one_seen_is_possible() -> None:
    account = Account()
    account.look()
    account.saved = account.exported = OPEN
    assert account.policies() == {SHUT, OPEN}
    account.saved = account.exported = FENCED

    assert account.policies() == {SHUT, OPEN, FENCED}
    assert account.policies() == {SHUT, OPEN, FENCED}
    assert account.exports == 3


def test_a_saved_policy_that_changed_between_two_reads_proves_nothing() -> None:
    # GetRestApi said SHUT, then somebody saved OPEN, then the export (which follows) said OPEN.
    account = Account(exported=OPEN, saved=SHUT)
    account.look()
    account.saved = OPEN

    assert account.policies() == {SHUT, OPEN}
    assert account.exports == 2


def test_a_stage_that_changed_meanwhile_is_exported_again_until_it_is_confirmed() -> None:
    account = Account()
    account.look()
    account.version = "prod 2"
    account.look()
    assert account.exports == 2
    account.look()
    account.version = "prod 3"  # confirmed: a new variable, the same deployment

    account.look()
    assert account.exports == 2


def test_a_confirmed_export_stands_in_for_one_that_cannot_be_read_and_widens() -> None:
    account = Account()
    account.look()
    account.look()
    account.saved, account.fails = OPEN, True

    assert account.policies() == {SHUT, OPEN}


def test_an_unconfirmed_export_stands_in_for_nothing() -> None:
    account = Account()
    account.look()
    account.version, account.fails = "prod 2", True

    assert account.look() == GAP


def test_a_gap_is_not_kept() -> None:
    account = Account(fails=True)
    assert account.look() == GAP
    account.fails = False

    assert account.policies() == {SHUT}


def test_an_export_understood_by_older_code_is_read_again_and_its_policies_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = Account()
    account.look()
    account.look()
    monkeypatch.setattr("monitor.aws.kept_exports.READING", 2)
    account.saved = account.exported = OPEN

    assert account.policies() == {SHUT, OPEN}


def test_a_canary_is_known_if_its_deployment_was_a_stages_own() -> None:
    account = Account()
    assert account.kept.of_canary(API, "d1", saved=saved(SHUT)) is None
    account.look()
    assert account.kept.of_canary(API, "d1", saved=saved(SHUT)) is None
    account.look()

    served = account.kept.of_canary(API, "d1", saved=saved(SHUT))
    assert served is not None
    assert {held.text for held in served.policies} == {SHUT}
    assert account.kept.of_canary(API, "d2", saved=saved(SHUT)) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (None, None, True),
        (None, OPEN, False),
        (OPEN, json.dumps(json.loads(OPEN), indent=2), True),
        (OPEN, OPEN.replace('"', '\\"'), True),
        (OPEN, '{"Statement": {"Principal": {"AWS": ["*"]}, "Effect": ["Allow"]}}', True),
        ('{"A": ["x", "y"]}', '{"A": ["y", "x", "x"]}', True),
        (OPEN, SHUT, False),
        ('{"A": "1"}', '{"A": 1}', True),
        ('{"A": "true"}', '{"A": true}', False),
        ('{"A": 1, "A": 2}', '{"A": 2}', False),
        ("{", "[", False),
    ],
)  # fmt: skip
def test_policies_are_compared_by_what_they_say(
    one: str | None, other: str | None, same: bool
) -> None:
    assert same_policy(policy(one), policy(other)) is same
    assert same_policy(policy(other), policy(one)) is same
    assert same_policy(replace(policy(one), source=PolicySource.SAVED), policy(one))
