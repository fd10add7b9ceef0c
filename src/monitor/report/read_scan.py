"""A scan's JSON read back; what is wrong with it is told with its line and column."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import ValidationError

from monitor.report.documents import ScanDocument

_KINDS = ("gatewatch.scan/1", "gatewatch.replay/1")
_DECODER = json.JSONDecoder()


class NotAScan(Exception):
    """`line` and `column` from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def read_scan(text: str) -> ScanDocument:
    """A scan, or the scan inside a replay that also looked. Raises NotAScan."""
    try:
        document = _DECODER.decode(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise NotAScan(f"not JSON: {error.msg}", error.lineno, error.colno) from error
    except RecursionError as error:
        raise NotAScan("nested too deeply to be read") from error
    _check_kind(document, text)
    try:
        return ScanDocument.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        path = [part for part in first["loc"] if isinstance(part, str | int)]
        line, column = position(text, path)
        where = ".".join(map(str, path))
        raise NotAScan(f"`{where}`: {first['msg'].lower()}", line, column) from error


def _check_kind(document: object, text: str) -> None:
    if not isinstance(document, dict) or "schema" not in document:
        raise NotAScan("expected a scan, as `gatewatch scan --format json` writes it")
    kind = document["schema"]
    if kind not in _KINDS:
        line, column = position(text, ["schema"])
        raise NotAScan(f"`{kind}` is not a scan: expected `{_KINDS[0]}`", line, column)
    if "changes" in document and "apis" not in document:
        raise NotAScan("a replay with `--dry-run` looked at nothing: there is nothing to report")


def position(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """Line and column of the value at `path`, or of the deepest part of the path that exists."""
    at = _skip_blanks(text, 0)
    for part in path:
        inner = _member(text, at, part)
        if inner is None:
            break
        at = inner
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _member(text: str, at: int, part: str | int) -> int | None:
    """Where the member of the object or array at `at` begins."""
    if text[at] not in "{[":
        return None
    is_object, index = text[at] == "{", 0
    at = _skip_blanks(text, at + 1)
    while text[at] not in "}]":
        key: object = index
        if is_object:
            key, at = _DECODER.raw_decode(text, at)
            at = _skip_blanks(text, _skip_blanks(text, at) + 1)
        if key == part:
            return at
        _, at = _DECODER.raw_decode(text, at)
        at = _skip_blanks(text, at)
        at = _skip_blanks(text, at + 1) if text[at] == "," else at
        index += 1
    return None


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n\ufeff":
        at += 1
    return at
