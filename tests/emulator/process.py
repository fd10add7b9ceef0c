"""The emulator as a child process: started ready or not at all, and never left behind."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EMULATOR_PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
LAMBDA_PYTHON = ROOT / ".venv-lambda" / "bin" / "python"
LAUNCHER = Path(__file__).resolve().parent / "launch.py"
HOST = "127.0.0.1"


class EmulatorError(RuntimeError):
    """The emulator did not become ready; the message ends with the tail of its log."""


def installed() -> bool:
    return EMULATOR_PYTHON.exists() and LAMBDA_PYTHON.exists()


@dataclass
class Emulator:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @classmethod
    def start(
        cls, workdir: Path, options: Iterable[str], *, timeout: float = 30, tries: int = 3
    ) -> Emulator:
        """Start on a free port; another program may take it first, hence the tries."""
        if not installed():
            raise EmulatorError("no .venv-emulator or no .venv-lambda: run `make emulator`")
        workdir = workdir.resolve()  # functions run elsewhere and use it too
        workdir.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, tries + 1):
            emulator = cls._spawn(workdir, options)
            try:
                if emulator._ready(timeout):
                    return emulator
            except BaseException:
                emulator.stop()
                raise
            emulator.stop()
            if attempt == tries or "already in use" not in emulator.tail():
                break
        raise EmulatorError(f"the emulator did not start; its log:\n{emulator.tail()}")

    @classmethod
    def _spawn(cls, workdir: Path, options: Iterable[str]) -> Emulator:
        port, log = free_port(), workdir / "emulator.log"
        command = [str(EMULATOR_PYTHON), "-E", "-s", str(LAUNCHER)]
        command += ["--tied", "--port", str(port), *options]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=clean_environment(workdir),
                stdin=subprocess.PIPE,  # closes with us, whatever ends us; see --tied
                stdout=output,
                stderr=output,
                start_new_session=True,  # a group of its own: Ctrl-C is for us to handle
            )
        return cls(process, port, log)

    def _ready(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            connection = http.client.HTTPConnection(HOST, self.port, timeout=2)
            with contextlib.suppress(OSError), contextlib.closing(connection):
                connection.request("GET", "/_ministack/health")
                # Somebody else may answer on that port, then ours gives up at once.
                return connection.getresponse().status == 200 and self.process.poll() is None
            time.sleep(0.03)
        return False

    def tail(self, lines: int = 25) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """Stop the emulator and every function it runs; safe to call again."""
        if self.process.stdin is None or self.process.stdin.closed:
            return
        # Its state is not worth a graceful end, and a group that is gone leaves no orphans.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.process.stdin.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def clean_environment(workdir: Path) -> Mapping[str, str]:
    """Nothing of the caller's: no profile, no credentials, no proxy, no PYTHONPATH."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "HOME": str(workdir), "TMPDIR": str(workdir), "LANG": "C.UTF-8"}
