"""Dead letters: what each one is, why it is there, and where it goes back to. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from monitor.events.requests import MalformedMessage, Wake, parse_message
from monitor.model.change import Change, Ignored
from monitor.model.dead_letter import DeadLetter, PutBack, Verdict
from monitor.report.plain import plain

_WISHES = {
    "AsksDeadLetterQueue": "an answer given in Slack",
    "RemediationDeadLetterQueue": "a request about a remedy",
}
"""By queue: messages that people's words became. Done again they have no second effect."""


def verdict(letter: DeadLetter) -> Verdict:
    document = _object(letter.body)
    if letter.queue in _WISHES:
        return _of_wish(letter, document)
    if document is not None and isinstance(document.get("requestContext"), dict):
        return _of_invocation(document)
    return _of_message(letter)


def _of_wish(letter: DeadLetter, document: Mapping[str, Any] | None) -> Verdict:
    why = letter.attributes.get("reason", "")
    if document is None:
        return Verdict(
            what="no message of ours", why=why or "no JSON object", put_back=PutBack.DROP
        )
    kind = plain(str(document.get("step") or document.get("kind") or ""), 30)
    what = f"{_WISHES[letter.queue]} ({kind})" if kind else _WISHES[letter.queue]
    return Verdict(what=what, why=why, put_back=PutBack.SEND)


def _of_message(letter: DeadLetter) -> Verdict:
    given = letter.attributes
    why = given.get("reason", "")
    if "ERROR_CODE" in given:
        rule = given.get("RULE_ARN", "").rpartition("/")[2]
        why = f"EventBridge could not send it ({given['ERROR_CODE']}), rule {rule}".strip()
    try:
        message = parse_message(letter.body)
    except MalformedMessage as problem:
        return Verdict(what="no message of ours", why=why or str(problem), put_back=PutBack.DROP)
    if isinstance(message, Change) and message.ignored is Ignored.MALFORMED:
        return Verdict(
            what="a record that cannot be read", why=why or message.problem, put_back=PutBack.DROP
        )
    return Verdict(what=_what(message), why=why, put_back=PutBack.SEND)


def _what(message: Change | Wake | Any) -> str:
    if isinstance(message, Change):
        about = ", ".join(message.api_ids) or message.object or "the account"
        return f"{message.event_name} by {message.actor.name}, about {about}"
    if isinstance(message, Wake):
        return f"the end of a burst of {message.subject.api_id or 'many APIs'}"
    return f"a look at {message.api.api_id}"


def _object(body: str) -> Mapping[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _of_invocation(failure: Mapping[str, Any]) -> Verdict:
    """Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations"."""
    function = str(failure["requestContext"].get("functionArn", ""))
    answer = failure.get("responsePayload")
    said = answer.get("errorMessage", "") if isinstance(answer, dict) else ""
    why = f"{failure['requestContext'].get('condition', '')}: {said}".strip(": ")
    name = function.partition(":function:")[2].partition(":")[0]
    if "requestPayload" not in failure:
        return Verdict(
            what=f"records of the table's stream for {name}",
            why=why or "the batch failed; the sweep tells what it held",
            put_back=PutBack.DROP,
        )
    return Verdict(
        what=f"an invocation of {name}",
        why=why,
        put_back=PutBack.INVOKE,
        function=function,
        payload=json.dumps(failure["requestPayload"]),
    )
