"""`gatewatch report`: a scan's JSON in another format, or two scans compared."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.common import WrongInput, put_out, read_scan_file
from monitor.cli.rendering import render, report_options
from monitor.report.as_text import Detail


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@report_options
def report(
    files: tuple[Path, ...], format_: str, output: Path | None, detail: Detail | None
) -> None:
    """Turn a scan's JSON into another format, or compare scans of one account.

    FILES are what `gatewatch scan --format json` wrote; `-` reads standard input. With several, the
    earliest is compared with the latest and all of them give the trend. Exits with 0 whatever the
    scans found: judging was the scan's part.
    """
    scans = sorted(map(read_scan_file, files), key=lambda scan: scan.finished_at)
    accounts = sorted({scan.account_id for scan in scans})
    if len(accounts) > 1:
        raise WrongInput(f"scans of different accounts cannot be compared: {', '.join(accounts)}")
    put_out(render(scans, format_, output, detail), output)
