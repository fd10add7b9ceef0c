"""What is checked of Gatewatch's own surroundings. Each check is one way to be blind or mute."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from monitor.model.trouble import Trouble, TroubleKind
from monitor.ports import NotDelivered, Sightings, Surveillance

UNTOLD_FOR = timedelta(minutes=15)
"""Three sweeps: what is untold longer is not merely on its way."""


@dataclass(frozen=True, slots=True)
class SeesEvents:
    """The dead man's switch. The heartbeat makes an event in every region within `bound`; where
    none arrives, changes do not either."""

    sightings: Sightings
    regions: Sequence[str]
    bound: timedelta
    kind: ClassVar = TroubleKind.BLIND

    def troubles(self, now: datetime, watched_since: datetime) -> Iterator[Trouble]:
        for region in self.regions:
            last = max(self.sightings.last(region) or watched_since, watched_since)
            if now - last > self.bound:
                yield Trouble(
                    kind=self.kind,
                    subject=region,
                    text=f"Gatewatch is blind in {region} since {last:%H:%M} UTC "
                    f"({last:%Y-%m-%d}): not even its own heartbeat's event arrives",
                )


@dataclass(frozen=True, slots=True)
class HasTrail:
    """EventBridge gets a region's API calls only from a trail that logs there."""

    surveillance: Surveillance
    regions: Sequence[str]
    kind: ClassVar = TroubleKind.NO_TRAIL

    def troubles(self, now: datetime, watched_since: datetime) -> Iterator[Trouble]:  # noqa: ARG002
        for region in self.regions:
            trails = self.surveillance.trails(region)
            if any(trail.is_logging and trail.records_changes for trail in trails):
                continue
            # What could not be read of a trail is not held against it; the heartbeat decides.
            if any(
                trail.is_logging is not False and trail.records_changes is not False
                for trail in trails
            ):
                continue
            why = ", ".join(
                f"{trail.name} "
                + ("is stopped" if trail.is_logging is False else "leaves out changes")
                for trail in trails
            )
            yield Trouble(
                kind=self.kind,
                subject=region,
                text=f"no CloudTrail trail logs changes in {region}"
                f" ({why or 'there is none'}): EventBridge gets no events of them",
            )


@dataclass(frozen=True, slots=True)
class RulesSend:
    """Each rule is on, takes our events, and sends them to the queue."""

    surveillance: Surveillance
    rule_arns: Sequence[str]
    queue_arn: str
    kind: ClassVar = TroubleKind.RULE_OFF

    def troubles(self, now: datetime, watched_since: datetime) -> Iterator[Trouble]:  # noqa: ARG002
        for name in (arn.rpartition("/")[2] for arn in self.rule_arns):
            if problem := self._problem(name):
                text = f"the rule {name} {problem}: changes are not seen"
                yield Trouble(kind=self.kind, subject=name, text=text)

    def _problem(self, name: str) -> str:
        rule = self.surveillance.rule(name)
        if rule is None:
            return "is gone"
        if not rule.is_enabled:
            return "is disabled"
        if self.queue_arn not in rule.targets:
            return "does not send to Gatewatch's queue any more"
        return "" if rule.takes_changes else "takes none of our events any more"


@dataclass(frozen=True, slots=True)
class QueueTakesEvents:
    """The queue is there and its policy lets each rule send."""

    surveillance: Surveillance
    queue_url: str
    rule_arns: Sequence[str]
    kind: ClassVar = TroubleKind.QUEUE_POLICY

    def troubles(self, now: datetime, watched_since: datetime) -> Iterator[Trouble]:  # noqa: ARG002
        queue = self.surveillance.queue(self.queue_url)
        name = self.queue_url.rpartition("/")[2]
        if queue is None:
            text = f"the queue {name} is gone: changes are not seen"
        elif problem := _policy_problem(queue.policy, queue.arn, self.rule_arns):
            text = f"the policy of the queue {name} {problem}: changes do not reach it"
        else:
            return
        yield Trouble(kind=self.kind, subject=name, text=text)


@dataclass(frozen=True, slots=True)
class NothingIsDead:
    """What could not be done lies in a dead letter queue until somebody puts it back."""

    surveillance: Surveillance
    queue_urls: Sequence[str]
    kind: ClassVar = TroubleKind.DEAD_LETTERS

    def troubles(self, now: datetime, watched_since: datetime) -> Iterator[Trouble]:  # noqa: ARG002
        for url in self.queue_urls:
            name = url.rpartition("/")[2]
            queue = self.surveillance.queue(url)
            if queue is None:
                text = f"the dead letter queue {name} is gone: what fails is lost"
            elif queue.messages:
                text = (
                    f"{queue.messages} messages lie in {name}: nobody judged what they tell of. "
                    "`gatewatch redrive` shows them and puts them back"
                )
            else:
                continue
            yield Trouble(kind=self.kind, subject=name, text=text)


@dataclass(frozen=True, slots=True)
class NothingIsUntold:
    """What was found reaches Slack. `oldest` answers when the oldest untold notice was made."""

    oldest: Callable[[], datetime | None]
    kind: ClassVar = TroubleKind.UNTOLD

    def troubles(self, now: datetime, watched_since: datetime) -> Iterator[Trouble]:  # noqa: ARG002
        made_at = self.oldest()
        if made_at is not None and now - made_at > UNTOLD_FOR:
            yield Trouble(
                kind=self.kind,
                subject="outbox",
                text=f"alerts wait since {made_at:%Y-%m-%d %H:%M} UTC and do not reach Slack",
            )


@dataclass(frozen=True, slots=True)
class SlackHasToken:
    """The secret is there and holds a token. `token` raises NotDelivered with what is wrong."""

    token: Callable[[bool], str]
    kind: ClassVar = TroubleKind.SLACK_SECRET

    def troubles(self, now: datetime, watched_since: datetime) -> Iterator[Trouble]:  # noqa: ARG002
        try:
            self.token(True)
        except NotDelivered as failure:
            yield Trouble(kind=self.kind, subject="secret", text=str(failure))


@dataclass(frozen=True, slots=True)
class OrgPolicyHolds:
    """What stands where the org policy is kept is in force. `problem` answers why it is not."""

    problem: Callable[[], str]
    kind: ClassVar = TroubleKind.ORG_POLICY

    def troubles(self, now: datetime, watched_since: datetime) -> Iterator[Trouble]:  # noqa: ARG002
        if problem := self.problem():
            text = f"the org policy takes no effect: {problem}"
            yield Trouble(kind=self.kind, subject="org policy", text=text)


@dataclass(frozen=True, slots=True)
class ScansBegin:
    """A scan asked for every API within two periods. `last` answers when the last one did; looks
    that fail afterwards are dead letters, and those that wait age in the queue."""

    last: Callable[[], datetime | None]
    period: timedelta
    kind: ClassVar = TroubleKind.SCAN_LATE

    def troubles(self, now: datetime, watched_since: datetime) -> Iterator[Trouble]:
        last = max(self.last() or watched_since, watched_since)
        if now - last > 2 * self.period:
            yield Trouble(
                kind=self.kind,
                subject="scan",
                text=f"no scan began since {last:%Y-%m-%d %H:%M} UTC, and one should every "
                f"{self.period}: what events missed stays unseen",
            )


@dataclass(frozen=True, slots=True)
class NoAlarmRings:
    """AWS's own metrics: functions that fail or are throttled, a table that is, events that age."""

    surveillance: Surveillance
    kind: ClassVar = TroubleKind.ALARM

    def troubles(self, now: datetime, watched_since: datetime) -> Iterator[Trouble]:  # noqa: ARG002
        for alarm in self.surveillance.ringing_alarms():
            text = f"the alarm {alarm.name} rings: {alarm.text}"
            yield Trouble(kind=self.kind, subject=alarm.name, text=text)


def period_of(schedule: str) -> timedelta:
    """How often a schedule fires. `cron(...)` is taken for once a day at least."""
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule)
    return timedelta(**{f"{match[2]}s": int(match[1])}) if match else timedelta(days=1)


def _policy_problem(policy: str, queue_arn: str, rule_arns: Sequence[str]) -> str:
    """Why a rule may not send, as far as a policy that is not the template's can be read."""
    try:
        statements = _listed(json.loads(policy or "{}").get("Statement", []))
        if any(statement["Effect"] != "Allow" for statement in statements):
            return "denies something, which the template's does not"
        shut = [
            arn for arn in rule_arns if not any(_lets_in(s, arn, queue_arn) for s in statements)
        ]
    except (ValueError, AttributeError, KeyError, TypeError):
        return "cannot be read"
    return f"does not let the rule {shut[0].rpartition('/')[2]} send" if shut else ""


def _lets_in(statement: dict[str, Any], rule_arn: str, queue_arn: str) -> bool:
    services = _listed(statement["Principal"]["Service"])
    condition = statement.get("Condition", {"ArnEquals": {"aws:SourceArn": rule_arn}})
    ((operator, keys),) = condition.items()
    return (
        "events.amazonaws.com" in services
        and "sqs:sendmessage" in {action.lower() for action in _listed(statement["Action"])}
        and queue_arn in _listed(statement["Resource"])
        and operator in ("ArnEquals", "ArnLike")
        and list(keys) == ["aws:SourceArn"]
        and rule_arn in _listed(keys["aws:SourceArn"])
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
