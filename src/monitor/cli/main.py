"""The command line. Each command is a module beside this one."""

from __future__ import annotations

import click

from monitor.cli.explain import explain
from monitor.cli.policy import policy
from monitor.cli.redrive import redrive
from monitor.cli.replay import replay
from monitor.cli.report import report
from monitor.cli.scan import scan
from monitor.cli.slack import slack


@click.group()
@click.version_option(package_name="gatewatch")
def gatewatch() -> None:
    """Who can invoke your API Gateway APIs, is it allowed, who changed it."""


gatewatch.add_command(explain)
gatewatch.add_command(policy)
gatewatch.add_command(redrive)
gatewatch.add_command(replay)
gatewatch.add_command(report)
gatewatch.add_command(scan)
gatewatch.add_command(slack)
