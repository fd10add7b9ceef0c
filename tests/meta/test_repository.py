"""The pieces of the repository that belong together."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from monitor.evaluation.catalogue import RULES

ROOT = Path(__file__).resolve().parent.parent.parent


def test_every_rule_has_its_file_and_its_page() -> None:
    files = {p.stem.replace("_", "-") for p in (ROOT / "src/monitor/rules").glob("[a-z]*.py")}
    pages = {p.stem for p in (ROOT / "docs/rules").glob("*.md")}

    assert {rule.id for rule in RULES} == files == pages


def test_the_pages_made_from_the_code_are_current() -> None:
    made = subprocess.run(
        [sys.executable, "tools/make_docs.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert made.returncode == 0, made.stderr


def test_the_functions_import_a_subset_of_what_the_project_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert set(project["dependency-groups"]["lambda"]) < set(project["project"]["dependencies"])


@pytest.mark.parametrize(
    "lock", ["src/requirements.txt", *map(str, Path("requirements").glob("*.txt"))]
)
def test_locks_hold_names_versions_and_hashes_only(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")

    assert "://" not in text
    pinned = re.findall(r"(?m)^([a-z0-9][\w.\-\[\]]*)==[\w.+!]+", text, re.IGNORECASE)
    assert pinned
    assert text.count("--hash=sha256:") >= len(pinned)


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_command_and_make_target_is_documented() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    targets = re.findall(r"(?m)^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"))
    contributing = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

    assert [t for t in targets if f"make {t}" not in readme + contributing] == []


def test_importing_the_handlers_needs_no_setting_and_makes_no_client() -> None:
    code = (
        "import sys, monitor.handlers.on_change, monitor.handlers.notify\n"
        "assert 'rich' not in sys.modules and 'click' not in sys.modules\n"
        "assert 'botocore.client' in sys.modules"
    )
    bare = {"PATH": "/usr/bin:/bin", "POWERTOOLS_METRICS_NAMESPACE": "Gatewatch"}

    subprocess.run([sys.executable, "-c", code], env=bare, check=True, cwd=ROOT)
