"""Do the case files notice when the code is wrong? Small faults are put into the policy language,
the engine and the reference, one at a time, and every case is asked again.

    python tests/proofs/mutation.py --count 400 --seed 1

Each mutant runs in a process of its own, forked before the code is imported, and ends at the first
case that complains. `--count 0` runs every mutant.
"""

from __future__ import annotations

import argparse
import ast
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from itertools import islice
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
SECONDS = 60
WORKERS = 2
# What case files do not speak of: sentences, places in a file, how an answer is shown.
LEFT_OUT = {
    *("explain", "codes", "caveats", "reasons", "blockers", "answer", "question"),
    *("question_file", "json_places"),
}


@dataclass(frozen=True)
class Mutant:
    """`node` and `change` say where in the walk over the tree, and which of its changes."""

    path: Path
    line: int
    what: str
    node: int
    change: int

    def tree(self) -> ast.Module:
        tree = ast.parse(self.path.read_text())
        target = next(islice(_walk(tree), self.node, None))
        _, attributes = next(islice(_changes(target), self.change, None))
        for name, value in attributes.items():
            setattr(target, name, value)
        return ast.fix_missing_locations(tree)

    @property
    def module(self) -> str:
        parts = self.path.relative_to(SOURCE).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}


def mutants() -> Iterator[Mutant]:
    for package in ("iampolicy", "access"):
        for path in sorted((SOURCE / "monitor" / package).rglob("*.py")):
            if path.stem not in LEFT_OUT:
                yield from _mutants_of(path)


def _mutants_of(path: Path) -> Iterator[Mutant]:
    for place, node in enumerate(_walk(ast.parse(path.read_text()))):
        for number, (what, _) in enumerate(_changes(node)):
            yield Mutant(path, getattr(node, "lineno", 0), what, place, number)


def _walk(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node but those of annotations and decorators, which decide nothing."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        idle = {getattr(node, name, None) for name in ("annotation", "returns")}
        idle |= set(getattr(node, "decorator_list", ()))
        pending += [child for child in ast.iter_child_nodes(node) if child not in idle]


def _changes(node: ast.AST) -> Iterator[tuple[str, dict[str, Any]]]:
    """What to change about a node: a name for it, and the new attributes."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARE:
            new = _COMPARE[type(op)]
            yield f"{type(op).__name__} -> {new.__name__}", {"ops": [new()]}
        case ast.BoolOp(op=ast.And()):
            yield "and -> or", {"op": ast.Or()}
        case ast.BoolOp(op=ast.Or()):
            yield "or -> and", {"op": ast.And()}
        case ast.BinOp(op=op) if type(op) in _BINARY:
            new_operator = _BINARY[type(op)]
            yield f"{type(op).__name__} -> {new_operator.__name__}", {"op": new_operator()}
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not dropped", {"operand": ast.UnaryOp(ast.Not(), operand)}
        case ast.Constant(value=bool() as value):
            yield f"{value} -> {not value}", {"value": not value}
        case ast.Constant(value=int() as number):
            yield f"{number} -> {number + 1}", {"value": number + 1}
        case ast.If(test=test) | ast.IfExp(test=test):
            yield "condition negated", {"test": ast.UnaryOp(ast.Not(), test)}
        case ast.Attribute(value=ast.Name(id="Truth"), attr=("YES" | "NO" | "UNKNOWN") as attr):
            new_value = {"YES": "NO", "NO": "YES", "UNKNOWN": "NO"}[attr]
            yield f"{attr} -> {new_value}", {"attr": new_value}


class _MutantLoader(MetaPathFinder, Loader):
    """Imports one module from its mutated tree."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != self.mutant.module:
            return None
        is_package = self.mutant.path.stem == "__init__"
        return spec_from_loader(name, self, origin=str(self.mutant.path), is_package=is_package)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.mutant.tree(), str(self.mutant.path), "exec"), module.__dict__)


def _survives(mutant: Mutant) -> bool:
    """Whether no case complains. A mutant that cannot be imported, raises or hangs is noticed."""
    sys.meta_path.insert(0, _MutantLoader(mutant))
    of_reference = "reference" in mutant.module
    shared = mutant.path.stem in ("document", "json_text")
    return not any(_complaints(engine=not of_reference, reference=of_reference or shared))


def _complaints(*, engine: bool, reference: bool) -> Iterator[str]:
    from tests.proofs.cases import all_cases
    from tests.proofs.checks import engine_complaints, reference_complaints

    cases = list(all_cases())
    Random(0).shuffle(cases)
    for case in cases:
        if engine:
            yield from (f"{case.id}: {one}" for one in engine_complaints(case))
        if reference:
            yield from (f"{case.id}: {one}" for one in reference_complaints(case))


def _sound() -> bool:
    """Whether no case complains of the code as it is; otherwise nothing could be learnt."""
    child = os.fork()
    if not child:
        found = list(_complaints(engine=True, reference=True))
        print(*found, sep="\n")
        sys.stdout.flush()
        os._exit(1 if found else 0)
    return os.waitpid(child, 0)[1] == 0


def _start(mutant: Mutant) -> int:
    child = os.fork()
    if child:
        return child
    signal.alarm(SECONDS)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        os._exit(0 if _survives(mutant) else 1)
    except BaseException:  # noqa: BLE001 - whatever goes wrong, the mutant was noticed
        os._exit(1)


def run(chosen: list[Mutant]) -> list[Mutant]:
    """The survivors."""
    running: dict[int, Mutant] = {}
    survivors: list[Mutant] = []
    waiting = list(reversed(chosen))
    while waiting or running:
        while waiting and len(running) < WORKERS:
            mutant = waiting.pop()
            running[_start(mutant)] = mutant
        child, status = os.wait()
        done = running.pop(child)
        if status == 0:
            survivors.append(done)
            print(_shown(done), flush=True)
    return survivors


def _shown(mutant: Mutant) -> str:
    source = mutant.path.read_text().splitlines()[mutant.line - 1].strip()
    return f"{mutant.path.relative_to(SOURCE)}:{mutant.line}: {mutant.what}: {source}"


def main() -> int:
    parser = argparse.ArgumentParser(description="mutants against the case files")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of the path")
    arguments = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(SOURCE)]
    if not _sound():
        print("cases fail without any mutant")
        return 1
    every = [one for one in mutants() if arguments.only in str(one.path)]
    chosen = every
    if 0 < arguments.count < len(every):
        chosen = Random(arguments.seed).sample(every, arguments.count)
    survivors = run(chosen)
    print(f"{len(chosen)} of {len(every)} mutants, seed {arguments.seed}: {len(survivors)} survive")
    return 0


if __name__ == "__main__":
    sys.exit(main())
