"""Functions run on a chosen interpreter.

MiniStack runs every python3.x function on its own interpreter, with its own packages importable, so
a dependency missing from the zip goes unseen. Here a runtime's label is mapped to an interpreter
that has nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping

from mends import expect
from ministack.core import lambda_runtime


def apply(pythons: Mapping[str, str]) -> None:
    """`pythons`: runtime label (python3.13) -> path of the interpreter that runs it."""
    detect = expect.function(lambda_runtime, "_detect_runtime_binary", "runtime")

    def chosen(runtime: str) -> tuple[str, str]:
        binary, worker_script = detect(runtime)
        return pythons.get(runtime, binary), worker_script

    expect.replace(lambda_runtime, detect, chosen)
