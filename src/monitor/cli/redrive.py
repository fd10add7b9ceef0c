"""`gatewatch redrive`: what a deployed Gatewatch could not do, why, and once more."""

from __future__ import annotations

import json
from typing import Any

import click

from monitor.aws.dead_letters import DeadLetterQueues, NoSuchStack
from monitor.aws.session import AwsSession
from monitor.cli.common import WrongInput
from monitor.model.dead_letter import PutBack
from monitor.report.plain import plain
from monitor.usecases.redrive import verdict

_DONE = {
    PutBack.SEND: "put back into its queue",
    PutBack.INVOKE: "invoked again",
    PutBack.DROP: "dropped",
}


@click.command()
@click.option("--stack", default="gatewatch", show_default=True, help="The deployed stack.")
@click.option("--region", help="Where it stands; default: as boto3 finds it.")
@click.option("--profile", help="Of the AWS configuration.")
@click.option("--put-back", is_flag=True, help="Deal with each once more; without it, only show.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def redrive(stack: str, region: str | None, profile: str | None, put_back: bool, form: str) -> None:
    """Show what lies in the dead letter queues of a stack, and why; put it back.

    A message that nobody can read is dropped by --put-back; everything else is done once more,
    which does no harm however often.
    """
    try:
        queues = DeadLetterQueues.of(AwsSession(region, profile=profile), stack)
    except NoSuchStack as error:
        raise WrongInput(str(error)) from error
    shown: list[dict[str, Any]] = []
    # All are read first: a message that fails again must not be met twice in one run.
    for letter in list(queues.letters()):
        found = verdict(letter)
        why = found.why or queues.logged_reason(letter) or "the log of the function has the reason"
        done = _DONE[found.put_back] if put_back else ""
        if put_back:
            queues.put_back(letter, found)
        else:
            queues.release(letter)
        shown.append(
            {"queue": letter.queue, "id": letter.id, "what": found.what, "why": why, "done": done}
        )
    click.echo(json.dumps(shown, indent=2) if form == "json" else _text(shown, put_back=put_back))


def _text(shown: list[dict[str, Any]], *, put_back: bool) -> str:
    if not shown:
        return "nothing lies in the dead letter queues"
    lines = []
    for one in shown:
        lines.append(f"{one['queue']}  {plain(one['what'])}")
        lines.append(f"    why: {plain(one['why'])}")
        if one["done"]:
            lines.append(f"    {one['done']}")
    lines.append(f"{len(shown)} in all" + ("" if put_back else "; --put-back does each once more"))
    return "\n".join(lines)
