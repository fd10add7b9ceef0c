# ruff: noqa: T201 - a script that prints
"""Random policies decided by an SMT solver and by the engine.

    python tests/proofs/smt.py --count 2000 --seed 1

For every route: exactly which addresses somebody without a credential can come from, whether a
stranger of another account gets in, whether a token helps.
"""

from __future__ import annotations

import argparse
import ipaddress
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
class Found:
    """What the solver says of one route: for each span of addresses, whether somebody from there
    gets in. Behind a VPC endpoint there is one span, which stands for all callers."""

    question: Mapping[str, Any]
    route: Mapping[str, Any]
    admitted: tuple[tuple[Span | None, bool], ...]

    @property
    def anyone(self) -> bool:
        return any(got_in for _, got_in in self.admitted)


def solve(question: Mapping[str, Any], index: int) -> Found:
    """Who gets in through one route: without a signature and without a token (NONE), as a stranger
    (AWS_IAM), or with a token (the others)."""
    route = question["api"]["routes"][index]
    encoding = Encoding(question, signed=route["authorization_type"] == "AWS_IAM")
    solver = z3.Solver()
    solver.set("timeout", 20_000)
    solver.add(encoding.door(), z3.Or(list(_ways_in(encoding, index))))
    spans = [None] if encoding.in_vpc else list(elementary_spans(question))
    admitted = tuple(
        (span, _is_satisfiable(solver, encoding.from_span(span)))
        for span in spans
        if span is None or span[0] in encoding.families
    )
    return Found(question, route, admitted)


def _is_satisfiable(solver: z3.Solver, *further: z3.BoolRef) -> bool:
    solver.push()
    solver.add(*further)
    found = solver.check()
    solver.pop()
    if found == z3.unknown:
        raise UndecidedError(solver.reason_unknown())
    return bool(found == z3.sat)


def _ways_in(encoding: Encoding, index: int) -> Iterator[z3.BoolRef]:
    by_policy = encoding.api["routes"][index]["authorization_type"] in ("NONE", "AWS_IAM")
    for verb in VERBS:
        allows, denies = encoding.policy_outcome(verb)
        let = z3.And(allows, z3.Not(denies)) if by_policy else z3.Not(denies)
        yield z3.And(encoding.route_reached(index, verb), let)


def complaints(found: Found, access: Access) -> Iterator[str]:
    """Where the engine's answer on the route is another than the solver's."""
    kind = found.route["authorization_type"]
    if kind == "AWS_IAM":
        needs_more = found.route["api_key_required"] or found.question["endpoint_type"] == "PRIVATE"
        if not needs_more:
            wanted = _is_public(found)
            if access.any_aws_account not in ((True, None) if wanted else (False,)):
                yield f"any_aws_account is {access.any_aws_account}, the solver says {wanted}"
        return
    if found.anyone is (access.scope is Scope.NOBODY):
        yield f"scope is {access.scope}, the solver says {found.anyone}"
    if kind == "NONE" and not found.route["api_key_required"]:
        wanted = _is_public(found)
        if access.anonymous not in ((True, None) if wanted else (False,)):
            yield f"anonymous is {access.anonymous}, the solver says {wanted}"
        yield from _address_complaints(found, access)


def _address_complaints(found: Found, access: Access) -> Iterator[str]:
    cidrs = None
    if access.source_cidrs is not None:
        cidrs = [ipaddress.ip_network(cidr) for cidr in access.source_cidrs]
    for span, got_in in found.admitted:
        if span is None:
            continue
        for address in {_address(span[0], span[1]), _address(span[0], span[2])}:
            inside = cidrs is None or any(address in cidr for cidr in cidrs)
            if inside is not got_in:
                yield f"{address} is {inside}, the solver says {got_in}"


def _address(version: int, value: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value)


def _is_public(found: Found) -> bool:
    """A whole family, more than 2^24 IPv4 addresses, or an IPv6 block wider than /32."""
    spans = [span for span, got_in in found.admitted if got_in and span is not None]
    v4 = sum(last - first + 1 for version, first, last in spans if version == 4)
    blocks = ipaddress.collapse_addresses(
        block
        for version, first, last in spans
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


def main() -> int:
    parser = argparse.ArgumentParser(description="random policies: the engine against z3")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    routes = undecided = 0
    differing: list[str] = []
    for index in range(arguments.count):
        try:
            decided, found = compare(arguments.seed, index)
        except UndecidedError:
            undecided += 1
            continue
        routes += decided
        differing += found
        for line in found:
            print(line)
    print(
        f"{arguments.count} policies ({routes} routes), seed {arguments.seed}: "
        f"{len(differing)} disagreements, {undecided} undecided by the solver"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
