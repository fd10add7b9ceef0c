"""The Slack token, from Secrets Manager."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from monitor.ports import NotDelivered, Reach

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

KEPT_SECONDS = 300


class SecretToken:
    """A token source: the secret is the token itself, or JSON with a member `token`."""

    def __init__(self, client: SecretsManagerClient, secret_id: str) -> None:
        self._provider = SecretsProvider(boto3_client=client)
        self._secret_id = secret_id

    def __call__(self, anew: bool) -> str:
        """Raises NotDelivered if the secret cannot be read or holds no token."""
        try:
            text = self._provider.get(self._secret_id, max_age=KEPT_SECONDS, force_fetch=anew)
        except GetParameterError as error:
            raise NotDelivered(
                f"the Slack secret {self._secret_id} cannot be read: {error}", reach=Reach.SINK
            ) from error
        token = _token(text if isinstance(text, str) else "")
        if not token:
            raise NotDelivered(
                f'the Slack secret {self._secret_id} holds no token; store {{"token": "xoxb-..."}}',
                reach=Reach.SINK,
            )
        return token


def _token(text: str) -> str:
    try:
        held = json.loads(text)
    except ValueError:
        return text.strip()
    token = held.get("token") if isinstance(held, dict) else held
    return token.strip() if isinstance(token, str) else ""
