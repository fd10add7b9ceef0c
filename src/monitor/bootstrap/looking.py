"""Wiring of a look at an API; the command line uses it too."""

from __future__ import annotations

from monitor.aws.apigateway import RestApiReads
from monitor.aws.clock import SystemClock
from monitor.aws.collect import SnapshotReader
from monitor.aws.session import AwsSession
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import FindingStore
from monitor.usecases.look import Looker
from monitor.usecases.react import Place


def looker(session: AwsSession, store: FindingStore, place: Place, policy: OrgPolicy) -> Looker:
    clock = SystemClock()
    source = SnapshotReader(
        RestApiReads(session.apigateway),
        clock,
        account_id=place.account_id,
        region=place.region,
        partition=place.partition,
    )
    return Looker(source=source, store=store, policy=policy, clock=clock)
