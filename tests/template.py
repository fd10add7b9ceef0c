"""The SAM template as data, short forms of intrinsic functions kept as `{"Fn": argument}`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"


class _Loader(yaml.SafeLoader):
    pass


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def template() -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(TEMPLATE.read_text("utf-8"), _Loader)
    return document


@cache
def forwarder() -> dict[str, Any]:
    """The template of every other region."""
    path = TEMPLATE.parent / "deploy" / "forwarder.yaml"
    document: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Loader)
    return document


def resource(name: str) -> dict[str, Any]:
    found: dict[str, Any] = template()["Resources"][name]
    return found


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Name -> resource, of one type."""
    return {n: r for n, r in template()["Resources"].items() if r["Type"] == kind}
