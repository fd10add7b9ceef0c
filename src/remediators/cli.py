"""The console script `gatewatch`: the monitor's commands, and `remediate` above them."""

from __future__ import annotations

from monitor.cli.main import gatewatch as main
from remediators.commands import remediate

main.add_command(remediate)

__all__ = ["main"]
