"""What a case file promises, held against the engine and against the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.access.answer import answer
from monitor.access.question import read_question, snapshot_of
from monitor.access.reference import decide_request
from monitor.model.api import ApiSnapshot
from tests.proofs.cases import Case

NOW = datetime(2026, 11, 22, tzinfo=UTC)

# Undocumented, so that nobody may call it closed: true, or null for "not decidable".
OPEN = (True, None)


def snapshot_for(question: Mapping[str, Any]) -> ApiSnapshot:
    return snapshot_of(read_question(question), now=NOW)


def engine_complaints(case: Case) -> Iterator[str]:
    got = answer(read_question(case.question), now=NOW)
    for name, wanted in case.expect.items():
        if name == "decisions" and case.beyond:
            continue
        if got[name] not in _accepted(name, wanted):
            yield f"{name} is {got[name]}, expected {wanted}"


def _accepted(name: str, wanted: Any) -> tuple[Any, ...]:
    """A list is a choice, but for the fields that are lists."""
    if name in ("source_cidrs", "decisions"):
        return (wanted,)
    if wanted == "open":
        return OPEN
    return tuple(wanted) if isinstance(wanted, list) else (wanted,)


def reference_complaints(case: Case) -> Iterator[str]:
    snapshot = snapshot_for(case.question)
    for place, (request, wanted) in enumerate(
        zip(case.requests, case.expect.get("decisions", ()), strict=True)
    ):
        got = decide_request(snapshot, None, request, now=NOW)
        if got != wanted:
            yield f"request {place} is {got}, expected {wanted}"
