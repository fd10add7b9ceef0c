"""What Slack sends to our endpoint: is it Slack, is it ours, what does it ask. No I/O.

Source: Slack developer docs, "Verifying requests from Slack", "Handling user interaction", "Slash
commands".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qs

from slack_sdk.signature import Clock, SignatureVerifier

from monitor.model.ask import Ask, AskKind
from monitor.slack.buttons import Action, NoTarget, plan_target, target, waive_form

Json = dict[str, Any]

MAX_BODY = 200_000
"""Slack's own are a few kilobytes."""
MUTE_AT_MOST = timedelta(hours=24)

HELP = (
    "`/gatewatch status` what is open, in numbers\n"
    "`/gatewatch open` the gravest findings\n"
    "`/gatewatch explain API` who can call an API (its id or name) and why\n"
    "`/gatewatch mute CLASS 1h` hold back alerts of a class of the org policy, or of a rule, "
    "for a time (`30m` to `24h`); they are told afterwards\n"
    "`/gatewatch help` this"
)


class NotSlack(Exception):
    """Not signed by Slack for our app, or too old, or of another workspace; the message says why,
    for the log alone."""


class NotUnderstood(Exception):
    """Slack sent it, but it asks for nothing that we know; the message is for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenForm:
    """Answer by opening a form; the trigger is good for three seconds."""

    trigger_id: str
    view: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Hand the ask on, and answer Slack with `body`."""

    ask: Ask
    body: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Answer Slack with `body`, and that is all."""

    body: Json | None = None


Decision = OpenForm | Queue | Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The one workspace and app whose requests count."""

    team_id: str
    app_id: str


class _At(Clock):
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> float:
        return self._now.timestamp()


def check_signature(
    headers: Mapping[str, str], body: bytes, *, signing_secret: str, now: datetime
) -> None:
    """Raises NotSlack. Five minutes either way, compared in constant time."""
    if len(body) > MAX_BODY:
        raise NotSlack("the body is larger than any of Slack's")
    verifier = SignatureVerifier(signing_secret, clock=_At(now))
    try:
        is_valid = verifier.is_valid_request(body, dict(headers))
    except (
        ValueError,
        TypeError,
    ) as error:  # a timestamp that is no number, a body that is no text
        raise NotSlack(f"the signature cannot be read: {error}") from error
    if not is_valid:
        raise NotSlack("the signature is wrong, missing or more than five minutes old")


def decide(body: bytes, *, known: Known, now: datetime) -> Decision:
    """What to do about a request that Slack signed.

    Raises NotSlack for another workspace's or app's, NotUnderstood.
    """
    form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
    if form.get("ssl_check") == "1":
        return Say()
    payload = _payload(form["payload"]) if "payload" in form else None
    source = payload if payload is not None else form
    _check_origin(source, known)
    if payload is None:
        return _command(form, now)
    match payload.get("type"):
        case "block_actions":
            return _pressed(payload, now)
        case "view_submission":
            return _submitted(payload, now)
    return Say()


def _payload(text: str) -> Json:
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood("That was not understood.") from error
    if not isinstance(payload, dict):
        raise NotUnderstood("That was not understood.")
    return payload


def _check_origin(source: Mapping[str, Any], known: Known) -> None:
    team = source.get("team_id") or _of(source, "team", "id")
    if team != known.team_id:
        raise NotSlack(f"of another workspace: {team!r:.40}")
    app = source.get("api_app_id")
    if app != known.app_id:
        raise NotSlack(f"of another app: {app!r:.40}")


def _pressed(payload: Json, now: datetime) -> Decision:
    actions = payload.get("actions")
    pressed = actions[0] if isinstance(actions, list) and actions else {}
    if not isinstance(pressed, dict):
        raise NotUnderstood("That was not understood.")
    value = pressed.get("value")
    make = _asking(payload, now, answer_url=payload.get("response_url"))
    try:
        match pressed.get("action_id"):
            case Action.ACKNOWLEDGE:
                found = target(value)
                ask = make(AskKind.ACKNOWLEDGE, api=found.api, finding_ids=found.finding_ids)
                return Queue(ask=ask)
            case Action.WAIVE:
                return _open_form(payload, value, now)
            case Action.PLAN:
                found = target(value)
                ask = make(AskKind.PLAN, api=found.api, finding_ids=found.finding_ids[:1])
                return Queue(ask=ask)
            case Action.APPROVE | Action.UNDO as action:
                plan = plan_target(value)
                kind = AskKind.APPROVE if action == Action.APPROVE else AskKind.UNDO
                ask = make(kind, plan_id=plan.plan_id, requested_by=plan.requested_by)
                return Queue(ask=ask)
    except NoTarget as error:
        raise NotUnderstood("That button is not one of this version's.") from error
    return Say()  # a link, say: Slack tells of those too


def _open_form(payload: Json, value: object, now: datetime) -> OpenForm:
    days, _, packed = str(value).partition(";")
    found = target(packed)
    if not days.isdecimal() or not days.isascii() or len(days) > 4:
        raise NoTarget
    kept = {"value": value, "answer_url": _text(payload.get("response_url"))}
    view = waive_form(
        json.dumps(kept), max_days=int(days), today=now.date(), api_id=found.api.api_id
    )
    return OpenForm(trigger_id=_text(payload.get("trigger_id")), view=view)


def _submitted(payload: Json, now: datetime) -> Decision:
    view = payload.get("view")
    if not isinstance(view, dict) or view.get("callback_id") != Action.WAIVE:
        return Say()
    kept = _payload(_text(view.get("private_metadata")))
    days, _, packed = _text(kept.get("value")).partition(";")
    try:
        found = target(packed)
        last = date.fromordinal(now.date().toordinal() + int(days))
        until = date.fromisoformat(
            _text(_of(view, "state", "values", "until", "until", "selected_date"))
        )
    except (NoTarget, ValueError, OverflowError) as error:
        raise NotUnderstood("That form is not one of this version's.") from error
    reason = _text(_of(view, "state", "values", "reason", "reason", "value")).strip()
    errors = {}
    if len(reason) < 10:
        errors["reason"] = "Say who accepted it, and why."
    if not now.date() <= until <= last:
        errors["until"] = f"From today to {last:%Y-%m-%d}: the org policy allows {days} days."
    if errors:
        return Say(body={"response_action": "errors", "errors": errors})
    make = _asking(payload, now, answer_url=kept.get("answer_url"))
    ask = make(
        AskKind.WAIVE,
        api=found.api,
        finding_ids=found.finding_ids,
        reason=reason[:500],
        until=datetime.combine(until, time(23, 59, 59), UTC),
    )
    return Queue(ask=ask, body={"response_action": "clear"})


_DURATION = re.compile(r"(\d{1,4})\s*(m|min|h)", re.ASCII)


def _command(form: Mapping[str, str], now: datetime) -> Decision:
    word, _, rest = form.get("text", "").strip().partition(" ")
    rest = rest.strip()
    make = _asking(form, now, answer_url=form.get("response_url"))
    match word.lower():
        case "status":
            return Queue(ask=make(AskKind.STATUS))
        case "open":
            return Queue(ask=make(AskKind.OPEN))
        case "explain" if rest:
            return Queue(ask=make(AskKind.EXPLAIN, words=rest[:200]))
        case "mute" if rest:
            name, _, span = rest.rpartition(" ")
            length = _DURATION.fullmatch(span)
            if not name or length is None:
                raise NotUnderstood("For how long? Say `/gatewatch mute CLASS 1h`.")
            minutes = int(length[1]) * (60 if length[2] == "h" else 1)
            if not timedelta() < (wanted := timedelta(minutes=minutes)) <= MUTE_AT_MOST:
                raise NotUnderstood("A mute lasts 24 hours at most.")
            ask = make(AskKind.MUTE, words=name.strip()[:100], until=now + wanted)
            return Queue(ask=ask)
    return Say(body={"response_type": "ephemeral", "text": HELP})


def _asking(source: Mapping[str, Any], now: datetime, *, answer_url: object) -> Callable[..., Ask]:
    """A maker of asks of one user at one time. Raises NotUnderstood where no user is named."""
    user = source.get("user_id") or _of(source, "user", "id")
    trigger = _text(source.get("trigger_id"))
    if not isinstance(user, str) or not _USER.fullmatch(user) or not trigger:
        raise NotUnderstood("Slack did not say who asks.")
    # One press of a button has one trigger, which an attacker who replays it cannot change.
    id_ = hashlib.sha256(trigger.encode()).hexdigest()

    def make(kind: AskKind, **fields: Any) -> Ask:
        return Ask(
            id=id_, kind=kind, user=user, at=now, answer_url=_text(answer_url)[:500], **fields
        )

    return make


_USER = re.compile(r"[UW][A-Z0-9]{2,20}", re.ASCII)


def _of(source: Mapping[str, Any], *path: str) -> Any:
    found: Any = source
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
