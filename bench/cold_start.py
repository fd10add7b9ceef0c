"""Cold start of each function under Lambda's own runtime interface client: from the start of the
process to its first request for an event, interpreter, imports and all.

    .venv/bin/uv pip install --python .venv-lambda/bin/python --target .build/ric awslambdaric
    .venv/bin/python bench/cold_start.py --ric .build/ric

The other end of the client, the Runtime API, is a server here. The package is the one that is
deployed, with byte code, on the bare interpreter that the emulator runs functions on.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.emulator import stack  # noqa: E402 - after the path
from tests.emulator.process import LAMBDA_PYTHON  # noqa: E402

RUNS = 5
CLIENTS = ("dynamodb", "sqs", "apigateway", "apigatewayv2")
HANDLERS = ("on_change", "scan_worker", "scan_fanout", "notify")
BARE = "boto3_alone"


class Runtime(BaseHTTPRequestHandler):
    """Notes the first request for an event, and never answers it."""

    asked = threading.Event()

    def do_GET(self) -> None:
        type(self).asked.set()
        time.sleep(5)

    def log_request(self, *_: object) -> None:
        """Say nothing."""


def start(folder: str, ric: Path, handler: str, port: int) -> float:
    """Milliseconds."""
    Runtime.asked.clear()
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{folder}:{ric}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "POWERTOOLS_METRICS_NAMESPACE": "Gatewatch",
    }
    begun = time.perf_counter()
    with subprocess.Popen(
        [LAMBDA_PYTHON, "-m", "awslambdaric", handler],
        env=environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        if not Runtime.asked.wait(60):
            child.kill()
            raise SystemExit(f"{handler} did not start")
        taken = (time.perf_counter() - begun) * 1000
        child.kill()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ric", type=Path, required=True, help="folder with awslambdaric")
    ric = parser.parse_args().ric.resolve()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with TemporaryDirectory() as folder:
        zipfile.ZipFile(stack.package()).extractall(folder)
        (Path(folder) / f"{BARE}.py").write_text(
            "import boto3\n"
            "session = boto3.Session(region_name='us-east-1')\n"
            f"clients = [session.client(name) for name in {CLIENTS}]\n"
            "def handler(event, context): pass\n"
        )
        names = {BARE: f"{BARE}.handler"}
        names |= {name: f"monitor.handlers.{name}.handler" for name in HANDLERS}
        taken: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(RUNS):  # in turn, so that a busy moment meets all of them
            for name, handler in names.items():
                taken[name].append(start(folder, ric, handler, server.server_port))
    bare = statistics.median(taken[BARE])
    print(f"median of {RUNS}; the first row is boto3 with the clients {', '.join(CLIENTS)}")
    print("| function | ms | ratio |\n| --- | --- | --- |")
    for name, found in taken.items():
        median = statistics.median(found)
        print(f"| {name} | {median:.0f} | {median / bare:.2f} |")


if __name__ == "__main__":
    main()
