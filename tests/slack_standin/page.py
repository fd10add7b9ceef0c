"""A message and its thread as a page that looks as Slack shows them, for a picture."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

Json = dict[str, Any]

_STYLE = """
body { margin: 0; padding: 18px 20px; background: #fff; color: #1d1c1d;
  font: 15px/1.46 Lato, "Helvetica Neue", "Segoe UI", "Liberation Sans", Arial, sans-serif; }
.channel { font-weight: 900; font-size: 18px; border-bottom: 1px solid #ddd; padding-bottom: 10px; }
.message { display: flex; gap: 10px; margin-top: 16px; }
.thread { margin-left: 22px; border-left: 2px solid #e8e8e8; padding-left: 16px; }
.avatar { flex: none; width: 36px; height: 36px; border-radius: 5px; background: #1d2733;
  color: #fff; font-weight: 900; display: grid; place-items: center; }
.name { font-weight: 900; } .app { background: #e8e8e8; color: #616061; font-size: 10px;
  border-radius: 2px; padding: 1px 3px; margin: 0 5px; vertical-align: 2px; }
.time, .context { color: #616061; font-size: 12.5px; } .body { min-width: 0; flex: 1; }
i { display: inline-block; width: 13px; height: 13px; border-radius: 50%; margin-right: 3px;
  vertical-align: -1px; }
h1 { font-size: 18px; line-height: 1.35; margin: 4px 0 8px; }
.section { margin: 7px 0; }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; }
code { background: #f6f6f6; border: 1px solid #ddd; border-radius: 3px; padding: 1px 3px;
  font: 12px "DejaVu Sans Mono", Menlo, monospace; color: #c01343; overflow-wrap: anywhere; }
pre { background: #f8f8f8; border: 1px solid #ddd; border-radius: 4px; padding: 8px; margin: 4px 0;
  font: 12px/1.5 "DejaVu Sans Mono", Menlo, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; }
a { color: #1264a3; text-decoration: none; } .mention { color: #1264a3; background: #e8f5fa; }
.actions { display: flex; gap: 8px; margin: 10px 0 6px; flex-wrap: wrap; }
.button { border: 1px solid #bbb; border-radius: 5px; padding: 4px 11px; font-weight: 700;
  font-size: 13.5px; } .danger { background: #e01e5a; border-color: #e01e5a; color: #fff; }
"""
_PARTS = re.compile(r"```(.*?)```|`([^`\n]+)`|<(@[A-Z0-9]+)>|<([^|<>]+)\|([^<>]+)>", re.DOTALL)
# A machine without an emoji font shows these all the same.
_SIGNS = {
    "red_circle": '<i style="background: #e01e5a"></i>',
    "large_orange_circle": '<i style="background: #f2952f"></i>',
    "large_yellow_circle": '<i style="background: #f2c744"></i>',
    "large_blue_circle": '<i style="background: #3b88fd"></i>',
    "white_circle": '<i style="background: #ddd"></i>',
    "white_check_mark": "\u2714",
    "wrench": "\u2692",
    "eyes": "\u25c9\u25c9",
}
_PEOPLE = {"@U0ALICE": "@alice"}


def page_of(root: Json, replies: Sequence[Json], *, channel: str) -> str:
    """HTML of one message of the channel and its thread."""
    thread = "".join(f'<div class="thread">{_message(reply)}</div>' for reply in replies)
    return (
        f"<!doctype html><meta charset=utf-8><title>Slack</title><style>{_STYLE}</style>"
        f'<div class="channel"># {html.escape(channel)}</div>{_message(root)}{thread}'
    )


def _message(message: Json) -> str:
    blocks = "".join(map(_block, message["blocks"]))
    return (
        '<div class="message"><div class="avatar">G</div><div class="body"><div>'
        '<span class="name">Gatewatch</span><span class="app">APP</span>'
        f'<span class="time">12:03</span></div>{blocks}</div></div>'
    )


def _block(block: Json) -> str:
    match block["type"]:
        case "header":
            return f"<h1>{html.escape(block['text']['text'])}</h1>"
        case "section":
            return "".join(_section(block))
        case "context":
            texts = " ".join(_mrkdwn(one["text"]) for one in block["elements"])
            return f'<div class="context section">{texts}</div>'
        case "actions":
            return f'<div class="actions">{"".join(map(_button, block["elements"]))}</div>'
    raise ValueError(f"no picture of a block of type {block['type']}")


def _section(block: Json) -> Iterator[str]:
    if "text" in block:
        yield f'<div class="section">{_mrkdwn(block["text"]["text"])}</div>'
    if "fields" in block:
        fields = "".join(f"<div>{_mrkdwn(one['text'])}</div>" for one in block["fields"])
        yield f'<div class="section fields">{fields}</div>'


def _button(element: Json) -> str:
    kind = "button danger" if element.get("style") == "danger" else "button"
    return f'<span class="{kind}">{html.escape(element["text"]["text"])}</span>'


def _mrkdwn(text: str) -> str:
    """Slack's markup as HTML. What is escaped in it stays escaped: the entities are HTML's too."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        block, inline, person, url, label = match.groups()
        if block is not None:
            kept.append(f"<pre>{block}</pre>")
        elif inline is not None:
            kept.append(f"<code>{inline}</code>")
        elif person is not None:
            kept.append(f'<span class="mention">{_PEOPLE.get(person, person)}</span>')
        else:
            kept.append(f'<a href="{url}">{label}</a>')
        return f"\x00{len(kept) - 1}\x01"

    text = _PARTS.sub(keep, text)
    text = re.sub(r":([a-z0-9_]+):", lambda m: _SIGNS.get(m[1], m[0]), text)
    text = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"<b>\1</b>", text)
    text = re.sub(r"(?<!\w)~([^~\n]+)~(?!\w)", r"<s>\1</s>", text)
    text = text.replace("\n", "<br>").replace("</pre><br>", "</pre>")
    return re.sub("\x00(\\d+)\x01", lambda m: kept[int(m[1])], text)
