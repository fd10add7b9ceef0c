"""A question file: JSON text to questions, or one message that says what was expected and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from monitor.access.question import Question
from monitor.iampolicy.json_places import Step, line_and_column
from monitor.iampolicy.json_text import JsonObject, Malformed, parse_json

# A question holds one API; a file of this size holds tens of thousands.
MAX_CHARACTERS = 128 * 1024 * 1024
_EXPECTED = "a question: a JSON object, or a list of them"


@dataclass(frozen=True, slots=True)
class QuestionError(Exception):
    """`line` and `column` count from 1; `message` says what was expected."""

    message: str
    line: int
    column: int


def read_questions(text: str) -> tuple[Question, ...]:
    """Raises `QuestionError` for a text that is not JSON or not a question.

    A policy inside a question may be malformed: that is for its answer to say.
    """
    parsed = parse_json(text, limit=MAX_CHARACTERS)
    if isinstance(parsed, Malformed):
        raise QuestionError(f"not JSON: {parsed.detail}", parsed.line, parsed.column)
    if isinstance(parsed, list):
        return tuple(_question(text, one, (place,)) for place, one in enumerate(parsed))
    return (_question(text, parsed, ()),)


def _question(text: str, raw: object, place: tuple[Step, ...]) -> Question:
    if not isinstance(raw, JsonObject):
        raise _error(text, place, f"expected {_EXPECTED}")
    repeated = next(_repeated(raw, ()), None)
    if repeated is not None:
        raise _error(text, (*place, *repeated), "this key occurs twice")
    try:
        return Question.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = (*place, *first["loc"])
        raise _error(text, where, _expected(first["type"], first["msg"])) from None


# A policy's own doubled keys are a matter of the answer.
_POLICIES = frozenset({"policy", "deployed_policy"})


def _repeated(raw: JsonObject, place: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    if raw.duplicate is not None:
        yield (*place, raw.duplicate)
    for key, value in raw.items():
        if key not in _POLICIES and isinstance(value, JsonObject):
            yield from _repeated(value, (*place, key))


def _expected(kind: str, message: str) -> str:
    if kind == "missing":
        return "this field is required"
    if kind == "string_pattern_mismatch":
        return "expected 12 digits"
    for start in ("Input should be ", "Value error, "):
        if message.startswith(start):
            return f"expected {message.removeprefix(start)}"
    return message[:1].lower() + message[1:]


def _error(text: str, place: tuple[Step, ...], message: str) -> QuestionError:
    line, column = line_and_column(text, place)
    return QuestionError(f"{_shown(place)}{message}", line, column)


def _shown(place: tuple[Step, ...]) -> str:
    shown = ""
    for step in place:
        dot = "." if shown else ""
        shown += f"[{step}]" if isinstance(step, int) else f"{dot}{step[:128]}"
    return f"`{shown}`: " if shown else ""
