"""`make demo`: the real template on a local AWS, a real change, its alert in Slack, its remedy.

python -m tests.demo.run [--keep]
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from tests.demo import team
from tests.demo.story import DemoFailed, Story
from tests.emulator import stack
from tests.emulator.world import World


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="gatewatch-demo-") as folder:
            _play(Path(folder), started, keep=given.keep)
    except KeyboardInterrupt:
        print("\nstopped; everything that was started is ended", flush=True)
        return 130
    except (DemoFailed, TimeoutError) as failure:
        print(f"\nthe demo failed: {failure}", file=sys.stderr)
        return 1
    return 0


def _play(folder: Path, started: float, *, keep: bool) -> None:
    _say("Gatewatch, deployed whole on this machine: no AWS account, no Docker, loopback only.")
    _say("building the functions' package ...")
    package = stack.package()
    _say(f"starting a local AWS (roles enforced) and a Slack stand-in; {package.name}")
    with World.start(folder) as world:
        outputs = team.deploy(world)
        _say(f"template.yaml is deployed  [{time.monotonic() - started:.0f} s]")
        Story(world, outputs, say=_say, started=started).play()
        _say(f"\nDone in {time.monotonic() - started:.0f} s.")
        if keep:
            _wait(world)
    _say("Everything that was started is stopped.")


def _wait(world: World) -> None:
    _say("\nStill running; Ctrl-C stops it.")
    _say(f"  AWS    {world.endpoint}  (AWS_ACCESS_KEY_ID=123456789012, any secret, us-east-1)")
    _say(f"  Slack  {world.slack.url}")
    _say(f"  export AWS_ENDPOINT_URL={world.endpoint} AWS_DEFAULT_REGION=us-east-1")
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
