"""Wiring of the function that tells Slack."""

from __future__ import annotations

from monitor.aws.clock import SystemClock
from monitor.aws.secrets import SecretToken
from monitor.aws.session import AwsSession
from monitor.settings import NotifySettings
from monitor.slack.client import SlackNotifier
from monitor.stores.dynamodb import DynamoDbStore
from monitor.usecases.tell import Teller


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
