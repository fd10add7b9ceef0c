"""Wiring of `gatewatch slack test`."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.aws.clock import SystemClock
from monitor.aws.secrets import SlackSecret
from monitor.aws.session import AwsSession
from monitor.slack.api import SlackApi, TokenSource
from monitor.slack.check import Finding, check


def slack_test(token: TokenSource, channel: str, base_url: str) -> Iterator[Finding]:
    return check(SlackApi(token, base_url=base_url), channel, SystemClock().now())


def token_of_secret(secret_id: str, region: str | None, profile: str | None) -> TokenSource:
    """Of a secret in Secrets Manager, as the deployed functions read it."""
    session = AwsSession(region, profile=profile)
    return SlackSecret(session.secretsmanager, secret_id).token
