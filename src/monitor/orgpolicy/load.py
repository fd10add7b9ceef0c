"""YAML text -> `OrgPolicy`, or an error with its line and column."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from monitor.orgpolicy.schema import OrgPolicy

MAX_CHARACTERS = 512 * 1024


class OrgPolicyError(ValueError):
    """The file is no org policy. The message names file, line and column, and what to change."""


def load_org_policy(text: str, name: str = "org policy") -> OrgPolicy:
    """Raises OrgPolicyError."""
    document = _parse(text, name)
    if not isinstance(document, dict):
        raise OrgPolicyError(f"{name}:1:1: expected `version: 1` and `classes`, found no mapping")
    try:
        return OrgPolicy.model_validate(document)
    except ValidationError as error:
        raise OrgPolicyError(
            "\n".join(
                f"{name}:{_position(document, problem['loc'])}: {_say(problem)}"
                for problem in error.errors(include_url=False)
            )
        ) from error


@cache
def default_org_policy() -> OrgPolicy:
    """The policy that is shipped: no public access unless the API is tagged `exposure: public`."""
    return load_org_policy(files("monitor.orgpolicy").joinpath("default.yaml").read_text("utf-8"))


def _parse(text: str, name: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise OrgPolicyError(f"{name}: larger than {MAX_CHARACTERS} characters")
    try:
        return YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        raise OrgPolicyError(f"{name}:{place}: {error.problem or 'not YAML'}") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise OrgPolicyError(f"{name}:1:1: not YAML: {error}") from error


def _say(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = "unknown key"
    return f"`{where}`: {message}" if where else message


def _position(document: Any, location: tuple[int | str, ...]) -> str:
    """Line and column of the deepest part of the location that stands in the file, from 1."""
    line, column, node = 0, 0, document
    for part in location:
        try:
            if isinstance(node, CommentedMap):
                line, column = node.lc.key(part)
            elif isinstance(node, CommentedSeq):
                line, column = node.lc.item(part)
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
    return f"{line + 1}:{column + 1}"
