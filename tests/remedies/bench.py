"""A desk over the emulator, and the state of an API as raw answers, to be compared byte by byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from monitor.aws.session import AwsSession
from monitor.bootstrap.looking import looker
from monitor.evaluation.evaluate import evaluate
from monitor.model.api import ApiId
from monitor.model.finding import finding_id
from monitor.orgpolicy.load import default_org_policy
from monitor.ports import ExportCache
from monitor.rules import access_exceeds_policy
from monitor.stores.memory import MemoryExports, NoStore
from monitor.usecases.react import Place
from remediators.bootstrap import desk
from remediators.desk import Desk
from remediators.guardrails import Guard, Mode
from remediators.journal.memory import MemoryJournal
from remediators.ports import Journal
from tests.fakes import FakeClock

ACCOUNT, REGION = "123456789012", "us-east-1"
PLACE = Place(account_id=ACCOUNT, region=REGION, partition="aws")
GUARD = Guard(mode=Mode.APPROVE, four_eyes=False)


@dataclass
class Bench:
    """`look` is the monitor's own look, which keeps exports as the deployed one does."""

    session: AwsSession
    exports: ExportCache = field(default_factory=MemoryExports)
    journal: Journal = field(default_factory=MemoryJournal)
    clock: FakeClock = field(default_factory=FakeClock)
    guard: Guard = GUARD

    def desk(self, **more: Any) -> Desk:
        return desk(
            self.session,
            PLACE,
            journal=self.journal,
            exports=self.exports,
            store=NoStore(),
            policy=default_org_policy(),
            guards=lambda _case: self.guard,
            clock=self.clock,
            pause=lambda _seconds: None,
            **more,
        )

    def look(self, api: str) -> Any:
        source = looker(
            self.session, NoStore(), PLACE, default_org_policy(), exports=self.exports
        ).source
        snapshot = source.read(api_id(api))
        assert snapshot is not None
        return evaluate(snapshot, default_org_policy(), now=self.clock.now())

    def finding(self, api: str) -> str:
        """What lets in whom the org policy does not allow."""
        looked = self.look(api)
        found = next(one for one in looked.violations if one.rule == access_exceeds_policy.ID)
        return finding_id(looked.snapshot.api, found)


def api_id(api: str) -> ApiId:
    return ApiId(account_id=ACCOUNT, region=REGION, api_id=api)


@contextmanager
def session_at(endpoint: str, monkeypatch: Any) -> Iterator[AwsSession]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    yield AwsSession(REGION)


_DATES = frozenset({"ResponseMetadata", "createdDate", "lastUpdatedDate", "CreatedDate"})
_DATES |= {"LastUpdatedDate", "LastModifiedDate", "LockToken"}


def rest_state(client: Any, api: str) -> str:
    """All that the control plane tells of a REST API, without dates."""
    methods = client.get_resources(restApiId=api, embed=["methods"], limit=500)["items"]
    return as_text(
        {
            "api": client.get_rest_api(restApiId=api),
            "resources": sorted(methods, key=lambda one: one["path"]),
            "stages": client.get_stages(restApiId=api)["item"],
            "deployments": client.get_deployments(restApiId=api)["items"],
            "authorizers": client.get_authorizers(restApiId=api)["items"],
        }
    )


def v2_state(client: Any, api: str) -> str:
    return as_text(
        {
            "api": client.get_api(ApiId=api),
            "routes": sorted(client.get_routes(ApiId=api)["Items"], key=lambda r: r["RouteKey"]),
            "stages": client.get_stages(ApiId=api)["Items"],
        }
    )


def as_text(value: Any) -> str:
    return json.dumps(_bare(value), sort_keys=True, indent=1, default=str)


def _bare(value: Any) -> Any:
    """Without dates, and without what is there but empty."""
    if isinstance(value, dict):
        kept = {key: _bare(inner) for key, inner in value.items() if key not in _DATES}
        return {key: inner for key, inner in kept.items() if inner not in (None, "", [], {})}
    return [_bare(one) for one in value] if isinstance(value, list) else value
