"""Start MiniStack, mended, on 127.0.0.1. Runs in the emulator's own environment:

    .venv-emulator/bin/python tests/emulator/launch.py --port 4566 --auth

`--mends none` starts it as it comes. With `--tied` it stops when its standard input closes, so
that it cannot outlive whoever started it, however that one ended.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading

MENDS = (
    "cloudtrail",
    "deployed_snapshot",
    "embedding",
    "saved_policy",
    "patched_values",
    "default_endpoint",
    "late_writes",
    "method_policy",
    "caller_address",
    "rule_arns",
    "batch_actions",
    "batching_window",
    "streams",
    "lambda_pythons",
)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--auth", action="store_true", help="enforce IAM policies")
    parser.add_argument("--mends", type=_mends, default=MENDS, metavar="NAME,...|none")
    parser.add_argument("--event-delay", type=float, default=0.5, help="seconds from call to event")
    parser.add_argument("--flat-events", action="store_true", help="v1 events without <op>Input")
    parser.add_argument(
        "--lambda-python", action="append", default=[], metavar="LABEL=PATH", dest="pythons"
    )
    parser.add_argument("--tied", action="store_true", help="stop when standard input closes")
    return parser.parse_args(argv)


def _mends(text: str) -> tuple[str, ...]:
    names = () if text == "none" else tuple(text.split(","))
    if unknown := set(names) - set(MENDS):
        raise argparse.ArgumentTypeError(f"no mend called {', '.join(sorted(unknown))}")
    return names


def configure(options: argparse.Namespace) -> None:
    """MiniStack reads its settings from the environment, most of them at import."""
    os.environ.update(
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(options.port),
        MINISTACK_ACCOUNT_ID=options.account,
        MINISTACK_REGION=options.region,
        AUTH=str(options.auth).lower(),
    )


def mend(options: argparse.Namespace) -> None:
    import importlib

    settings = {
        "cloudtrail": {"delay": options.event_delay, "flat": options.flat_events},
        "lambda_pythons": {"pythons": dict(pair.split("=", 1) for pair in options.pythons)},
    }
    for name in options.mends:
        importlib.import_module(f"mends.{name}").apply(**settings.get(name, {}))


def _stop_with_parent() -> None:
    with contextlib.suppress(OSError):
        sys.stdin.buffer.read()
    # Only a group of our own may be signalled: it holds this process and the functions it runs.
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def main() -> None:
    options = arguments(sys.argv[1:])
    configure(options)
    if options.tied:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
    mend(options)
    from ministack import app

    sys.argv = ["ministack"]  # MiniStack parses the command line too
    app.main()


if __name__ == "__main__":
    main()
