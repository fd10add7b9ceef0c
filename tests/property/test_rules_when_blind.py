"""What cannot be read any more is never taken for mended: of every case the parts of the
API are hidden one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest
from tests.builders import NOW, gap
from tests.rule_cases import Case, all_cases

from monitor.evaluation.evaluate import Evaluation, evaluate
from monitor.model.api import ApiSnapshot, Configuration
from monitor.model.gaps import Gap, Unknown


def _with(snapshot: ApiSnapshot, *gaps: Gap, **hidden: object) -> ApiSnapshot:
    return replace(snapshot, **hidden, gaps=(*snapshot.gaps, *gaps))  # type: ignore[arg-type]


def without_live(snapshot: ApiSnapshot) -> ApiSnapshot:
    return _with(snapshot, gap(Unknown.LIVE_ROUTES), deployments={})


def without_guards(snapshot: ApiSnapshot) -> ApiSnapshot:
    """As the summary of a deployment shows it."""
    summary = {id_: _summary(one) for id_, one in snapshot.deployments.items()}
    return _with(snapshot, gap(Unknown.LIVE_GUARDS), deployments=summary)


def _summary(one: Configuration) -> Configuration:
    return Configuration(
        routes=tuple(
            replace(
                route,
                authorizer_id=None,
                scopes=(),
                integration=None,
            )
            for route in one.routes or ()
        ),
        authorizers_read=False,
    )


def without_draft(snapshot: ApiSnapshot) -> ApiSnapshot:
    return _with(snapshot, gap(Unknown.DRAFT_ROUTES, subject="restapis/a1/resources"), draft=None)


def without_stages(snapshot: ApiSnapshot) -> ApiSnapshot:
    unread = gap(Unknown.STAGES, subject="restapis/a1/stages")
    return _with(snapshot, unread, stages=(), deployments={})


def without_pools(snapshot: ApiSnapshot) -> ApiSnapshot:
    pools = {arn: replace(one, exists=None) for arn, one in snapshot.user_pools.items()}
    unread = {arn: replace(one, self_sign_up=None, clients=None) for arn, one in pools.items()}
    return _with(snapshot, gap(Unknown.USER_POOL, subject="a pool"), user_pools=unread)


def without_functions(snapshot: ApiSnapshot) -> ApiSnapshot:
    unread = {
        arn: replace(one, exists=None, policy=None) for arn, one in snapshot.functions.items()
    }
    return _with(snapshot, gap(Unknown.FUNCTION, subject="a function"), functions=unread)


def without_endpoints(snapshot: ApiSnapshot) -> ApiSnapshot:
    return _with(snapshot, gap(Unknown.VPC_ENDPOINTS, subject="endpoints"), vpc_endpoints=None)


def without_identities(snapshot: ApiSnapshot) -> ApiSnapshot:
    return _with(snapshot, gap(Unknown.IDENTITIES, subject="details"), invokers=None)


def without_plans(snapshot: ApiSnapshot) -> ApiSnapshot:
    unknown = tuple(replace(one, has_usage_plan=None) for one in snapshot.stages)
    unread = gap(Unknown.PLANS, subject="usageplans")
    return _with(snapshot, unread, usage_plans=None, stages=unknown)


def without_domains(snapshot: ApiSnapshot) -> ApiSnapshot:
    return _with(snapshot, gap(Unknown.DOORS, subject="domainnames"), custom_domains=None)


HIDING = (
    without_live,
    without_guards,
    without_draft,
    without_stages,
    without_pools,
    without_functions,
    without_endpoints,
    without_identities,
    without_plans,
    without_domains,
)


@pytest.mark.parametrize("hide", HIDING, ids=lambda one: one.__name__)
def test_nothing_that_is_hidden_looks_mended(
    hide: Callable[[ApiSnapshot], ApiSnapshot],
) -> None:
    told = [told for case in all_cases() for told in _complaints(case, hide)]

    assert told == []


def _complaints(case: Case, hide: Callable[[ApiSnapshot], ApiSnapshot]) -> Iterator[str]:
    seen, blind = _seen(case), evaluate(hide(case.snapshot), case.policy, now=NOW)
    still = {(one.rule, one.stage, one.live) for one in blind.violations}
    for one in seen.violations:
        if (one.rule, one.stage, one.live) not in still and not blind.may_hide(one):
            where = "live" if one.live else "drafted"
            yield f"{case.id}: {one.rule} at {one.stage}, {where}, looks mended: {one.title}"
    yield from (one.title for one in blind.violations if "the rule failed" in one.title)


@cache
def _seen(case: Case) -> Evaluation:
    return evaluate(case.snapshot, case.policy, now=NOW)
