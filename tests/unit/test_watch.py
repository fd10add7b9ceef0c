"""Gatewatch watches itself: each trouble is found, said once, and said to be over once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.builders import NOW

from monitor.model.trouble import (
    Announcement,
    Board,
    KnownTrouble,
    RingingAlarm,
    Trail,
    Trouble,
    TroubleKind,
    WatchedQueue,
    WatchedRule,
)
from monitor.ports import CannotTell, Conflict, NotDelivered
from monitor.slack.about_itself import about_itself
from monitor.usecases import checks
from monitor.usecases.lookout import Lookout
from monitor.usecases.watch import Watcher

RULE_ARN = "arn:aws:events:eu-west-1:123456789012:rule/gatewatch-changes"
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:events"
QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"
STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": [QUEUE_ARN],
    "Condition": {"ArnEquals": {"aws:SourceArn": RULE_ARN}},
}
MINUTES = timedelta(minutes=1)


@dataclass
class Clock:
    time: datetime = NOW

    def now(self) -> datetime:
        return self.time


GOOD_RULE = WatchedRule(is_enabled=True, takes_changes=True, targets=(QUEUE_ARN,))
GOOD_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})
EMPTY = Board()


@dataclass
class Surroundings:
    """A `Surveillance` that answers what a test sets; an exception is raised instead."""

    found_trails: Any = ()
    found_rule: Any = GOOD_RULE
    policy: Any = GOOD_POLICY
    messages: int = 0
    queue_is_there: bool = True
    alarms: Any = ()

    def trails(self, region: str) -> Any:
        return _answer(self.found_trails)

    def rule(self, name: str) -> Any:
        return _answer(self.found_rule)

    def queue(self, url: str) -> WatchedQueue | None:
        if not self.queue_is_there:
            return None
        return WatchedQueue(arn=QUEUE_ARN, policy=_answer(self.policy), messages=self.messages)

    def ringing_alarms(self) -> Any:
        return _answer(self.alarms)


def _answer(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


@dataclass
class Troubles:
    board: Board = EMPTY
    conflicts: int = 0

    def load(self) -> Board:
        return self.board

    def save(self, board: Board) -> None:
        if self.conflicts or board.version != self.board.version + 1:
            self.conflicts = max(self.conflicts - 1, 0)
            raise Conflict("troubles")
        self.board = board


@dataclass
class Slack:
    said: list[Announcement] = field(default_factory=list)
    is_down: bool = False

    def announce(self, announcement: Announcement) -> None:
        if self.is_down:
            raise NotDelivered("chat.postMessage: Slack answered `invalid_auth`")
        self.said.append(announcement)


@dataclass
class Says:
    """A check that finds what a test sets."""

    found: list[Trouble] = field(default_factory=list)
    error: str = ""
    kind: TroubleKind = TroubleKind.RULE_OFF

    def troubles(self, now: datetime, watched_since: datetime) -> Iterable[Trouble]:
        if self.error:
            raise CannotTell(self.error)
        return self.found


OFF = Trouble(kind=TroubleKind.RULE_OFF, subject="r", text="the rule r is disabled")


@dataclass
class World:
    check: Says = field(default_factory=Says)
    store: Troubles = field(default_factory=Troubles)
    slack: Slack = field(default_factory=Slack)
    clock: Clock = field(default_factory=Clock)

    def watch(self, by: str = "") -> Any:
        self.clock.time += MINUTES
        watcher = Watcher(
            stack="gatewatch",
            checks=[self.check],
            store=self.store,
            announcer=self.slack,
            clock=self.clock,
        )
        return watcher.watch(by=by)


def test_a_trouble_is_said_once_and_its_end_once() -> None:
    world = World(Says([OFF]))

    counts = [world.watch().counts[TroubleKind.RULE_OFF] for _ in range(3)]
    world.check.found = []
    after = [world.watch().counts.get(TroubleKind.RULE_OFF, 0) for _ in range(3)]

    assert (counts, after) == ([1, 1, 1], [0, 0, 0])
    begun, over = world.slack.said
    assert [known.trouble for known in begun.begun] == [OFF]
    assert [known.trouble for known in over.over] == [OFF]


def test_what_comes_back_is_said_again() -> None:
    world = World()
    for found in ([OFF], [], [OFF]):
        world.check.found = found
        world.watch()

    assert [len(said.begun) for said in world.slack.said] == [1, 0, 1]


def test_a_slack_that_is_down_hears_of_it_later_and_of_its_end_too() -> None:
    world = World(Says([OFF]), slack=Slack(is_down=True))
    first = world.watch()
    world.slack.is_down = False
    world.watch()
    world.slack.is_down, world.check.found = True, []
    world.watch()
    world.slack.is_down = False
    world.watch()
    world.watch()

    assert "invalid_auth" in first.not_told
    assert [(len(said.begun), len(said.over)) for said in world.slack.said] == [(1, 0), (0, 1)]


def test_of_two_watches_at_once_one_speaks() -> None:
    world = World(Says([OFF]), store=Troubles(conflicts=1))

    world.watch()

    assert world.slack.said == []


def test_a_check_that_cannot_be_made_clears_nothing_and_is_said_when_it_lasts() -> None:
    world = World(Says([OFF]))
    world.watch()
    world.check.error = "DescribeRule cannot be read: ThrottlingException"
    once = world.watch()
    world.check.error, world.check.found = "", [OFF]
    world.watch()
    world.check.error = "DescribeRule cannot be read: AccessDenied"
    world.watch()
    world.watch()

    assert once.counts == {TroubleKind.RULE_OFF: 1, TroubleKind.CANNOT_TELL: 1}
    said = [known.trouble.kind for said in world.slack.said for known in said.begun]
    assert said == [TroubleKind.RULE_OFF, TroubleKind.CANNOT_TELL]
    assert all(said.over == () for said in world.slack.said)


def test_a_change_that_led_here_is_named() -> None:
    world = World(Says([OFF]))

    world.watch(by="DisableRule by mallory at 14:02 UTC")

    assert world.slack.said[0].by == "DisableRule by mallory at 14:02 UTC"


@dataclass
class Seen:
    last_seen: dict[str, datetime] = field(default_factory=dict)

    def last(self, region: str) -> datetime | None:
        return self.last_seen.get(region)

    def note(self, region: str, event_time: datetime) -> None:
        self.last_seen[region] = event_time


@pytest.mark.parametrize(
    ("minutes_ago", "is_blind"), [(0, False), (19, False), (20, False), (21, True), (600, True)]
)
def test_blind_is_a_region_without_any_event_for_longer_than_the_bound(
    minutes_ago: int, is_blind: bool
) -> None:
    seen = Seen({"eu-west-1": NOW - minutes_ago * MINUTES})
    check = checks.SeesEvents(seen, ["eu-west-1"], 20 * MINUTES)

    found = list(check.troubles(NOW, NOW - timedelta(days=1)))

    assert bool(found) is is_blind
    if minutes_ago == 21:
        assert "Gatewatch is blind in eu-west-1 since 11:39 UTC" in found[0].text


def test_a_new_deployment_is_given_the_bound_to_see_its_first_event() -> None:
    check = checks.SeesEvents(Seen(), ["eu-west-1", "us-east-1"], 20 * MINUTES)

    assert list(check.troubles(NOW, NOW - 10 * MINUTES)) == []
    assert {t.subject for t in check.troubles(NOW, NOW - 30 * MINUTES)} == {
        "eu-west-1",
        "us-east-1",
    }


def trail(*, is_logging: bool | None = True, records_changes: bool | None = True) -> Trail:
    return Trail(name="main", is_logging=is_logging, records_changes=records_changes)


@pytest.mark.parametrize(
    ("trails", "said"),
    [
        ((trail(),), ""),
        ((trail(is_logging=False), trail()), ""),
        ((), "there is none"),
        ((trail(is_logging=False),), "main is stopped"),
        ((trail(records_changes=False),), "main leaves out changes"),
        ((trail(is_logging=False, records_changes=None),), "main is stopped"),
        ((trail(is_logging=None),), ""),
        ((trail(records_changes=None),), ""),
    ],
)
def test_a_region_needs_a_trail_that_logs_changes(trails: Any, said: str) -> None:
    found = list(
        checks.HasTrail(Surroundings(found_trails=trails), ["eu-west-1"]).troubles(NOW, NOW)
    )

    assert [said in trouble.text for trouble in found] == ([True] if said else [])


def rule(**fields: Any) -> WatchedRule:
    return WatchedRule(
        **{"is_enabled": True, "takes_changes": True, "targets": (QUEUE_ARN,)} | fields
    )


@pytest.mark.parametrize(
    ("found_rule", "said"),
    [
        (rule(), ""),
        (None, "is gone"),
        (rule(is_enabled=False), "is disabled"),
        (rule(targets=()), "does not send"),
        (rule(targets=("arn:aws:sqs:eu-west-1:123456789012:other",)), "does not send"),
        (rule(takes_changes=False), "takes none of our events"),
    ],
)
def test_a_rule_has_to_be_on_and_to_send_our_events_to_our_queue(
    found_rule: Any, said: str
) -> None:
    check = checks.RulesSend(Surroundings(found_rule=found_rule), [RULE_ARN], QUEUE_ARN)

    found = list(check.troubles(NOW, NOW))

    assert [said in trouble.text for trouble in found] == ([True] if said else [])


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (policy(STATEMENT), ""),
        (policy({**STATEMENT, "Action": ["SQS:SendMessage", "sqs:GetQueueUrl"]}), ""),
        (policy({k: v for k, v in STATEMENT.items() if k != "Condition"}), ""),
        ("", "does not let the rule gatewatch-changes send"),
        (policy(), "does not let the rule gatewatch-changes send"),
        (policy({**STATEMENT, "Resource": ["*"]}), "does not let the rule"),
        (policy({**STATEMENT, "Action": "sqs:ReceiveMessage"}), "does not let the rule"),
        (
            policy({**STATEMENT, "Condition": {"ArnEquals": {"aws:SourceArn": "arn:else"}}}),
            "does not let the rule",
        ),
        (
            policy({**STATEMENT, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            "does not let the rule",
        ),
        (policy({**STATEMENT, "Principal": "*"}), "cannot be read"),
        (policy(STATEMENT, {"Effect": "Deny", "Principal": "*"}), "denies something"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
    ],
)
def test_the_queue_has_to_let_the_rule_send(text: str, said: str) -> None:
    check = checks.QueueTakesEvents(Surroundings(policy=text), QUEUE_URL, [RULE_ARN])

    found = list(check.troubles(NOW, NOW))

    assert [said in trouble.text for trouble in found] == ([True] if said else [])


def test_a_queue_that_is_gone_is_said() -> None:
    gone = Surroundings(queue_is_there=False)

    (events,) = checks.QueueTakesEvents(gone, QUEUE_URL, [RULE_ARN]).troubles(NOW, NOW)
    (dead,) = checks.NothingIsDead(gone, [QUEUE_URL]).troubles(NOW, NOW)

    assert "the queue events is gone" in events.text
    assert "the dead letter queue events is gone" in dead.text


def test_dead_letters_are_counted_but_said_once() -> None:
    first, second = (
        next(iter(checks.NothingIsDead(Surroundings(messages=n), [QUEUE_URL]).troubles(NOW, NOW)))
        for n in (3, 5)
    )

    assert first.text.startswith("3 messages")
    assert first.id == second.id
    assert list(checks.NothingIsDead(Surroundings(), [QUEUE_URL]).troubles(NOW, NOW)) == []


@pytest.mark.parametrize(("minutes", "is_late"), [(None, False), (14, False), (16, True)])
def test_alerts_that_wait_for_long_are_said(minutes: int | None, is_late: bool) -> None:
    check = checks.NothingIsUntold(lambda: None if minutes is None else NOW - minutes * MINUTES)

    assert bool(list(check.troubles(NOW, NOW))) is is_late


@pytest.mark.parametrize(("hours", "is_late"), [(1, False), (47, False), (49, True)])
def test_a_scan_is_late_after_two_periods(hours: int, is_late: bool) -> None:
    check = checks.ScansBegin(lambda: NOW - timedelta(hours=hours), timedelta(days=1))

    assert bool(list(check.troubles(NOW, NOW - timedelta(days=90)))) is is_late


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [("rate(1 hour)", 1), ("rate(12 hours)", 12), ("rate(1 day)", 24), ("cron(0 6 * * ? *)", 24)],
)
def test_the_period_is_read_from_the_schedule(schedule: str, hours: int) -> None:
    assert checks.period_of(schedule) == timedelta(hours=hours)


def test_a_missing_secret_and_a_bad_policy_and_a_ringing_alarm_are_said() -> None:
    def no_token(_anew: bool) -> str:
        raise NotDelivered("the Slack secret s cannot be read: ResourceNotFoundException")

    alarm = RingingAlarm(name="gatewatch-OnChangeErrorsAlarm-1", text="fails as a whole")

    (secret,) = checks.SlackHasToken(no_token).troubles(NOW, NOW)
    (refused,) = checks.OrgPolicyHolds(lambda: "s3://b/k:3:5: unknown key").troubles(NOW, NOW)
    (rings,) = checks.NoAlarmRings(Surroundings(alarms=(alarm,))).troubles(NOW, NOW)

    assert "ResourceNotFoundException" in secret.text
    assert "s3://b/k:3:5" in refused.text
    assert "OnChangeErrorsAlarm" in rings.text
    assert list(checks.SlackHasToken(lambda _anew: "xoxb-1").troubles(NOW, NOW)) == []
    assert list(checks.OrgPolicyHolds(lambda: "").troubles(NOW, NOW)) == []


def test_sightings_are_noted_and_never_ahead_of_the_clock() -> None:
    seen = Seen()

    Lookout(seen, Clock()).note({"eu-west-1": NOW - MINUTES, "us-east-1": NOW + 500 * MINUTES})

    assert seen.last_seen == {"eu-west-1": NOW - MINUTES, "us-east-1": NOW}


def test_the_message_says_what_is_wrong_and_cannot_be_used_to_ping() -> None:
    hostile = Trouble(
        kind=TroubleKind.RULE_OFF, subject="r", text="the rule <!channel> is disabled " + "x" * 5000
    )
    many = tuple(KnownTrouble(trouble=hostile, since=NOW) for _ in range(40))

    message = about_itself(
        Announcement(stack="gatewatch", begun=many, over=many, by="DisableRule by <@U1>")
    )

    shown = json.dumps(message.blocks)
    assert "<!channel>" not in shown + message.text
    assert "<@U1>" not in shown
    assert "and 60 more" in shown
    assert "rule-off" in shown
    assert all(len(block["text"]["text"]) <= 3000 for block in message.blocks if "text" in block)
