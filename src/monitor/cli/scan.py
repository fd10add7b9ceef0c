"""`gatewatch scan`: read and judge every REST API of the account."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.common import (
    aws_options,
    finish,
    judging_options,
    org_policy,
    put_out,
)
from monitor.cli.looking import empty_document, progress, reach, scan_document
from monitor.cli.rendering import render, report_options
from monitor.model.finding import Severity
from monitor.model.gaps import Gap
from monitor.report.as_text import Detail
from monitor.report.documents import ScanDocument
from monitor.usecases.scan import scan as scan_region


@click.command()
@click.option("--region", "regions", multiple=True, help="Region to read; may be repeated.")
@click.option("--api", "api_ids", multiple=True, help="Only this REST API; may be repeated.")
@aws_options
@judging_options
@report_options
def scan(
    regions: tuple[str, ...],
    api_ids: tuple[str, ...],
    profile: str | None,
    rate: float,
    org_policy_file: Path | None,
    fail_on: str,
    format_: str,
    output: Path | None,
    detail: Detail | None,
) -> None:
    """Read every REST API of the account, live and draft, and judge who can invoke it.

    Exit codes: 0 nothing open, 1 open findings, 2 wrong input, 3 something could not be read.
    HTTP and WebSocket APIs are not read yet.
    """
    policy = org_policy(org_policy_file)
    account = reach(regions, profile=profile, rate=rate, policy=policy)
    if isinstance(account, Gap):
        document = empty_document(regions, [account])
    else:
        with progress("reading APIs") as tell:
            document = scan_document(
                account,
                [
                    scan_region(
                        looker,
                        region=region,
                        only=[account.api(region, api_id) for api_id in api_ids],
                        progress=tell,
                    )
                    for region, looker in account.lookers.items()
                ],
                only_apis=api_ids,
            )
        _name_the_missing(document, api_ids)
    put_out(render([document], format_, output, detail), output)
    finish(document.findings, complete=document.complete, fail_on=Severity(fail_on))


def _name_the_missing(document: ScanDocument, api_ids: tuple[str, ...]) -> None:
    found = {api.api_id for api in document.apis}
    for api_id in api_ids:
        if api_id not in found:
            click.echo(f"{api_id}: no such REST API in {', '.join(document.regions)}", err=True)
