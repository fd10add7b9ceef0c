"""Lines for a terminal of a given width: wrapped under their own beginning, coloured if wanted."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from monitor.report.plain import is_hidden

UNBROKEN = "\ue000"
"""Where a line must not be broken; written as a blank. A character that nobody else uses: rich also
breaks at a no-break space."""


@dataclass(frozen=True, slots=True)
class Line:
    """`indent` in columns; what does not fit goes on `hanging` columns further in. `whole`: it is
    meant to be copied, so only the terminal may break it."""

    text: Text
    indent: int = 0
    hanging: int = 0
    whole: bool = False


def write(lines: Iterable[Line], *, width: int, color: bool) -> str:
    """Text with one newline at the end; no blank ends a line."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for line in lines:
        _disarm(line.text)
        for part in _wrapped(line, console):
            console.print(part, soft_wrap=True)
    file = console.file
    assert isinstance(file, io.StringIO)
    text = file.getvalue().replace(UNBROKEN, " ")
    return "\n".join(one.rstrip() for one in text.splitlines()) + "\n"


def _disarm(text: Text) -> None:
    """Nothing in a line drives the terminal, whoever wrote the file that is being shown."""
    text.plain = "".join(
        " " if is_hidden(char) and char != UNBROKEN else char for char in text.plain
    )


def _wrapped(line: Line, console: Console) -> Iterable[Text]:
    if line.whole:
        yield _at(line.indent, line.text)
        return
    # Narrow terminals keep something to read in, whatever the indents say.
    hanging = min(line.hanging, max(console.width - line.indent - 20, 0))
    first, rest = console.width - line.indent, console.width - line.indent - hanging
    parts = list(line.text.wrap(console, first))
    yield _at(line.indent, parts[0] if parts else Text())
    if len(parts) > 1:
        left = line.text[len(parts[0].plain) :]
        for part in _stripped(left).wrap(console, rest):
            yield _at(line.indent + hanging, part)


def _stripped(text: Text) -> Text:
    return text[len(text.plain) - len(text.plain.lstrip()) :]


def _at(column: int, text: Text) -> Text:
    text.rstrip()
    return Text(" " * column).append_text(text)
