"""Answers as text for a person: the verdict first, a request to try, then why, then the caveats."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from monitor.access.answer import Answer
from monitor.access.codes import Code
from monitor.access.explain import sentence
from monitor.model.access import Access, DoorKind, Reason, RouteAccess, Scope, Witness
from monitor.model.api import ApiType
from monitor.model.callers import Credential
from monitor.model.request import ANONYMOUS, Decision, Request
from monitor.report.curl import curl_parts

_MOST_CIDRS = 8
_MOST_ROUTES = 40


def explanation_text(answers: Sequence[Answer], *, width: int = 100, color: bool = False) -> str:
    """All answers, one after another. Whatever came from outside is made harmless to terminals."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=max(width, 40),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for number, one in enumerate(answers):
        if number:
            console.print()
        _print(console, one)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _print(console: Console, answered: Answer) -> None:
    live = answered.live
    console.print(Text(_title(answered), style="bold"))
    console.print(Padding(_verdict(live), (0, 0, 0, 2)))
    if live.witness is not None:
        _section(
            console,
            "A request that may get in" if live.public is None else "A request that gets in",
            _request_lines(answered, live.witness, console.width - 4),
        )
    _section(console, "Why", _numbered(sentence(reason) for reason in live.because))
    if live.caveats:
        _section(console, "To keep in mind", [_item("-", safe(one)) for one in live.caveats])
    if len(answered.routes) > 1:
        _section(console, "Routes", [_routes_table(answered.routes)])
    if answered.draft is not None:
        _section(console, "After the next deployment", [_verdict(answered.draft)])
    if answered.decisions:
        _section(console, "Requests asked about", [_decisions_table(answered)])


def _title(answered: Answer) -> str:
    question = answered.question
    api = question.api
    stage = f"stage {api.stage}" if api.stage is not None else "never deployed"
    name = f"{question.id}  ·  " if question.id else ""
    return safe(f"{name}{api.api_type} API {api.id}, {stage}, {api.region}")


def _verdict(access: Access) -> Text:
    label, style = _LABELS[access.public]
    text = Text.assemble((label, style), "  ", _VERDICTS[access.scope])
    if access.source_cidrs and access.scope is not Scope.INTERNET_EXCEPT_CIDRS:
        text.append(f" Addresses: {_cidrs(access.source_cidrs)}.")
    text.append(f" (scope {access.scope})")
    return text


_LABELS = {
    True: ("PUBLIC", "bold red"),
    False: ("NOT PUBLIC", "bold green"),
    None: ("UNKNOWN", "bold yellow"),
}
_VERDICTS = {
    Scope.INTERNET: "Anyone on the internet can invoke it, without any credential.",
    Scope.INTERNET_EXCEPT_CIDRS: "Anyone on the internet can invoke it, but for a few addresses.",
    Scope.BROAD_CIDR: "Anyone in a very large part of the internet can invoke it.",
    Scope.ANY_AWS_ACCOUNT: "Anyone with an AWS account of their own can invoke it.",
    Scope.TOKEN: "Only holders of a token that the authorizer accepts get in.",
    Scope.KEY: "Only holders of an API key get in.",
    Scope.CIDRS: "Only certain addresses get in.",
    Scope.ANY_VPCE: "Any VPC endpoint of any AWS account gets in; the internet does not.",
    Scope.ORG: "Only members of a named AWS organization get in.",
    Scope.AWS_PRINCIPALS: "Only AWS principals of named accounts get in.",
    Scope.OWN_ACCOUNT: "Only AWS principals of the API's own account get in.",
    Scope.VPC: "Only callers in named VPCs get in.",
    Scope.VPCE: "Only callers through named VPC endpoints get in.",
    Scope.CLIENT_CERTIFICATE: "Only holders of a trusted client certificate get in.",
    Scope.NOBODY: "Nobody can invoke it.",
    Scope.UNKNOWN: "Whether strangers get in cannot be decided: treat it as open.",
}


def _cidrs(cidrs: Sequence[str]) -> str:
    shown = ", ".join(cidrs[:_MOST_CIDRS])
    rest = len(cidrs) - _MOST_CIDRS
    return f"{shown} and {rest} more" if rest > 0 else shown


def _section(console: Console, title: str, parts: Iterable[Text | Table | Padding]) -> None:
    console.print()
    console.print(Padding(Text(title, style="bold cyan"), (0, 0, 0, 2)))
    for part in parts:
        console.print(Padding(part, (0, 0, 0, 4)))


def _numbered(sentences: Iterable[str]) -> list[Table]:
    return [_item(f"{place}.", safe(one)) for place, one in enumerate(sentences, 1)]


def _item(mark: str, text: str) -> Table:
    """A mark with text that hangs beside it when it wraps."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=len(mark))
    grid.add_column(overflow="fold")
    grid.add_row(mark, Text(text))
    return grid


def _request_lines(answered: Answer, shown: Witness, width: int) -> Iterator[Text]:
    command = curl(answered, shown)
    if command is not None:
        line = " ".join(command)
        whole = line if len(line) <= width else " \\\n  ".join(command)
        yield Text(whole, style="bold", overflow="ignore", no_wrap=True)
    details = []
    if answered.question.api.api_type is ApiType.WEBSOCKET:
        details.append(f"connect to wss://{shown.door.host}{_stage_in_path(answered, shown)}")
    elif command is None:
        details.append(f"{shown.method} {shown.path} on {shown.door.host}")
    details += [f"with {_HELD[one]}" for one in shown.credentials]
    if shown.principal != ANONYMOUS:
        details.append(f"signed by {shown.principal}")
    if shown.source_ip is not None:
        details.append(f"from {shown.source_ip}")
    details += [f"{key} = {value}" for key, value in sorted(shown.context.items())]
    if details:
        yield Text(safe(", ".join(details)))


_HELD = {
    Credential.TOKEN: "a valid token",
    Credential.API_KEY: "a valid API key",
    Credential.CLIENT_CERTIFICATE: "a trusted client certificate",
}


def curl(answered: Answer, shown: Witness) -> list[str] | None:
    """The request as a shell command, cut where it may be broken; None where curl cannot send it.

    Everything is quoted for the shell.
    """
    api = answered.question.api
    printable = all(_is_plain(text) for text in (shown.path, *shown.headers.values()))
    if api.api_type is ApiType.WEBSOCKET or shown.door.assumed or not printable:
        return None
    url = f"https://{shown.door.host}{_stage_in_path(answered, shown)}{shown.path}"
    return curl_parts(shown, url, region=api.region, headers=_headers(answered, shown))


def _headers(answered: Answer, shown: Witness) -> dict[str, str | None]:
    """The witness's headers; where the policy looks at them, none that curl would add."""
    looked_at = sentence(Reason(code=Code.HEADER_IS_FREE)) in answered.live.caveats
    return ({"User-Agent": None} if looked_at else {}) | dict(shown.headers)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _stage_in_path(answered: Answer, shown: Witness) -> str:
    """The default endpoint has the stage in the path, a custom domain its base path."""
    api = answered.question.api
    if shown.door.kind is not DoorKind.CUSTOM_DOMAIN:
        hidden = api.api_type is ApiType.HTTP and shown.stage == "$default"
        return "" if hidden else f"/{shown.stage}"
    for domain in api.custom_domains:
        if domain.domain_name == shown.door.host:
            base = (domain.base_path or "").strip("/")
            base = "" if base == "(none)" else base
            stage = "" if domain.stage not in (None, "", "(none)") else shown.stage
            return "".join(f"/{part}" for part in (base, stage) if part)
    return ""


def _routes_table(routes: Sequence[RouteAccess]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    doors = len({route.door for route in routes}) > 1
    for route in routes[:_MOST_ROUTES]:
        _, style = _LABELS[route.access.public]
        cells = [Text(safe(route.route)), Text(str(route.access.scope), style=style)]
        if doors:
            cells.insert(1, Text(safe(route.door.host)))
        table.add_row(*cells)
    if len(routes) > _MOST_ROUTES:
        table.add_row(Text(f"and {len(routes) - _MOST_ROUTES} more"))
    return table


_DECISION_STYLES = {
    Decision.ALLOW: "red",
    Decision.DENY: "green",
    Decision.UNKNOWN: "yellow",
}


def _decisions_table(answered: Answer) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for asked, decision in zip(answered.requests, answered.decisions, strict=True):
        table.add_row(Text(_request(asked)), Text(str(decision), style=_DECISION_STYLES[decision]))
    return table


def _request(asked: Request) -> str:
    source = f" from {asked.source_ip}" if asked.source_ip else ""
    headers = "".join(f", {name}: {value}" for name, value in asked.headers.items())
    context = "".join(f", {key} = {json.dumps(value)}" for key, value in asked.context.items())
    return safe(f"{asked.principal} {asked.method} {asked.path}{source}{headers}{context}")


def safe(text: str) -> str:
    """Text that no terminal takes for a command, and that reads in the order it is written."""
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
        return f"\\u{ord(char):04x}"
    return char
