"""The YAML in the guide is what the guide says it is."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from monitor.evaluation.org_policy import load_org_policy
from monitor.evaluation.policy_tests import load_cases
from monitor.orgpolicy.load import default_org_policy
from monitor.orgpolicy.sets import ALONE, NAMED

DOCS = Path(__file__).resolve().parents[3] / "docs"
GUIDE = (DOCS / "org-policy.md").read_text("utf-8")
BLOCKS = re.findall(r"(?ms)^```yaml\n(.*?)^```$", GUIDE)
_YAML = YAML(typ="safe", pure=True)
BANK: dict[str, Any] = _YAML.load((DOCS / "examples/bank.yaml").read_text("utf-8"))


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_piece_of_the_guide_is_a_piece_of_a_good_file(block: str) -> None:
    """With the names of the bank, where the piece gives none."""
    if block.startswith("# cases"):
        load_cases(block, "guide")
        return
    whole = {"version": 1, "organization": BANK["organization"], "classes": BANK["classes"]}
    stream = io.StringIO()
    _YAML.dump({**whole, **_YAML.load(block)}, stream)

    load_org_policy(stream.getvalue(), "guide")


def test_the_guide_shows_the_policy_that_is_shipped() -> None:
    assert load_org_policy(BLOCKS[0]).classes == default_org_policy().classes


def test_the_guide_names_every_set() -> None:
    words = [*ALONE, *(f"{kind} NAME" for kind in NAMED)]

    assert [word for word in words if f"`{word}" not in " ".join(GUIDE.split())] == []
