"""The only wiring: settings -> adapters -> use cases."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.aws.apigateway import RestApiReads
from monitor.aws.clock import SystemClock
from monitor.aws.collect import SnapshotReader
from monitor.aws.pacing import Pacer
from monitor.aws.secrets import SecretToken
from monitor.aws.session import AwsSession
from monitor.aws.work_queue import SqsWorkQueue
from monitor.orgpolicy.load import default_org_policy
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import FindingStore, WorkQueue
from monitor.settings import NotifySettings, OnChangeSettings
from monitor.slack.client import SlackNotifier
from monitor.stores.dynamodb import DynamoDbStore
from monitor.usecases.look import Looker
from monitor.usecases.react import Place
from monitor.usecases.tell import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class OnChange:
    """What the handler of events holds for as long as its process lives."""

    looker: Looker
    queue: WorkQueue
    place: Place
    pacer: Pacer


def on_change(settings: OnChangeSettings, function_arn: str) -> OnChange:
    """`function_arn` says account, region and partition, which saves a call to STS."""
    _, partition, _, region, account_id, *_ = function_arn.split(":")
    place = Place(account_id=account_id, region=region, partition=partition)
    session = AwsSession(region, pacer=Pacer(settings.rate))
    return OnChange(
        looker=looker(
            session,
            DynamoDbStore(session.dynamodb, settings.table),
            place,
            default_org_policy(),
        ),
        queue=SqsWorkQueue(session.sqs, settings.queue_url),
        place=place,
        pacer=session.pacer,
    )


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


def teller(settings: NotifySettings) -> Teller:
    session = AwsSession()
    return Teller(
        store=DynamoDbStore(session.dynamodb, settings.table),
        notifier=SlackNotifier(
            SecretToken(session.secretsmanager, settings.slack_secret),
            channel=settings.slack_channel,
            base_url=settings.slack_base_url,
        ),
        clock=SystemClock(),
    )
