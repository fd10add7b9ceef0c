"""`gatewatch scan`: read and judge every API of the account."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from monitor.cli.common import (
    WrongInput,
    aws_options,
    finish,
    judging_options,
    org_policy,
    put_out,
    read_scan_file,
)
from monitor.cli.judging import Judging, empty_document
from monitor.cli.looking import Account, progress, reach
from monitor.cli.rendering import render_parts, report_options
from monitor.cli.state import State, state
from monitor.model.finding import Severity
from monitor.model.gaps import Gap
from monitor.report.as_text import Detail
from monitor.report.baseline import KnownFindings

INTERRUPTED = 130
"""What a shell says of a program that was stopped with Ctrl-C."""


@click.command()
@click.option("--region", "regions", multiple=True, help="Region to read; may be repeated.")
@click.option("--all-regions", is_flag=True, help="Read every region enabled for the account.")
@click.option("--api", "api_ids", multiple=True, help="Only this API; may be repeated.")
@click.option(
    "--state",
    "state_folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that is kept from scan to scan: a scan that was stopped goes on where it was, "
    "what AWS calls immutable is read once, and findings keep their age.",
)
@click.option(
    "--identities",
    is_flag=True,
    help="Also read which users and roles of the account may call routes that ask for a signature "
    "(iam:GetAccountAuthorizationDetails).",
)
@click.option(
    "--baseline",
    "baseline_file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The JSON of an earlier scan: what it found fails this one only if it got worse.",
)
@aws_options
@judging_options
@report_options
def scan(
    regions: tuple[str, ...],
    all_regions: bool,
    api_ids: tuple[str, ...],
    state_folder: Path | None,
    identities: bool,
    baseline_file: Path | None,
    profile: str | None,
    rate: float,
    org_policy_file: Path | None,
    fail_on: str,
    format_: str,
    output: Path | None,
    detail: Detail | None,
) -> None:
    """Read every API of the account, live and draft, and judge who can invoke it.

    Exit codes: 0 nothing open but what is in the baseline, 1 open findings, 2 wrong input, 3
    something could not be read.
    """
    if regions and all_regions:
        raise WrongInput("give --region or --all-regions, not both")
    if output is not None and not output.parent.is_dir():
        raise WrongInput(f"{output}: No such file or directory")
    policy = org_policy(org_policy_file)
    baseline = KnownFindings.of(read_scan_file(baseline_file)) if baseline_file else None
    with state(state_folder) as kept:
        account = reach(
            regions,
            profile=profile,
            rate=rate,
            policy=policy,
            all_regions=all_regions,
            identities=identities,
        )
        if isinstance(account, Gap):
            outline = empty_document(regions, [account])
            put_out(render_parts(outline, tuple, format_, output, detail), output)
        else:
            _check_account(baseline, account)
            judging = _judge(
                account, kept, api_ids, baseline, can_continue=state_folder is not None
            )
            outline = judging.outline()
            put_out(render_parts(outline, judging.judged, format_, output, detail), output)
            kept.journal.clear()
    finish(outline.findings, complete=outline.complete, fail_on=Severity(fail_on))


def _check_account(baseline: KnownFindings | None, account: Account) -> None:
    """Raises WrongInput: in another account's baseline nothing would ever be known."""
    if baseline is not None and baseline.account_id != account.account_id:
        raise WrongInput(
            f"the baseline is of account {baseline.account_id}, and this is {account.account_id}"
        )


def _judge(
    account: Account,
    kept: State,
    api_ids: tuple[str, ...],
    baseline: KnownFindings | None,
    *,
    can_continue: bool,
) -> Judging:
    begun_at = kept.begin(account, api_ids)
    judging = Judging(
        account=account,
        state=kept,
        started_at=begun_at or account.started_at,
        only_apis=api_ids,
        baseline=baseline,
    )
    if begun_at is not None:
        click.echo(f"going on with the scan of {begun_at:%Y-%m-%d %H:%M:%S} UTC", err=True)
    try:
        with progress(account) as of_region:
            for region in account.regions:
                only = [account.api(region, api_id) for api_id in api_ids] or None
                judging.region(region, only, of_region(region))
    except KeyboardInterrupt:
        advice = "; the same command goes on from here" if can_continue else ""
        click.echo(f"stopped{advice}", err=True)
        sys.exit(INTERRUPTED)
    if judging.continued:
        click.echo(f"{len(judging.continued)} APIs were judged already, and skipped", err=True)
    judging.name_missing(api_ids)
    return judging
