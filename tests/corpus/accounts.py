"""Whole accounts, tests/corpus/<account>.yaml, and every finding there is in them.

    about:       whose account it is
    account, region, partition
    org_policy:  an org policy; left out: the one that is shipped
    defaults:    `type`, `endpoint`, `stage` (fields of Stage), `api` (fields of ApiSnapshot) of the
                 APIs that do not say
    apis:        a list of
        name, why
        type, endpoint, tags
        live:         what its stages serve; a configuration as the rules' case files write it
        draft:        left out: what is live
        deployments:  more configurations, by the id that a stage names
        stages:       by name, fields of Stage that are not the defaults; left out: `prod`
        api:          any field of ApiSnapshot
        edited_by:    a tag edit that led to this look; `was`: the tags at the look before

Keys that begin with `_` hold parts that are used several times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from monitor.evaluation.evaluate import Evaluation, evaluate
from monitor.evaluation.lifecycle import advance
from monitor.evaluation.org_policy import load_org_policy
from monitor.model.api import ApiId, ApiSnapshot, ApiType, EndpointType, Stage
from monitor.model.behind import UsagePlan
from monitor.model.finding import Cause, Finding, Status
from monitor.model.record import ApiRecord
from monitor.orgpolicy.load import default_org_policy
from monitor.orgpolicy.schema import OrgPolicy
from tests.builders import NOW, later
from tests.rule_cases import UNREAD, described, described_configuration, described_fields

FOLDER = Path(__file__).resolve().parent
_KEYS = frozenset(
    {
        "name", "why", "type", "endpoint", "tags", "live", "draft", "deployments", "stages", "api",
        "edited_by", "was",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Account:
    name: str
    about: str
    policy: OrgPolicy
    apis: Sequence[tuple[ApiSnapshot, Mapping[str, Any]]]


@dataclass(frozen=True)
class Judged:
    """An API after its looks."""

    snapshot: ApiSnapshot
    evaluation: Evaluation
    findings: Sequence[Finding]


@cache
def all_accounts() -> tuple[Account, ...]:
    return tuple(map(_account, sorted(FOLDER.glob("*.yaml"))))


def judged(account: Account) -> Iterator[Judged]:
    for snapshot, raw in account.apis:
        record = ApiRecord(api=snapshot.api)
        if "was" in raw:
            then = replace(snapshot, tags=raw["was"], read_at=later(-60))
            first = evaluate(then, account.policy, now=later(-60))
            record = advance(record, first, now=later(-60), cause=None).record
        edits = [_edit(raw["edited_by"])] if "edited_by" in raw else []
        found = evaluate(snapshot, account.policy, now=NOW, before=record, edits=edits)
        record = advance(record, found, now=NOW, cause=None).record
        findings = [f for f in record.findings.values() if f.status is not Status.RESOLVED]
        yield Judged(snapshot, found, findings)


def snapshot_text(account: Account) -> str:
    """A line for each API and, beneath it, for each finding."""
    out = StringIO()
    print(f"# {account.about}", file=out)
    for each in judged(account):
        snapshot, access = each.snapshot, each.evaluation.access
        kinds = ",".join(kind.value for kind in snapshot.endpoint_types) or "unknown"
        stages = " ".join(
            f"{stage.stage}:{stage.live.scope}"
            + (f"/{stage.draft.scope if stage.draft else 'unknown'}")
            for stage in access.stages
        )
        print(f"\n{snapshot.name} ({snapshot.api_type} {kinds}) {stages}", file=out)
        for finding in each.findings:
            print(_line(finding), file=out)
    return out.getvalue()


def _line(finding: Finding) -> str:
    violation = finding.violation
    place = f"{violation.stage or '*'}/{'live' if violation.live else 'draft'}"
    routes = f" [{len(violation.routes)}]" if violation.routes else ""
    return (
        f"  {violation.severity:<8} {finding.status:<7} {place:<14} {violation.rule}{routes} "
        f"{violation.scope}: {violation.title}  {finding.id}"
    )


def _edit(arn: str) -> Cause:
    return Cause(
        who=arn.rpartition("/")[2],
        event_name="TagResource",
        event_id="e-1",
        event_time=later(-30),
        arn=arn,
    )


# --- from the description to values --------------------------------------------------------------


def _account(path: Path) -> Account:
    raw = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    policy = _dumped(raw["org_policy"]) if "org_policy" in raw else None
    return Account(
        name=path.stem,
        about=raw["about"],
        policy=load_org_policy(policy, path.name) if policy else default_org_policy(),
        apis=tuple((_api(raw, one), one) for one in raw["apis"]),
    )


def _dumped(document: Any) -> str:
    out = StringIO()
    YAML(typ="safe", pure=True).dump(document, out)
    return out.getvalue()


def _api(account: Mapping[str, Any], raw: Mapping[str, Any]) -> ApiSnapshot:
    if unknown := raw.keys() - _KEYS:
        raise ValueError(f"{raw.get('name')}: unknown {', '.join(unknown)}")
    defaults = account.get("defaults", {})
    stages = raw.get("stages", {"prod": {}})
    live = raw.get("live", {})
    configurations = {"d1": live, **raw.get("deployments", {})}
    draft = raw.get("draft", live)
    blank = ApiSnapshot(
        api=ApiId(
            account_id=account["account"],
            region=account["region"],
            partition=account.get("partition", "aws"),
            api_id=_id(account["account"], raw["name"]),
        ),
        api_type=ApiType(raw.get("type", defaults.get("type", "REST"))),
        name=raw["name"],
        read_at=NOW,
        endpoint_types=(EndpointType(raw.get("endpoint", defaults.get("endpoint", "REGIONAL"))),),
        tags=raw.get("tags", {}),
        stages=tuple(
            described(
                Stage, {"name": name, "deployment_id": "d1"} | defaults.get("stage", {}) | given
            )
            for name, given in stages.items()
        ),
        deployments={
            id_: described_configuration(one)
            for id_, one in configurations.items()
            if one != UNREAD
        },
        draft=None if draft == UNREAD else described_configuration(draft),
        custom_domains=(),
    )
    fields = described_fields(ApiSnapshot, defaults.get("api", {}) | raw.get("api", {}))
    found = replace(blank, **fields)
    if found.usage_plans is None:
        return found
    plans = tuple(_covering(plan, found) for plan in found.usage_plans)
    covered = {one.stage for plan in plans for one in plan.stages}
    stages = (replace(one, has_usage_plan=one.name in covered) for one in found.stages)
    return replace(found, usage_plans=plans, stages=tuple(stages))


def _covering(plan: UsagePlan, snapshot: ApiSnapshot) -> UsagePlan:
    """With the API's own id where the description says `self`."""
    stages = tuple(
        replace(one, api_id=snapshot.api.api_id) if one.api_id == "self" else one
        for one in plan.stages
    )
    return replace(plan, stages=stages)


def _id(account: str, name: str) -> str:
    return hashlib.sha256(f"{account}/{name}".encode()).hexdigest()[:10]
