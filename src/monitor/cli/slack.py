"""`gatewatch slack test`: does the Slack app work?"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from botocore.exceptions import BotoCoreError

from monitor.bootstrap.slack_test import slack_test, token_of_secret
from monitor.cli.common import Exit, WrongInput, read_text
from monitor.settings import SLACK
from monitor.slack.api import TokenSource


@click.group()
def slack() -> None:
    """The Slack app."""


@slack.command()
@click.option("--channel", required=True, help="Channel that gets the sample, best by id (C...).")
@click.option("--secret", "secret_id", help="Secret with the token: the stack's output.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File that holds the bot token; `-` reads standard input.",
)
@click.option("--region", help="Region of the secret.")
@click.option("--profile", help="Named profile of the AWS configuration.")
@click.option("--base-url", default=SLACK, show_default=True, help="Web API of Slack.")
def test(
    channel: str,
    secret_id: str | None,
    token_file: Path | None,
    region: str | None,
    profile: str | None,
    base_url: str,
) -> None:
    """Send a sample alert, and say which scope is missing.

    Exits with 0 if all of it works, 3 if something is missing that Gatewatch can do without, 2 if
    it does not work.
    """
    results = []
    try:
        source = _token(secret_id, token_file, region, profile)
        for result in slack_test(source, channel, base_url):
            mark = {True: "ok     ", None: "missing", False: "FAILED "}[result.works]
            click.echo(f"{mark}  {result.text}")
            results.append(result.works)
    except BotoCoreError as error:
        raise WrongInput(str(error)) from error
    if False in results:
        sys.exit(Exit.WRONG_INPUT)
    sys.exit(Exit.UNKNOWN if None in results else Exit.CLEAN)


def _token(
    secret_id: str | None, file: Path | None, region: str | None, profile: str | None
) -> TokenSource:
    if (secret_id is None) == (file is None):
        raise WrongInput("name one of --secret and --token-file")
    if secret_id is not None:
        return token_of_secret(secret_id, region, profile)
    text = sys.stdin.read() if str(file) == "-" else read_text(Path(str(file)))
    token = text.strip()
    if not token.startswith("xox"):
        raise WrongInput("the file holds no token of Slack (xoxb-...)")
    return lambda _anew: token
