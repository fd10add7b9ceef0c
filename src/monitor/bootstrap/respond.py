"""Wiring of the two functions that answer what people do in Slack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.aws.clock import SystemClock
from monitor.aws.messages import SqsMessages, queue_url
from monitor.aws.secrets import SIGNING_SECRET, SlackSecret
from monitor.aws.session import AwsSession
from monitor.bootstrap.org_policy import org_policies
from monitor.ports import Clock
from monitor.settings import InteractionSettings, RespondSettings
from monitor.slack.api import SlackApi
from monitor.slack.groups import SlackGroups
from monitor.slack.requests import Known
from monitor.stores.dynamodb import DynamoDbStore
from monitor.stores.notebook import DynamoDbNotebook
from monitor.usecases.relay import Relay
from monitor.usecases.respond import Responder

FORM_TIMEOUT_SECONDS = 2
"""Slack waits three seconds for an answer to a press, and so long a form may be opened."""


READ_AGAIN_AFTER = timedelta(seconds=60)


@dataclass(slots=True, kw_only=True)
class Reception:
    """What the endpoint that Slack calls needs."""

    secret: SlackSecret
    known: Known
    api: SlackApi
    queue: SqsMessages
    clock: Clock
    _read_again_at: datetime | None = None

    def signing_secret(self, *, anew: bool = False) -> str:
        """`anew`: one was refused. It is read again once a minute at most, since anybody can send
        wrong signatures. Raises NotDelivered."""
        now = self.clock.now()
        if anew and self._read_again_at and now - self._read_again_at < READ_AGAIN_AFTER:
            anew = False
        if anew:
            self._read_again_at = now
        return self.secret.member(SIGNING_SECRET, anew)


def reception(settings: InteractionSettings) -> Reception:
    session = AwsSession()
    secret = SlackSecret(session.secretsmanager, settings.slack_secret)
    return Reception(
        secret=secret,
        known=Known(team_id=settings.slack_team_id, app_id=settings.slack_app_id),
        api=SlackApi(
            secret.token,
            base_url=settings.slack_base_url,
            timeout=FORM_TIMEOUT_SECONDS,
            patience=0,
        ),
        queue=SqsMessages(session.sqs, settings.asks_queue_url),
        clock=SystemClock(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """What takes from the queues: asks of people, answers of the remediator."""

    responder: Responder
    relay: Relay


def respond(settings: RespondSettings) -> Respond:
    session = AwsSession()
    store = DynamoDbStore(session.dynamodb, settings.table)
    notebook = DynamoDbNotebook(session.dynamodb, settings.table)
    secret = SlackSecret(session.secretsmanager, settings.slack_secret)
    policies = org_policies(session, settings.table, settings.org_policy)
    arn = settings.remediation_queue_arn
    return Respond(
        responder=Responder(
            store=store,
            notebook=notebook,
            policy=policies.current,
            groups=SlackGroups(SlackApi(secret.token, base_url=settings.slack_base_url)),
            clock=SystemClock(),
            remediations=SqsMessages(session.sqs, queue_url(arn)) if arn else None,
        ),
        relay=Relay(store=store, notebook=notebook, policy=policies.current, clock=SystemClock()),
    )
