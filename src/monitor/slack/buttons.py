"""Buttons, what they carry, and the form that opens when somebody waives a finding. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from monitor.model.api import ApiId
from monitor.model.finding import Finding, Status
from monitor.model.notice import PlanNews, PlanOffer
from monitor.slack.text import code

Json = dict[str, Any]

MAX_FINDINGS = 40
"""What a button's value of 2,000 characters holds of them. Source: Block Kit reference."""


class Action(StrEnum):
    """What a button asks for; the value is its `action_id`."""

    ACKNOWLEDGE = "gatewatch.acknowledge"
    WAIVE = "gatewatch.waive"
    PLAN = "gatewatch.plan"
    APPROVE = "gatewatch.approve"
    UNDO = "gatewatch.undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Which buttons lead somewhere. `interactive`: Slack knows an endpoint of ours; `remediates`:
    something takes remediation requests. `max_waiver_days`: as the org policy says."""

    interactive: bool = False
    remediates: bool = False
    max_waiver_days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a button is about: findings of one API."""

    api: ApiId
    finding_ids: tuple[str, ...]

    def packed(self) -> str:
        api = self.api
        where = "#".join((api.partition, api.account_id, api.region, api.api_id))
        return f"{where}|{','.join(self.finding_ids[:MAX_FINDINGS])}"


_PACKED = re.compile(
    r"(?P<partition>aws[a-z-]{0,12})#(?P<account_id>\d{12})#(?P<region>[a-z0-9-]{1,30})"
    r"#(?P<api_id>[A-Za-z0-9]{1,64})\|(?P<findings>gw-[0-9a-f]{16}(,gw-[0-9a-f]{16}){0,99})",
    re.ASCII,
)


_PLAN = re.compile(r"(?P<plan_id>gwp-[0-9a-f]{4,64})\|(?P<requested_by>[^|]{0,300})", re.ASCII)


class NoTarget(ValueError):
    """A value that no button of ours carries."""


def target(packed: object) -> Target:
    """Raises NoTarget."""
    found = _PACKED.fullmatch(packed) if isinstance(packed, str) else None
    if found is None:
        raise NoTarget
    parts = found.groupdict()
    api = ApiId(
        partition=parts["partition"],
        account_id=parts["account_id"],
        region=parts["region"],
        api_id=parts["api_id"],
    )
    return Target(api=api, finding_ids=tuple(parts["findings"].split(",")))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTarget:
    """What the buttons below a plan are about."""

    plan_id: str
    requested_by: str

    def packed(self) -> str:
        return f"{self.plan_id}|{self.requested_by}"


def plan_target(packed: object) -> PlanTarget:
    """Raises NoTarget."""
    found = _PLAN.fullmatch(packed) if isinstance(packed, str) else None
    if found is None:
        raise NoTarget
    return PlanTarget(plan_id=found["plan_id"], requested_by=found["requested_by"])


def buttons(findings: Sequence[Finding], offer: Offer) -> Json | None:
    """The row of buttons below an alert about these findings of one API."""
    if not offer.interactive or not findings:
        return None
    value = Target(api=findings[0].api, finding_ids=tuple(f.id for f in findings)).packed()
    row = []
    if any(f.acknowledged is None for f in findings):
        row.append(_button(Action.ACKNOWLEDGE, "Acknowledge", value))
    if any(f.status is Status.OPEN for f in findings):
        row.append(_button(Action.WAIVE, "Waive…", f"{offer.max_waiver_days};{value}"))
    mendable = [f for f in findings if f.violation.remediations and f.status is Status.OPEN]
    if offer.remediates and mendable:
        # A remediation is of one finding; the gravest comes first.
        one = Target(api=mendable[0].api, finding_ids=(mendable[0].id,)).packed()
        row.append(_button(Action.PLAN, "Remediate: show the plan", one))
    return {"type": "actions", "elements": row} if row else None


def plan_buttons(news: PlanNews, offer: Offer) -> Json | None:
    """The row below a plan: nobody changes an API without having seen what will be done."""
    if not (offer.interactive and offer.remediates and news.offers and news.plan_id):
        return None
    value = PlanTarget(plan_id=news.plan_id, requested_by=news.requested_by).packed()
    row = []
    if PlanOffer.APPROVE in news.offers:
        asked = {"style": "danger", "confirm": _confirm("This changes the API in AWS.")}
        row.append(_button(Action.APPROVE, "Approve and remediate", value) | asked)
    if PlanOffer.UNDO in news.offers:
        asked = {"confirm": _confirm("This puts the API back as it was before.")}
        row.append(_button(Action.UNDO, "Undo", value) | asked)
    return {"type": "actions", "elements": row}


def waive_form(kept: str, *, max_days: int, today: date, api_id: str) -> Json:
    """The modal of `views.open`. `kept` is handed back on submit."""
    until = date.fromordinal(today.toordinal() + min(max_days, 30))
    return {
        "type": "modal",
        "callback_id": Action.WAIVE.value,
        "private_metadata": kept,
        "title": _plain("Waive a finding"),
        "submit": _plain("Waive"),
        "close": _plain("Cancel"),
        "blocks": [
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": f"Nobody is alerted of what is open now on {code(api_id, 80)} until "
                    f"the day you name, at most {max_days} days from now. Then it is open again, "
                    "and at once if it gets wider.",
                },
            },
            {
                "type": "input",
                "block_id": "reason",
                "label": _plain("Reason"),
                "hint": _plain("Who accepted this, and why. It is shown in the thread."),
                "element": {
                    "type": "plain_text_input",
                    "action_id": "reason",
                    "min_length": 10,
                    "max_length": 500,
                    "multiline": True,
                },
            },
            {
                "type": "input",
                "block_id": "until",
                "label": _plain("Until the end of this day (UTC)"),
                "element": {
                    "type": "datepicker",
                    "action_id": "until",
                    "initial_date": until.isoformat(),
                },
            },
        ],
    }


def _button(action: Action, label: str, value: str) -> Json:
    return {
        "type": "button",
        "action_id": action.value,
        "text": _plain(label),
        "value": value,
        "accessibility_label": label,
    }


def _confirm(text: str) -> Json:
    return {
        "title": _plain("Are you sure?"),
        "text": _plain(text),
        "confirm": _plain("Yes"),
        "deny": _plain("No"),
    }


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}
