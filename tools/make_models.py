"""Cut botocore's description of EC2 down to the operations that Gatewatch uses.

    python tools/make_models.py            writes src/monitor/aws/models
    python tools/make_models.py --check    fails if that is not what it would write

EC2 has over 700 operations, whose description costs a process 25 MiB and a third of a second.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.loaders

MODELS = Path(__file__).resolve().parent.parent / "src" / "monitor" / "aws" / "models"
VERSION = "2016-11-15"
USED = ("DescribeRegions", "DescribeVpcEndpoints", "ModifyVpcEndpoint")


def main() -> None:
    file = MODELS / "ec2" / VERSION / "service-2.json"
    text = json.dumps(cut(), indent=1, sort_keys=True) + "\n"
    if "--check" in sys.argv:
        if file.read_text("utf-8") != text:
            sys.exit(f"{file} is not made from this botocore: run tools/make_models.py")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def cut() -> dict[str, Any]:
    model = botocore.loaders.Loader().load_service_model("ec2", "service-2", VERSION)
    operations = {name: model["operations"][name] for name in USED}
    needed: set[str] = set()
    waiting = list(shapes_in(operations))
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += shapes_in(model["shapes"][name])
    shapes = {name: model["shapes"][name] for name in needed}
    kept: dict[str, Any] = plain(
        {"metadata": model["metadata"], "operations": operations, "shapes": shapes}
    )
    return kept


def shapes_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for held in value.values():
            yield from shapes_in(held)
    elif isinstance(value, list):
        for held in value:
            yield from shapes_in(held)


def plain(value: Any) -> Any:
    """Without the documentation."""
    if isinstance(value, dict):
        return {
            key: plain(held)
            for key, held in value.items()
            if not (key == "documentation" and isinstance(held, str))
        }
    return [plain(held) for held in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
