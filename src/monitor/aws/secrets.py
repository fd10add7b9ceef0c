"""What the Slack app is given, from Secrets Manager."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from monitor.ports import NotDelivered, Reach

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

KEPT_SECONDS = 300

TOKEN = "token"  # noqa: S105 - the name of a member
SIGNING_SECRET = "signing_secret"  # noqa: S105
WEBHOOK = "webhook"

_FORMS = {TOKEN: "xoxb-...", SIGNING_SECRET: "...", WEBHOOK: "https://hooks.slack.com/..."}


class SlackSecret:
    """The secret is JSON with the members `token`, `signing_secret`, `webhook`, those that are
    needed; or the token alone."""

    def __init__(self, client: SecretsManagerClient, secret_id: str) -> None:
        self._provider = SecretsProvider(boto3_client=client)
        self._secret_id = secret_id

    def token(self, anew: bool) -> str:
        """Raises NotDelivered if the secret cannot be read or holds no token."""
        return self.member(TOKEN, anew)

    def member(self, name: str, anew: bool = False) -> str:
        """`anew`: read it again, since the last one was refused. Raises NotDelivered."""
        value = self.find(name, anew)
        if not value:
            raise NotDelivered(
                f"the Slack secret {self._secret_id} holds no `{name}`; "
                f'store {{"{name}": "{_FORMS[name]}"}}',
                reach=Reach.SINK,
            )
        return value

    def find(self, name: str, anew: bool = False) -> str:
        """Empty if there is none. Raises NotDelivered if the secret cannot be read."""
        try:
            text = self._provider.get(self._secret_id, max_age=KEPT_SECONDS, force_fetch=anew)
        except GetParameterError as error:
            raise NotDelivered(
                f"the Slack secret {self._secret_id} cannot be read: {error}", reach=Reach.SINK
            ) from error
        return _member(text if isinstance(text, str) else "", name)


def _member(text: str, name: str) -> str:
    try:
        held = json.loads(text)
    except ValueError:
        held = text
    if isinstance(held, dict):
        held = held.get(name)
    elif name != TOKEN:
        return ""
    return held.strip() if isinstance(held, str) else ""
