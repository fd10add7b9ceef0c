"""The console script `gatewatch`: the monitor's commands, and (above them) the remediators'."""

from __future__ import annotations

from monitor.cli.main import gatewatch as main

__all__ = ["main"]
