"""A channel as a person would read it in Slack, for a terminal."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from tests.slack_standin.server import CHANNEL, SlackStandin

Json = dict[str, Any]
WIDTH = 96
_EMOJI = {
    "rotating_light": "🚨",
    "white_check_mark": "✅",
    "warning": "⚠️",
    "red_circle": "🔴",
    "large_orange_circle": "🟠",
    "large_yellow_circle": "🟡",
    "large_green_circle": "🟢",
    "large_blue_circle": "🔵",
    "information_source": "\u2139\ufe0f",
    "question": "❓",
    "lock": "🔒",
    "unlock": "🔓",
    "eyes": "👀",
    "globe_with_meridians": "🌐",
    "white_circle": "⚪",
    "wrench": "🔧",
    "leftwards_arrow_with_hook": "\u21a9\ufe0f",
}
_VERBATIM = re.compile(r"```.*?```|`[^`\n]+`|<[^<>\n]+>", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w*_~])([*_~])(?=\S)(.+?)(?<=\S)\1(?![\w*_~])")


def render_thread(standin: SlackStandin, channel: str = CHANNEL) -> str:
    """Every message of the channel with the replies below it, oldest first."""
    return Reader(standin, channel).read()


class Reader:
    """Somebody who looks at a channel now and then, and reads only what is new in it."""

    def __init__(self, standin: SlackStandin, channel: str = CHANNEL) -> None:
        self._standin = standin
        self._channel = channel
        # message -> its lines when it was read
        self._known: dict[str, list[str]] = {}

    def read(self, *, edits: bool = False) -> str:
        """New messages and replies; of an edited message the title, or all of it with `edits`."""
        page, self._known = self._page(edits)
        return page

    def peek(self) -> str:
        """What `read(edits=True)` would show."""
        return self._page(edits=True)[0]

    def _page(self, edits: bool) -> tuple[str, dict[str, list[str]]]:
        known = dict(self._known)
        page = [f"#{self._standin.channels[self._channel]}"]
        for message in self._standin.messages(self._channel):
            root, *replies = self._standin.thread(message["ts"], self._channel)
            was, now = known.get(root["ts"]), _message(root, "  ")
            below = {reply["ts"]: _message(reply, "      ") for reply in replies}
            new = [ts for ts, lines in below.items() if known.get(ts) != lines]
            if was == now and not new:
                continue
            whole = was is None or (edits and was != now)
            page += ["", "Gatewatch  APP", *(now if whole else _title(root, "  "))]
            for ts in new:
                page += ["", "    ↳ Gatewatch  APP", *below[ts]]
            known |= {root["ts"]: now, **below}
        return "\n".join(line.rstrip() for line in page) + "\n", known


def _title(message: Json, indent: str) -> list[str]:
    """The beginning of a message that is known."""
    blocks = message.get("blocks") or []
    text = _text(blocks[0]["text"]) if blocks else mrkdwn(message["text"])
    more = " … (edited)" if message.get("edited") else " …"
    return list(_wrapped(text + more, indent))


def _message(message: Json, indent: str) -> list[str]:
    # Blocks are what is seen; `text` is then only the notification.
    shown = list(_blocks(message.get("blocks") or []))
    if not shown:
        shown = [mrkdwn(message["text"])] if message.get("text") else []
    for attachment in message.get("attachments") or []:
        beside = list(_blocks(attachment.get("blocks") or [])) or [mrkdwn(attachment["text"])]
        shown += [f"▌ {line}" for part in beside for line in part.splitlines()]
    if message.get("edited"):
        shown.append("(edited)")
    return [line for part in shown for line in _wrapped(part, indent)]


def _wrapped(text: str, indent: str) -> Iterable[str]:
    for line in text.split("\n"):
        hanging = indent + " " * (len(line) - len(line.lstrip()))
        yield from textwrap.wrap(
            line,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=hanging,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        ) or [""]


def _blocks(blocks: list[Json]) -> Iterable[str]:
    for block in blocks:
        kind = block.get("type")
        if kind == "header":
            title = _text(block["text"])
            yield f"{title}\n{'=' * len(title)}"
        elif kind == "section":
            yield from _section(block)
        elif kind == "context":
            yield "  ".join(_text(e) for e in block["elements"] if e.get("type") != "image")
        elif kind == "actions":
            yield "  ".join(_element(element) for element in block["elements"])
        elif kind == "divider":
            yield "-" * 40
        elif kind == "markdown":
            yield block["text"]
        elif kind == "image":
            yield f"[image: {block['alt_text']}]"


def _section(block: Json) -> Iterable[str]:
    beside = f"  {_element(block['accessory'])}" if block.get("accessory") else ""
    if "text" in block:
        yield _text(block["text"]) + beside
    for field in block.get("fields", ()):
        # A field is a bold label above its value; in a terminal one line reads better.
        yield "  " + re.sub(r":?\n", ": ", _text(field), count=1)


def _element(element: Json) -> str:
    if element.get("type") == "button":
        return f"[{_text(element['text'])}]"
    label = element.get("placeholder") or {"type": "plain_text", "text": "⋯"}
    return f"[{_text(label)} ▾]"


def _text(text: Json) -> str:
    raw: str = text["text"]
    return mrkdwn(raw) if text.get("type") == "mrkdwn" else html.unescape(_emoji(raw))


def mrkdwn(text: str) -> str:
    """Slack's markup as it is seen: no markers, links with their address, escapes undone."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(_verbatim(match.group()))
        return f"\x00{len(kept) - 1}\x01"

    text = _VERBATIM.sub(keep, text)
    for _ in range(2):  # *_both_*
        text = _EMPHASIS.sub(r"\2", text)
    text = re.sub(r"^&gt; ?", "│ ", _emoji(text), flags=re.MULTILINE)
    text = re.sub("\x00(\\d+)\x01", lambda match: kept[int(match.group(1))], text)
    return _unescape(text)


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _verbatim(marked: str) -> str:
    if marked.startswith("```"):
        return textwrap.indent(marked.strip("`").strip("\n"), "    ")
    if marked.startswith("`"):
        return marked
    target, _, label = marked[1:-1].partition("|")
    if target.startswith(("@", "#")):
        return target[0] + (label or target[1:])
    if target.startswith("!date^"):
        return label
    if target.startswith("!"):
        return "@" + (label or target[1:]).removeprefix("@")
    return f"{label} ({target})" if label and label != target else target


def _emoji(text: str) -> str:
    return re.sub(r":([a-z0-9_]+):", lambda m: _EMOJI.get(m.group(1), m.group()), text)
