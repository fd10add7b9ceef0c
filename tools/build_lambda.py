"""Build the folder that becomes the functions' code: locked dependencies, our packages, byte code.

    python tools/build_lambda.py OUT                   for AWS: Linux x86_64, Python 3.13
    python tools/build_lambda.py OUT --for INTERPRETER for that interpreter, on this machine

Byte code is two thirds of a cold start, and only byte code of the runtime's own minor version is of
use; so it is compiled where such an interpreter is found, and said where not.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ("monitor", "remediators")
RUNTIME = "3.13"
PLATFORM = "x86_64-manylinux_2_28"
UNUSED = ("bin", "monitor/cli", "remediators/cli.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--for", dest="interpreter", help="an interpreter of this machine")
    given = parser.parse_args()
    compiler = given.interpreter or find_interpreter(RUNTIME)
    build(given.out, given.interpreter)
    files = sum(1 for path in given.out.rglob("*") if path.is_file())
    if compiler is None:
        print(
            f"built {given.out} ({files} files) WITHOUT byte code: no Python {RUNTIME} found here, "
            "so the functions will start about half a second slower",
            file=sys.stderr,
        )
        return
    compile_all(compiler, given.out)
    size = sum(path.stat().st_size for path in given.out.rglob("*") if path.is_file())
    print(f"built {given.out}: {size / 1e6:.0f} MB, byte code of Python {version(compiler)}")


def build(out: pathlib.Path, interpreter: str | None) -> None:
    shutil.rmtree(out, ignore_errors=True)
    target = (
        ["--python", interpreter]
        if interpreter
        else ["--python-version", RUNTIME, "--python-platform", PLATFORM]
    )
    command = [
        *uv(), "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:",
        *target, "--target", str(out), "-r", str(ROOT / "src" / "requirements.txt"),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / "src" / package, out / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for unused in UNUSED:
        path = out / unused
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def compile_all(interpreter: str, out: pathlib.Path) -> None:
    # unchecked-hash: the files' dates change on their way through a zip.
    command = [interpreter, "-m", "compileall", "-q", "-j", "0",
               "--invalidation-mode", "unchecked-hash", str(out)]  # fmt: skip
    subprocess.run(command, check=True)


def find_interpreter(wanted: str) -> str | None:
    """An interpreter of that minor version that really runs: a shim may be there and answer 127."""
    homes = sorted(pathlib.Path.home().glob(f".pyenv/versions/{wanted}*/bin/python"), reverse=True)
    found = shutil.which(f"python{wanted}")
    for candidate in [sys.executable, *([found] if found else []), *map(str, homes)]:
        if version(candidate) == wanted:
            return candidate
    return None


def version(interpreter: str) -> str | None:
    """`3.13` for a Python 3.13.x; None if it does not run."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [interpreter, "-c", code], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def uv() -> list[str]:
    beside = pathlib.Path(sys.executable).parent / "uv"
    return [str(beside)] if beside.exists() else [os.fspath("uv")]


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
