"""Wiring of the function that tells Slack and whoever else is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from monitor.aws.clock import SystemClock
from monitor.aws.messages import SqsMessages, queue_url
from monitor.aws.secrets import WEBHOOK, SlackSecret
from monitor.aws.session import AwsSession
from monitor.aws.sinks import Bus, Remediator, SecurityHub, Topic
from monitor.bootstrap.org_policy import org_policies
from monitor.evaluation.catalogue import RULES
from monitor.model.digest import Digest
from monitor.ports import Notifier
from monitor.report.notices import notice_asff, notice_document, notice_text
from monitor.report.report import by_id
from monitor.settings import NotifySettings
from monitor.slack.api import SlackApi
from monitor.slack.buttons import Offer
from monitor.slack.client import SlackNotifier
from monitor.slack.digest import digest_message
from monitor.slack.webhook import WebhookNotifier
from monitor.stores.dynamodb import DynamoDbStore
from monitor.stores.notebook import DynamoDbNotebook
from monitor.usecases.automatic import automatic_requests
from monitor.usecases.digest import DigestTeller, Herald
from monitor.usecases.route import Router
from monitor.usecases.tell import Teller

OnDetour = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """`digests` None: there is nobody in Slack to tell a digest."""

    teller: Teller
    digests: DigestTeller | None


def notify(settings: NotifySettings, on_detour: OnDetour) -> Notify:
    """`on_detour` hears why a message went to the fallback channel."""
    session, clock = AwsSession(), SystemClock()
    store = DynamoDbStore(session.dynamodb, settings.table)
    notebook = DynamoDbNotebook(session.dynamodb, settings.table)
    policies = org_policies(session, settings.table, settings.org_policy)
    router = Router(
        policy=policies.current,
        notebook=notebook,
        clock=clock,
        channel=settings.slack_channel,
        fallback=settings.slack_fallback_channel,
    )
    sinks = _others(settings, session)
    if settings.remediation_queue_arn:
        sinks["remediator"] = Remediator(
            SqsMessages(session.sqs, queue_url(settings.remediation_queue_arn)),
            lambda notice: list(automatic_requests(notice, policies.current())),
        )
    secret = SlackSecret(session.secretsmanager, settings.slack_secret)
    herald: Herald | None = None
    if settings.slack_channel:
        slack = SlackNotifier(
            SlackApi(secret.token, base_url=settings.slack_base_url),
            route=router.route,
            offer=lambda: Offer(
                interactive=settings.slack_interactive,
                remediates=settings.remediates,
                max_waiver_days=policies.current().max_waiver_days,
            ),
            on_detour=on_detour,
        )
        sinks["slack"], herald = slack, _InSlack(slack, router)
    elif settings.slack_webhook:
        webhook = WebhookNotifier(lambda anew: secret.member(WEBHOOK, anew))
        sinks["slack"], herald = webhook, _ByWebhook(webhook)
    return Notify(
        teller=Teller(store=store, sinks=sinks, clock=clock, holds=router.holds),
        digests=None
        if herald is None
        else DigestTeller(
            store=store, notebook=notebook, policy=policies.current, herald=herald, clock=clock
        ),
    )


def _others(settings: NotifySettings, session: AwsSession) -> dict[str, Notifier]:
    sinks: dict[str, Notifier] = {}
    if settings.topic_arn:
        sinks["topic"] = Topic(session.sns, settings.topic_arn, notice_text, notice_document)
    if settings.event_bus:
        sinks["bus"] = Bus(session.events, settings.event_bus, notice_document)
    if settings.security_hub:
        sinks["security-hub"] = SecurityHub(
            session.securityhub, partial(notice_asff, rules=by_id(RULES))
        )
    return sinks


class _InSlack:
    """The port `Herald` in the channel of the org policy, or of the deployment."""

    def __init__(self, slack: SlackNotifier, router: Router) -> None:
        self._slack = slack
        self._router = router

    def announce(self, digest: Digest) -> None:
        channel = self._router.policy().routing.channel or self._router.channel
        since = digest.made_at - timedelta(days=1)
        self._slack.announce(digest_message(digest), digest.id, channel, since)


class _ByWebhook:
    def __init__(self, webhook: WebhookNotifier) -> None:
        self._webhook = webhook

    def announce(self, digest: Digest) -> None:
        self._webhook.post(digest_message(digest))
