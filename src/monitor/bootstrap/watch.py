"""Wiring of the functions by which Gatewatch watches itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from monitor.aws.clock import SystemClock
from monitor.aws.heartbeat import beat
from monitor.aws.pacing import Pacer
from monitor.aws.secrets import SlackSecret
from monitor.aws.session import AwsSession
from monitor.aws.surveillance import AwsSurveillance
from monitor.bootstrap.org_policy import Policies, org_policies
from monitor.settings import HeartbeatSettings, WatchSettings
from monitor.slack.announcer import SlackAnnouncer
from monitor.slack.api import SlackApi
from monitor.stores.dynamodb import DynamoDbStore
from monitor.stores.watching import DynamoDbSightings, DynamoDbTroubles
from monitor.usecases import checks
from monitor.usecases.lookout import SCANS
from monitor.usecases.watch import Check, Watcher


@dataclass(frozen=True, slots=True)
class Heart:
    """Beats in the region and account of its function."""

    session: AwsSession
    canary_arn: str

    def beat(self) -> None:
        beat(self.session.apigateway, self.canary_arn, SystemClock().now())


def heart(settings: HeartbeatSettings) -> Heart:
    return Heart(AwsSession(), settings.canary_arn)


def watcher(settings: WatchSettings, function_arn: str) -> Watcher:
    """`function_arn` says account and region, which saves a call to STS."""
    _, _, _, region, account_id, *_ = function_arn.split(":")
    session = AwsSession(region)
    secret = SlackSecret(session.secretsmanager, settings.slack_secret)

    @cache
    def session_in(other: str) -> AwsSession:
        return session if other == region else session.in_region(other, Pacer())

    surveillance = AwsSurveillance(
        session, session_in, account_id=account_id, alarm_prefix=f"{settings.stack}-"
    )
    return Watcher(
        stack=settings.stack,
        checks=tuple(_checks(settings, session, surveillance, secret)),
        store=DynamoDbTroubles(session.dynamodb, settings.table),
        announcer=SlackAnnouncer(
            SlackApi(secret.token, base_url=settings.slack_base_url), settings.slack_channel
        ),
        clock=SystemClock(),
    )


def _checks(
    settings: WatchSettings,
    session: AwsSession,
    surveillance: AwsSurveillance,
    secret: SlackSecret,
) -> Iterator[Check]:
    sightings = DynamoDbSightings(session.dynamodb, settings.table)
    if settings.heartbeat_bound:
        bound = timedelta(seconds=settings.heartbeat_bound)
        yield checks.SeesEvents(sightings, settings.regions, bound)
    yield checks.HasTrail(surveillance, settings.regions)
    yield checks.RulesSend(surveillance, settings.rule_arns, settings.queue_arn)
    yield checks.QueueTakesEvents(surveillance, settings.queue_url, settings.rule_arns)
    yield checks.NothingIsDead(surveillance, settings.dead_letter_urls)
    period = checks.period_of(settings.scan_schedule)
    yield checks.ScansBegin(lambda: sightings.last(SCANS), period)
    yield checks.NothingIsUntold(DynamoDbStore(session.dynamodb, settings.table).oldest_untold)
    if settings.slack_channel:
        yield checks.SlackHasToken(secret.token)
    at_once = timedelta(0)
    policies = org_policies(session, settings.table, settings.org_policy, serves=at_once)
    yield checks.OrgPolicyHolds(_problem(policies))
    yield checks.NoAlarmRings(surveillance)


def _problem(policies: Policies) -> Callable[[], str]:
    def problem() -> str:
        policies.current()
        return policies.problem

    return problem
