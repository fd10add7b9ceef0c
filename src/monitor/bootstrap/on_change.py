"""Wiring of the function that takes events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from monitor.aws.clock import SystemClock
from monitor.aws.pacing import Pacer
from monitor.aws.session import AwsSession
from monitor.aws.work_queue import SqsWorkQueue
from monitor.bootstrap.looking import looker
from monitor.bootstrap.org_policy import Policies, org_policies
from monitor.ports import WorkQueue
from monitor.settings import OnChangeSettings
from monitor.stores.dynamodb import DynamoDbExports, DynamoDbStore
from monitor.stores.watching import DynamoDbSightings
from monitor.usecases.look import Looker
from monitor.usecases.lookout import Lookout
from monitor.usecases.react import Place

SURROUNDINGS_SERVE = timedelta(minutes=5)
"""See docs/decisions/0006-surroundings-are-read-once.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnChange:
    """What the handler of events holds for as long as its process lives."""

    reader: Looker
    policies: Policies
    queue: WorkQueue
    place: Place
    pacer: Pacer
    lookout: Lookout

    def looker(self) -> Looker:
        """With the org policy that is in force now."""
        return replace(self.reader, policy=self.policies.current())


def on_change(settings: OnChangeSettings, function_arn: str) -> OnChange:
    """`function_arn` says account, region and partition, which saves a call to STS."""
    _, partition, _, region, account_id, *_ = function_arn.split(":")
    place = Place(account_id=account_id, region=region, partition=partition)
    session = AwsSession(region, pacer=Pacer(settings.rate))
    store = DynamoDbStore(session.dynamodb, settings.table)
    policies = org_policies(session, settings.table, settings.org_policy)
    return OnChange(
        policies=policies,
        reader=looker(
            session,
            store,
            place,
            policies.current(),
            exports=DynamoDbExports(session.dynamodb, settings.table),
            surroundings_serve=SURROUNDINGS_SERVE,
        ),
        queue=SqsWorkQueue(session.sqs, settings.queue_url),
        place=place,
        pacer=session.pacer,
        lookout=Lookout(DynamoDbSightings(session.dynamodb, settings.table), SystemClock()),
    )
