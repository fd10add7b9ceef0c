"""Random policies decided by an SMT solver and by the engine.

    python tests/proofs/smt.py --count 2000 --seed 1

For every route: exactly which addresses somebody without a credential can come from, whether a
stranger of another account gets in, whether a token helps.
"""

from __future__ import annotations

import argparse
import ipaddress
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from random import Random
from typing import Any

import z3

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from monitor.access.decide import decide
from monitor.model.access import Access, Scope
from tests.proofs.checks import NOW, snapshot_for
from tests.proofs.random_questions import random_question
from tests.proofs.smt_encoding import VERBS, Encoding, Span, elementary_spans


class UndecidedError(Exception):
    """The solver gave up."""


@dataclass(frozen=True)
class Part:
    """A span of addresses (None: whoever comes through a VPC endpoint), and whether somebody from
    there surely or possibly gets in; the two differ only where AWS's pages leave it open."""

    span: Span | None
    surely: bool
    possibly: bool


@dataclass(frozen=True)
class Found:
    """What the solver says of one route: who gets in without a signature and without a token
    (NONE), as a stranger (AWS_IAM), or with a token (the others)."""

    question: Mapping[str, Any]
    route: Mapping[str, Any]
    parts: tuple[Part, ...]


def solve(question: Mapping[str, Any], index: int) -> Found:
    route = question["api"]["routes"][index]
    encoding = Encoding(question, signed=route["authorization_type"] == "AWS_IAM")
    possible = _solver(encoding, index, favour=True)
    sure = _solver(encoding, index, favour=False) if _is_open(question) else possible
    parts = []
    for span in [None] if encoding.in_vpc else elementary_spans(question):
        if span is not None and span[0] not in encoding.families:
            continue
        found = _is_satisfiable(possible, encoding.from_span(span))
        certain = found and _is_satisfiable(sure, encoding.from_span(span))
        parts.append(Part(span, certain, found))
    return Found(question, route, tuple(parts))


def _is_open(question: Mapping[str, Any]) -> bool:
    """Whether the policy asks something that AWS's pages leave open."""
    operators = [
        (operator, key)
        for statement in question["policy"]["Statement"]
        for operator, block in statement.get("Condition", {}).items()
        for key in block
    ]
    return any(
        key == "aws:PrincipalAccount" or ("ForAny" in operator and "IfExists" in operator)
        for operator, key in operators
    )


def _solver(encoding: Encoding, index: int, *, favour: bool) -> z3.Solver:
    solver = z3.Solver()
    solver.set("timeout", 20_000)
    by_policy = encoding.api["routes"][index]["authorization_type"] in ("NONE", "AWS_IAM")
    ways = [
        z3.And(
            encoding.route_reached(index, verb),
            encoding.let_in(verb, by_policy=by_policy, favour=favour),
        )
        for verb in VERBS
    ]
    solver.add(encoding.door(), z3.Or(ways))
    return solver


def _is_satisfiable(solver: z3.Solver, *further: z3.BoolRef) -> bool:
    solver.push()
    solver.add(*further)
    found = solver.check()
    solver.pop()
    if found == z3.unknown:
        raise UndecidedError(solver.reason_unknown())
    return bool(found == z3.sat)


def complaints(found: Found, access: Access) -> Iterator[str]:
    """Where the engine's answer on the route is another than the solver's."""
    kind = found.route["authorization_type"]
    if kind == "AWS_IAM":
        needs_more = found.route["api_key_required"] or found.question["endpoint_type"] == "PRIVATE"
        if not needs_more:
            yield from _half_complaint(found, "any_aws_account", access.any_aws_account)
        return
    anyone = any(part.possibly for part in found.parts)
    if anyone is (access.scope is Scope.NOBODY):
        yield f"scope is {access.scope}, the solver says {anyone}"
    if kind == "NONE" and not found.route["api_key_required"]:
        yield from _half_complaint(found, "anonymous", access.anonymous)
        yield from _address_complaints(found, access)


def _half_complaint(found: Found, name: str, got: bool | None) -> Iterator[str]:
    wanted: bool | None = _is_public(part.span for part in found.parts if part.surely)
    if not wanted and _is_public(part.span for part in found.parts if part.possibly):
        wanted = None
    if got is not wanted:
        yield f"{name} is {got}, the solver says {wanted}"


def _address_complaints(found: Found, access: Access) -> Iterator[str]:
    cidrs = None
    if access.source_cidrs is not None:
        cidrs = [ipaddress.ip_network(cidr) for cidr in access.source_cidrs]
    for part in found.parts:
        if part.span is None:
            continue
        version, first, last = part.span
        for address in {_address(version, first), _address(version, last)}:
            inside = cidrs is None or any(address in cidr for cidr in cidrs)
            if not part.surely <= inside <= part.possibly:
                yield f"{address} is {inside}, the solver says {part}"


def _address(version: int, value: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value)


def _is_public(spans: Iterable[Span | None]) -> bool:
    """A whole family, more than 2^24 IPv4 addresses, or an IPv6 block wider than /32."""
    named = [span for span in spans if span is not None]
    v4 = sum(last - first + 1 for version, first, last in named if version == 4)
    blocks = ipaddress.collapse_addresses(
        block
        for version, first, last in named
        if version == 6
        for block in ipaddress.summarize_address_range(_address(6, first), _address(6, last))
    )
    return v4 > 1 << 24 or any(block.prefixlen < 32 for block in blocks)


def compare(seed: int, index: int) -> tuple[int, list[str]]:
    """One random policy: how many of its routes were decided, and where the engine differs."""
    question = random_question(Random(seed * 1_000_003 + index))
    stage = decide(snapshot_for(question), now=NOW).stages[0]
    by_route = {one.route: one.access for one in stage.live_routes}
    found: list[str] = []
    for place, route in enumerate(question["api"]["routes"]):
        key = f"{route['method']} {route['path']}"
        for complaint in complaints(solve(question, place), by_route[key]):
            found.append(f"seed {seed}, policy {index}, {key}: {complaint}")
    return len(question["api"]["routes"]), found


@dataclass(frozen=True)
class Outcome:
    """`routes` None: the solver gave up on the policy."""

    routes: int | None
    differing: tuple[str, ...] = ()


def _outcome(place: tuple[int, int]) -> Outcome:
    try:
        routes, differing = compare(*place)
    except UndecidedError:
        return Outcome(None)
    return Outcome(routes, tuple(differing))


def main() -> int:
    parser = argparse.ArgumentParser(description="random policies: the engine against z3")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    places = [(arguments.seed, index) for index in range(arguments.count)]
    found: list[Outcome] = []
    with Pool(arguments.workers) as pool:
        for outcome in pool.imap_unordered(_outcome, places, chunksize=10):
            found.append(outcome)
            for line in outcome.differing:
                print(line, flush=True)
    differing = sum(len(one.differing) for one in found)
    print(
        f"{arguments.count} policies ({sum(one.routes or 0 for one in found)} routes), "
        f"seed {arguments.seed}: {differing} disagreements, "
        f"{sum(one.routes is None for one in found)} undecided by the solver"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
