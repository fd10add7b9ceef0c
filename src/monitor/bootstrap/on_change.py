"""Wiring of the functions that take events and scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.aws.clock import SystemClock
from monitor.aws.pacing import Pacer
from monitor.aws.session import AwsSession
from monitor.aws.work_queue import SqsDeadLetters, SqsTimers, SqsWorkQueue
from monitor.bootstrap.looking import looker
from monitor.bootstrap.org_policy import Policies, org_policies
from monitor.evaluation.catalogue import RULES
from monitor.model.api import ApiId
from monitor.model.burst import Timing
from monitor.model.change import RefusedCall
from monitor.model.place import Place
from monitor.orgpolicy.rule_settings import is_on
from monitor.orgpolicy.schema import OrgPolicy
from monitor.ports import ChangeBook, Clock, DeadLetters, Sightings, WorkQueue
from monitor.settings import (
    LookSettings,
    OnChangeSettings,
    ReadSettings,
    ScanFanoutSettings,
    ScanWorkerSettings,
)
from monitor.stores.change_book import DynamoDbChangeBook
from monitor.stores.dynamodb import DynamoDbExports, DynamoDbStore
from monitor.stores.watching import DynamoDbSightings
from monitor.usecases.baseline import BaselineKeeper, every_api
from monitor.usecases.fan_out import FanOut
from monitor.usecases.look import Looker
from monitor.usecases.lookout import SCANS, Lookout
from monitor.usecases.react import REFUSED_WITHIN, Reactor

SURROUNDINGS_SERVE = timedelta(minutes=5)
"""See docs/decisions/0006-surroundings-are-read-once.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnChange:
    """What the handler of events holds for as long as its process lives."""

    reactor: Reactor
    policies: Policies
    pacer: Pacer
    lookout: Lookout

    def current(self) -> Reactor:
        """With the org policy that is in force now."""
        looker = _under(self.reactor.looker, self.policies.current())
        fan_out = replace(self.reactor.fan_out, baseline=looker.baseline)
        return replace(self.reactor, looker=looker, fan_out=fan_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanWorker:
    """What a scan's worker holds for as long as its process lives."""

    reader: Looker
    policies: Policies
    queue: WorkQueue
    book: ChangeBook
    dead_letters: DeadLetters
    pacer: Pacer

    def looker(self) -> Looker:
        """With the org policy that is in force now."""
        return _under(self.reader, self.policies.current())


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFanout:
    """What the beginner of scans holds for as long as its process lives."""

    fan_out: FanOut
    policies: Policies
    sightings: Sightings
    clock: Clock

    def note_done(self) -> None:
        """For the watch, which asks when the last scan began."""
        self.sightings.note(SCANS, self.clock.now())

    def current(self) -> FanOut:
        """With the org policy that is in force now."""
        policy = self.policies.current()
        return replace(self.fan_out, baseline=_asking(self.fan_out.baseline, policy))


def on_change(settings: OnChangeSettings, function_arn: str, region: str = "") -> OnChange:
    place = place_of(function_arn, region)
    session, reads = _sessions(settings, place_of(function_arn), place)
    policies = org_policies(session, settings.table, settings.org_policy)
    each = _looker(settings, session, reads, place, policies)
    return OnChange(
        reactor=Reactor(
            looker=each,
            fan_out=FanOut(
                source=each.source,
                store=each.store,
                queue=SqsWorkQueue(session.sqs, settings.scan_queue_url),
                place=place,
                clock=each.clock,
            ),
            book=DynamoDbChangeBook(session.dynamodb, settings.table),
            timers=SqsTimers(session.sqs, settings.queue_url),
            dead_letters=SqsDeadLetters(session.sqs, settings.dead_letter_url),
            place=place,
            timing=Timing(
                quiet=timedelta(seconds=settings.quiet_seconds),
                longest=timedelta(seconds=settings.longest_seconds),
            ),
            watches_refusals=settings.watch_refusals,
        ),
        policies=policies,
        pacer=reads.pacer,
        lookout=Lookout(DynamoDbSightings(session.dynamodb, settings.table), each.clock),
    )


def scan_worker(settings: ScanWorkerSettings, function_arn: str, region: str = "") -> ScanWorker:
    place = place_of(function_arn, region)
    session, reads = _sessions(settings, place_of(function_arn), place)
    policies = org_policies(session, settings.table, settings.org_policy)
    return ScanWorker(
        reader=_looker(settings, session, reads, place, policies),
        policies=policies,
        queue=SqsWorkQueue(session.sqs, settings.scan_queue_url),
        book=DynamoDbChangeBook(session.dynamodb, settings.table),
        dead_letters=SqsDeadLetters(session.sqs, settings.dead_letter_url),
        pacer=reads.pacer,
    )


def scan_fan_out(settings: ScanFanoutSettings, function_arn: str, region: str = "") -> ScanFanout:
    place = place_of(function_arn, region)
    session, reads = _sessions(settings, place_of(function_arn), place)
    policies = org_policies(session, settings.table, settings.org_policy)
    store = DynamoDbStore(session.dynamodb, settings.table)
    each = looker(reads, store, place, policies.current())
    return ScanFanout(
        fan_out=FanOut(
            source=each.source,
            store=each.store,
            queue=SqsWorkQueue(session.sqs, settings.scan_queue_url),
            place=place,
            clock=each.clock,
            baseline=_baseline(store, place),
        ),
        policies=policies,
        sightings=DynamoDbSightings(session.dynamodb, settings.table),
        clock=each.clock,
    )


def place_of(function_arn: str, region: str = "") -> Place:
    """The function's own ARN says account, region and partition, which saves a call to STS.
    `region`: another one of that account, whose events come here."""
    _, partition, _, home, account_id, *_ = function_arn.split(":")
    return Place(account_id=account_id, region=region or home, partition=partition)


def _sessions(settings: ReadSettings, home: Place, place: Place) -> tuple[AwsSession, AwsSession]:
    """For what is Gatewatch's own, at home, and for what is read where it stands."""
    # AWS counts the requests to a control plane by account and region, so each region has its pace.
    pacer = Pacer(settings.rate * settings.rate_share)
    session = AwsSession(home.region, pacer=pacer)
    if place.region == home.region:
        return session, session
    return session, session.in_region(place.region, Pacer(settings.rate * settings.rate_share))


def _looker(
    settings: LookSettings,
    session: AwsSession,
    reads: AwsSession,
    place: Place,
    policies: Policies,
) -> Looker:
    book = DynamoDbChangeBook(session.dynamodb, settings.table)

    def refused_calls(api: ApiId, now: datetime) -> Sequence[RefusedCall]:
        return book.refused_calls(api, since=now - REFUSED_WITHIN)

    store = DynamoDbStore(session.dynamodb, settings.table)
    each = looker(
        reads,
        store,
        place,
        policies.current(),
        exports=DynamoDbExports(session.dynamodb, settings.table, SystemClock()),
        surroundings_serve=SURROUNDINGS_SERVE,
        with_identities=settings.identities,
        refused_calls=refused_calls if settings.watch_refusals else None,
    )
    return replace(each, baseline=_baseline(store, place))


def _baseline(store: DynamoDbStore, place: Place) -> BaselineKeeper:
    account = every_api(place.account_id, place.region, place.partition)
    return BaselineKeeper(store=store, clock=SystemClock(), account=account, rules=())


def _under(looker: Looker, policy: OrgPolicy) -> Looker:
    return replace(looker, policy=policy, baseline=_asking(looker.baseline, policy))


def _asking(baseline: BaselineKeeper | None, policy: OrgPolicy) -> BaselineKeeper | None:
    """The baseline of the rules that this org policy asks."""
    asked = tuple(rule.id for rule in RULES if is_on(policy, rule))
    return replace(baseline, rules=asked) if baseline is not None else None
