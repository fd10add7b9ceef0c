"""UpdateStage's patch operations as the API reference describes them, for tests without AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def patched(
    stage: dict[str, Any], operations: list[dict[str, str]], settings: Mapping[str, str]
) -> dict[str, Any]:
    """The stage after the operations. A value of -1 takes a limit away."""
    by_path = {path: name for name, path in settings.items()}
    for one in operations:
        path = one["path"].removeprefix("/")
        if path.startswith("accessLogSettings"):
            _access_log(stage, one, path)
        elif path in ("deploymentId", "tracingEnabled"):
            stage[path] = _typed(one["value"], stage.get(path))
        elif one["op"] == "remove":
            del stage["methodSettings"][path]
        else:
            resource, verb, *rest = path.split("/")
            setting = stage["methodSettings"].setdefault(f"{resource}/{verb}", {})
            name = by_path["/".join(rest)]
            setting[name] = _typed(one["value"], setting.get(name), name)
    return stage


def _access_log(stage: dict[str, Any], one: dict[str, str], path: str) -> None:
    if one["op"] == "remove":
        stage["accessLogSettings"] = {}
        return
    name = path.rpartition("/")[2]
    if one["value"]:
        stage["accessLogSettings"][name] = one["value"]
    else:
        stage["accessLogSettings"].pop(name, None)


def _typed(value: str, old: Any, name: str = "") -> Any:
    if value in ("true", "false"):
        return value == "true"
    if name == "throttlingRateLimit":
        return float(value)
    if name in ("throttlingBurstLimit", "cacheTtlInSeconds"):
        return int(value)
    return value
