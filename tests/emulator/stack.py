"""The product's own template and package, deployed into a `World`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.emulator.process import LAMBDA_PYTHON
from tests.emulator.world import World, lambda_runtime

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "template.yaml"
BUILD = ROOT / ".build"
STACK = "gatewatch"
CHANNEL = "#api-alerts"


def package() -> Path:
    """The functions' zip, built for the interpreter that runs them here; kept until a source of it
    changes."""
    python, version = lambda_runtime(LAMBDA_PYTHON)
    archive = BUILD / f"local-{version}-{_digest()}.zip"
    if not archive.exists():
        folder = BUILD / f"local-{version}"
        build = [sys.executable, str(ROOT / "tools" / "build_lambda.py"), str(folder)]
        subprocess.run([*build, "--for", str(python)], check=True)
        for old in BUILD.glob(f"local-{version}-*.zip"):
            old.unlink()
        # Made beside and moved, so that a build that is cut off leaves nothing that looks whole.
        made = shutil.make_archive(str(BUILD / f"making-{os.getpid()}"), "zip", folder)
        Path(made).replace(archive)
    return archive


def deploy(world: World, *, token: str | None = None, **parameters: str) -> dict[str, str]:
    """The stack's outputs. The window is shut: events are looked at as they come."""
    given = {
        "SlackChannel": CHANNEL,
        "SlackBotToken": world.slack.token if token is None else token,
        "SlackBaseUrl": world.slack.url,
        "BatchingWindowSeconds": "1",
        "BurstQuietSeconds": "3",
        "BurstLongestSeconds": "10",
        "RequestsPerSecond": "50",
        **parameters,
    }
    return world.deploy(TEMPLATE, package(), STACK, given)


def _digest() -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _sources() -> Iterator[Path]:
    yield ROOT / "tools" / "build_lambda.py"
    yield ROOT / "src" / "requirements.txt"
    yield from sorted(p for p in (ROOT / "src").rglob("*") if p.suffix in (".py", ".yaml"))
