"""YAML text -> `OrgPolicy`, or everything that is wrong with it, each mistake with its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from monitor.model.rule import Rule
from monitor.orgpolicy.checks import check_references
from monitor.orgpolicy.mistakes import Mistake, shape_mistakes, told
from monitor.orgpolicy.places import is_too_large
from monitor.orgpolicy.schema import OrgPolicy

MAX_CHARACTERS = 256 * 1024
MAX_MISTAKES = 100
"""More are only counted: whoever mends these will ask again."""

M = TypeVar("M", bound=BaseModel)


class OrgPolicyError(ValueError):
    """The file is no org policy. The message has a line for each mistake, in the order of the file:
    its name, line and column, and what to change."""


def load_org_policy(
    text: str, name: str = "org policy", *, rules: Sequence[Rule] | None = None
) -> OrgPolicy:
    """`rules`: those that there are; None = what the file says of rules is taken as it is.

    Raises OrgPolicyError.
    """
    document = read_document(text, name, "`version: 1` and `classes`")
    return validated(document, OrgPolicy, check_references(document, rules), name)


def validated(document: Any, model: type[M], mistakes: Iterable[Mistake], name: str) -> M:
    """The document as a model, if it is one and nothing else is wrong with it. Raises
    OrgPolicyError."""
    found = list(mistakes)
    try:
        value = model.model_validate(document)
    except ValidationError as error:
        known = {one.location for one in found}
        shape = shape_mistakes(document, error, model.model_json_schema())
        found += (one for one in shape if one.location not in known)
        raise _error(document, found, name) from error
    if found:
        raise _error(document, found, name)
    return value


def read_document(text: str, name: str, expected: str) -> Any:
    """A YAML mapping that remembers where its parts stand. Raises OrgPolicyError."""
    document = _parse(text, name)
    if not isinstance(document, dict):
        found = "an empty file" if document is None else "no mapping"
        raise OrgPolicyError(f"{name}:1:1: expected {expected}, found {found}")
    if is_too_large(document):
        raise OrgPolicyError(f"{name}:1:1: nested too deeply, or too large with its aliases")
    return document


def _error(document: Any, mistakes: Iterable[Mistake], name: str) -> OrgPolicyError:
    lines = [f"{name}:{line}" for line in told(document, mistakes)]
    if len(lines) > MAX_MISTAKES:
        lines[MAX_MISTAKES:] = [f"{name}: and {len(lines) - MAX_MISTAKES} more"]
    return OrgPolicyError("\n".join(lines))


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
