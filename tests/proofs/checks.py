"""What a case file promises, held against the engine and against the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.access.answer import access_document, answer
from monitor.access.decide import decide
from monitor.access.question import read_question, snapshot_of
from monitor.access.reference import decide_request
from monitor.model.access import Access, Scope
from monitor.model.api import ApiSnapshot
from monitor.model.request import Decision, Request
from tests.proofs.cases import Case
from tests.proofs.snapshots import patched

NOW = datetime(2026, 11, 22, tzinfo=UTC)

# Undocumented, so that nobody may call it closed: true, or null for "not decidable".
OPEN = (True, None)


def snapshot_for(question: Mapping[str, Any]) -> ApiSnapshot:
    return snapshot_of(read_question(question), now=NOW)


def snapshot_of_case(case: Case) -> ApiSnapshot:
    snapshot = snapshot_for(case.question)
    return patched(snapshot, case.snapshot) if case.snapshot else snapshot


def engine_complaints(case: Case) -> Iterator[str]:
    snapshot = snapshot_of_case(case)
    stages = decide(snapshot, now=NOW).stages
    if not stages:
        yield from _differences(case, answer(read_question(case.question), now=NOW))
        return
    yield from _differences(case, access_document(stages[0].live))
    for route in stages[0].live_routes:
        yield from witness_complaints(snapshot, route.access)


def _differences(case: Case, got: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in case.expect.items():
        if name != "decisions" and got[name] not in _accepted(name, wanted):
            yield f"{name} is {got[name]}, expected {wanted}"


def witness_complaints(snapshot: ApiSnapshot, access: Access) -> Iterator[str]:
    """What gets in has a witness, and the witness gets in with the credentials it names: for
    certain, and without any, where access is public. Where nobody knows, nothing is promised."""
    if access.scope is Scope.NOBODY:
        if access.witness is not None:
            yield "nobody gets in, and yet there is a witness"
        return
    if access.scope is Scope.UNKNOWN:
        return
    if access.witness is None:
        yield f"{access.scope} without a witness"
        return
    decision = decide_request(snapshot, None, Request.from_witness(access.witness), now=NOW)
    if access.public and access.witness.credentials:
        yield f"public, and yet the witness needs {access.witness.credentials}"
    # Of several policies the engine takes the widest, the reference what they agree on.
    one_policy = all(len(one.policies) < 2 for one in snapshot.deployments.values())
    must_be_sure = access.public and one_policy
    if decision is Decision.DENY or (must_be_sure and decision is not Decision.ALLOW):
        yield f"the decision on the witness is {decision}: {access.witness}"


def _accepted(name: str, wanted: Any) -> tuple[Any, ...]:
    """A list is a choice, but for the field that is a list."""
    if name == "source_cidrs":
        return (wanted,)
    if wanted == "open":
        return OPEN
    return tuple(wanted) if isinstance(wanted, list) else (wanted,)


def reference_complaints(case: Case) -> Iterator[str]:
    snapshot = snapshot_of_case(case)
    for place, (request, wanted) in enumerate(
        zip(case.requests, case.expect.get("decisions", ()), strict=True)
    ):
        got = decide_request(snapshot, None, request, now=NOW)
        if got != wanted:
            yield f"request {place} is {got}, expected {wanted}"
