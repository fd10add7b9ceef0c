"""What Slack refuses in a message or a view (Block Kit reference, and what people ran into)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TEXT = 40_000
# Undocumented: 12,000 characters of text "with a buffer for block containers" (slackapi/bolt-js
# issues 2509 and 2867); measured there at about 13,200 characters of blocks as they are sent.
BLOCKS_TOTAL = 13_200

Json = dict[str, Any]
Problems = Iterator[str]


def blocks_too_long(blocks: list[Json]) -> bool:
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > BLOCKS_TOTAL


def block_problems(blocks: object, at_most: int = MESSAGE_BLOCKS, at: str = "/blocks") -> list[str]:
    """Every reason to answer `invalid_blocks`, in Slack's words and with its JSON pointers."""
    if not isinstance(blocks, list):
        return [_error("must be an array", at)]
    problems = []
    if len(blocks) > at_most:
        problems.append(_error(f"no more than {at_most} items allowed", at))
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        where = f"{at}/{index}"
        block_id = block.get("block_id")
        if block_id in seen:
            problems.append(_error("block_id is not unique", f"{where}/block_id"))
        if block_id:
            seen.add(block_id)
        problems.extend(_length(block.get("block_id", "x"), 255, f"{where}/block_id"))
        check = _BLOCKS.get(block.get("type"))
        if check is None:
            problems.append(_error(f"unsupported type: {block.get('type')}", f"{where}/type"))
        else:
            problems.extend(check(block, where))
    return problems


def _error(what: str, at: str) -> str:
    return f"[ERROR] {what} [json-pointer:{at}]"


def _length(text: object, most: int, at: str) -> Problems:
    if not isinstance(text, str):
        yield _error("must be a string", at)
    elif not text:
        yield _error("must be more than 0 characters", at)
    elif len(text) > most:
        yield _error(f"must be less than {most + 1} characters", at)


def _count(items: object, most: int, at: str) -> Problems:
    if not isinstance(items, list):
        yield _error("must be an array", at)
    elif not items:
        yield _error("no fewer than 1 items allowed", at)
    elif len(items) > most:
        yield _error(f"no more than {most} items allowed", at)


def _text(text: object, most: int, at: str, *, plain: bool = False) -> Problems:
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield _error(f"must be a text object of type {' or '.join(kinds)}", at)
    else:
        yield from _length(text.get("text"), most, f"{at}/text")


def _section(block: Json, at: str) -> Problems:
    if "text" not in block and "fields" not in block:
        yield _error("needs text or fields", at)
    if "text" in block:
        yield from _text(block["text"], 3000, f"{at}/text")
    if "fields" in block:
        yield from _count(block["fields"], 10, f"{at}/fields")
        for index, field in enumerate(block["fields"]):
            yield from _text(field, 2000, f"{at}/fields/{index}")
    if "accessory" in block:
        yield from _element(block["accessory"], f"{at}/accessory")


def _header(block: Json, at: str) -> Problems:
    yield from _text(block.get("text"), 150, f"{at}/text", plain=True)


def _context(block: Json, at: str) -> Problems:
    elements = block.get("elements")
    yield from _count(elements, 10, f"{at}/elements")
    for index, element in enumerate(elements or []):
        if element.get("type") != "image":
            yield from _text(element, 3000, f"{at}/elements/{index}")


def _actions(block: Json, at: str) -> Problems:
    elements = block.get("elements")
    yield from _count(elements, 25, f"{at}/elements")
    ids = [element.get("action_id") for element in elements or []]
    if len(set(ids) - {None}) < len([known for known in ids if known]):
        yield _error("action_id is not unique", f"{at}/elements")
    for index, element in enumerate(elements or []):
        yield from _element(element, f"{at}/elements/{index}")


def _element(element: Json, at: str) -> Problems:
    yield from _length(element.get("action_id", "x"), 255, f"{at}/action_id")
    if element.get("type") == "button":
        yield from _text(element.get("text"), 75, f"{at}/text", plain=True)
        for key, most in (("value", 2000), ("url", 3000), ("accessibility_label", 75)):
            if key in element:
                yield from _length(element[key], most, f"{at}/{key}")
        if element.get("style", "primary") not in ("primary", "danger"):
            yield _error("style must be primary or danger", f"{at}/style")
    elif "options" in element:
        most = {"overflow": 5, "checkboxes": 10, "radio_buttons": 10}.get(element["type"], 100)
        yield from _count(element["options"], most, f"{at}/options")
        for index, option in enumerate(element["options"]):
            yield from _text(option.get("text"), 75, f"{at}/options/{index}/text")
            yield from _length(option.get("value"), 150, f"{at}/options/{index}/value")
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{at}/confirm")


def _confirm(confirm: Json, at: str) -> Problems:
    for key, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        yield from _text(confirm.get(key), most, f"{at}/{key}", plain=key != "text")


def _image(block: Json, at: str) -> Problems:
    yield from _length(block.get("alt_text"), 2000, f"{at}/alt_text")


def _input(block: Json, at: str) -> Problems:
    yield from _text(block.get("label"), 2000, f"{at}/label", plain=True)
    yield from _element(block.get("element") or {}, f"{at}/element")


def _markdown(block: Json, at: str) -> Problems:
    yield from _length(block.get("text"), 12_000, f"{at}/text")


def _anything(block: Json, at: str) -> Problems:
    yield from ()


_BLOCKS: dict[object, Callable[[Json, str], Problems]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "divider": _anything,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "rich_text": _anything,
    "table": _anything,
}


def view_problems(view: Json) -> list[str]:
    problems = block_problems(view.get("blocks"), VIEW_BLOCKS, "/view/blocks")
    if view.get("type") not in ("modal", "home"):
        problems.append(_error("type must be modal or home", "/view/type"))
    if view.get("type") == "modal":
        problems.extend(_text(view.get("title"), 24, "/view/title", plain=True))
        for key in ("submit", "close"):
            if key in view:
                problems.extend(_text(view[key], 24, f"/view/{key}", plain=True))
    problems.extend(_length(view.get("private_metadata") or "x", 3000, "/view/private_metadata"))
    return problems
