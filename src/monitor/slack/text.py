"""Text that came from outside (API names, paths, session names) on its way into Slack.

Source: Slack developer docs, "Formatting text for app surfaces" (only `&`, `<` and `>` have to be
escaped, and that alone keeps a text from pinging a channel or forging a link).
"""

from __future__ import annotations

from monitor.model.finding import StepKind
from monitor.report.plain import plain

STEP_WORDS = {
    StepKind.OPENED: "Opened",
    StepKind.REOPENED: "Open again",
    StepKind.WIDENED: "Wider than before",
    StepKind.LOWERED: "Less grave than before",
    StepKind.ATTRIBUTED: "Now known who",
    StepKind.UNDECIDED: "Nobody can tell any more",
    StepKind.ACKNOWLEDGED: "Acknowledged",
    StepKind.WAIVED: "Waived",
    StepKind.WAIVER_ENDS: "The waiver ends soon",
    StepKind.UNWAIVED: "Waiver withdrawn",
    StepKind.RESOLVED: "Resolved",
}

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def mrkdwn(text: str, limit: int = 300) -> str:
    """`plain`, escaped for a mrkdwn text object."""
    return plain(text, limit).translate(_ENTITIES)


def code(text: str, limit: int = 300) -> str:
    """`plain` as inline code. A backtick cannot be escaped there, so it becomes an apostrophe."""
    return f"`{plain(text, limit).replace('`', chr(0x2019)).translate(_ENTITIES) or ' '}`"


def code_block(text: str, limit: int = 2000) -> str:
    """A preformatted block of one line."""
    return f"```{plain(text, limit).replace('`', chr(0x2019)).translate(_ENTITIES)}```"
