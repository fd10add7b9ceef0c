"""Stage variables -> which of them hold a secret. Their values go no further than this module.

Values have a small alphabet (no quotes, blanks, `@` or `+`), and most of them name functions, hosts
and aliases. So what counts is the shape of a known kind of token, a value too random for a name, or
a variable called like a credential. Numbers in hexadecimal are left alone: they are revisions and
digests. Source: API Gateway developer guide, "Use API Gateway stage variables".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from monitor.model.behind import StageSecret

_NOT_THE_SECRET_ITSELF = re.compile(
    r"(_|\b)(arn|id|name|path|param|parameter|ref|url|uri|host|ttl|version|stage|alias|enabled)\Z",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"arn:|https?://|/|(true|false|none|null|yes|no|\d{1,5})\Z", re.IGNORECASE)
_BY_NAME = "Secret Keyword"
_PLAIN = {
    _BY_NAME: "credential, by its name",
    "Base64 High Entropy String": "random value",
}
LONGEST = 2048
"""Of a value, what is looked at: AWS takes 512 characters."""


def secrets_in(variables: object, *, canary: bool = False) -> tuple[StageSecret, ...]:
    """`variables`: name -> value, or what stands in their place. One entry a variable."""
    if not isinstance(variables, Mapping):
        return ()
    found = ((str(name), _kind(str(name), str(value))) for name, value in variables.items())
    return tuple(
        StageSecret(variable=name, kind=kind, canary=canary) for name, kind in found if kind
    )


def _kind(name: str, value: str) -> str | None:
    """The most certain kind of secret that the value looks like, None if it looks like none."""
    kinds = list(_kinds(name, value[:LONGEST]))
    certain = next((kind for kind in kinds if kind not in _PLAIN), None)
    return certain or (_PLAIN[kinds[0]] if kinds else None)


def _kinds(name: str, value: str) -> Iterator[str]:
    line = f'{name} = "{value}"'
    for detector in _detectors():
        for secret in detector.analyze_line(filename="stage", line=line, line_number=1):
            kind = str(secret.type)
            if kind != _BY_NAME or _is_called_like_its_value(name, value):
                yield kind


def _is_called_like_its_value(name: str, value: str) -> bool:
    return not _NOT_THE_SECRET_ITSELF.search(name) and not _REFERENCE.match(value)


@cache
def _detectors() -> tuple[Any, ...]:
    """Made when the first stage with variables is read: importing them takes a quarter of a second.

    Only their patterns are used. Nothing is verified over the network, and no file is read.
    """
    from detect_secrets.plugins import (
        artifactory,
        aws,
        azure_storage_key,
        basic_auth,
        discord,
        github_token,
        gitlab_token,
        high_entropy_strings,
        jwt,
        keyword,
        mailchimp,
        npm,
        openai,
        pypi_token,
        sendgrid,
        slack,
        square_oauth,
        stripe,
        telegram_token,
        twilio,
    )

    return (
        aws.AWSKeyDetector(),
        artifactory.ArtifactoryDetector(),
        azure_storage_key.AzureStorageKeyDetector(),
        basic_auth.BasicAuthDetector(),
        discord.DiscordBotTokenDetector(),
        github_token.GitHubTokenDetector(),
        gitlab_token.GitLabTokenDetector(),
        jwt.JwtTokenDetector(),
        mailchimp.MailchimpDetector(),
        npm.NpmDetector(),
        openai.OpenAIDetector(),
        pypi_token.PypiTokenDetector(),
        sendgrid.SendGridDetector(),
        slack.SlackDetector(),
        square_oauth.SquareOAuthDetector(),
        stripe.StripeDetector(),
        telegram_token.TelegramBotTokenDetector(),
        twilio.TwilioKeyDetector(),
        high_entropy_strings.Base64HighEntropyString(limit=4.5),
        keyword.KeywordDetector(),
    )
