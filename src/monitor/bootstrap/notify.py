"""Wiring of the function that tells Slack and whoever else is named."""

from __future__ import annotations

from collections.abc import Callable

from monitor.aws.clock import SystemClock
from monitor.aws.secrets import SlackSecret
from monitor.aws.session import AwsSession
from monitor.ports import Notifier
from monitor.settings import NotifySettings
from monitor.slack.api import SlackApi
from monitor.slack.buttons import Offer
from monitor.slack.client import SlackNotifier
from monitor.stores.dynamodb import DynamoDbStore
from monitor.usecases.tell import Teller


def teller(settings: NotifySettings, on_detour: Callable[[str], None]) -> Teller:
    """`on_detour` hears why a message went to the fallback channel."""
    session = AwsSession()
    return Teller(
        store=DynamoDbStore(session.dynamodb, settings.table),
        sinks=_sinks(settings, session, on_detour),
        clock=SystemClock(),
    )


def _sinks(
    settings: NotifySettings, session: AwsSession, on_detour: Callable[[str], None]
) -> dict[str, Notifier]:
    secret = SlackSecret(session.secretsmanager, settings.slack_secret)
    api = SlackApi(secret.token, base_url=settings.slack_base_url)
    offer = Offer(
        interactive=settings.slack_interactive, remediates=bool(settings.remediation_queue_url)
    )
    return {
        "slack": SlackNotifier(
            api,
            channel=lambda _notice: settings.slack_channel,
            fallback=settings.slack_fallback_channel,
            offer=offer,
            on_detour=on_detour,
        )
    }
