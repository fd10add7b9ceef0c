"""`gatewatch explain`: answers questions about APIs offline, without any call to AWS."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from monitor.access.answer import Answer, answer_document, answer_question
from monitor.access.question import Question
from monitor.access.question_file import QuestionError, read_questions
from monitor.report.explanation_text import explanation_text

_WIDTH_OF_FILES = 100


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="write it there")
@click.pass_context
def explain(context: click.Context, files: tuple[str, ...], form: str, output: Path | None) -> None:
    """Who can invoke the APIs that FILE asks about, and why. `-` reads standard input.

    FILE holds one question or a list of them, as JSON. Nothing is asked of AWS.
    """
    questions = [one for name in files for one in _read(context, name)]
    now = datetime.now(UTC)  # noqa: TID251 - the command line is where the present comes in
    answers = [answer_question(question, now=now) for question in questions]
    if form == "json":
        _write(context, _as_json(answers), output)
    else:
        terminal = output is None and sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if terminal else _WIDTH_OF_FILES
        _write(context, explanation_text(answers, width=width, color=terminal), output)


def _read(context: click.Context, name: str) -> Sequence[Question]:
    try:
        return read_questions(_text_of(context, name))
    except QuestionError as error:
        _refuse(context, f"{name}:{error.line}:{error.column}: {error.message}")


def _text_of(context: click.Context, name: str) -> str:
    try:
        if name == "-":
            return sys.stdin.buffer.read().decode()
        return Path(name).read_bytes().decode()
    except UnicodeDecodeError as error:
        _refuse(context, f"{name}: not UTF-8 text: byte {error.start} is no part of a character")
    except OSError as error:
        _refuse(context, f"{name}: {(error.strerror or 'cannot be read').lower()}")


def _refuse(context: click.Context, message: str) -> NoReturn:
    click.echo(f"gatewatch explain: {message}", err=True)
    context.exit(2)


def _as_json(answers: Sequence[Answer]) -> str:
    return json.dumps([answer_document(one) for one in answers], indent=2) + "\n"


def _write(context: click.Context, text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text.encode(errors="backslashreplace"), nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        _refuse(context, f"{output}: {(error.strerror or 'cannot be written').lower()}")
