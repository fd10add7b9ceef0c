"""Reasons as sentences. This is the only place that phrases them."""

from __future__ import annotations

from monitor.model.access import Reason


def sentence(reason: Reason) -> str:
    return f"{reason.code} {reason.place}".strip()
