"""Every rule on what the cases of all others describe: none fails, none says a thing twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from tests.builders import NOW
from tests.rule_cases import Case, all_cases

from monitor.evaluation.evaluate import evaluate
from monitor.model.api import ApiSnapshot
from monitor.orgpolicy.load import default_org_policy


def unread(snapshot: ApiSnapshot) -> ApiSnapshot:
    """The same API, with nothing read that surrounds it."""
    return replace(
        snapshot,
        custom_domains=None,
        vpc_endpoints=None,
        usage_plans=None,
        stray_keys=None,
        distributions=None,
        user_pools={},
        functions={},
        invokers=None,
        account=None,
        draft=None,
    )


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_no_rule_fails_on_what_another_is_about(case: Case) -> None:
    for snapshot in (case.snapshot, unread(case.snapshot)):
        said = evaluate(snapshot, default_org_policy(), now=NOW).violations

        assert [one.title for one in said if "the rule failed" in one.title] == []
        places = Counter((one.rule, one.stage, one.live, one.status) for one in said)
        assert [place for place, count in places.items() if count > 1] == []
