"""The outbox and the real notifier against the Slack stand-in: killed anywhere, in a storm, through
lost answers and refusals, every notice is told exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.builders import API, CAUSE, NOW, evaluation, later, rest_api, violation
from tests.fakes import FakeNotifier, refuse
from tests.slack_standin.server import CHANNEL, SlackStandin

from monitor.evaluation.lifecycle import advance
from monitor.model.access import Scope
from monitor.model.api import ApiId
from monitor.model.finding import Severity
from monitor.model.notice import Notice
from monitor.model.record import ApiRecord
from monitor.ports import Route
from monitor.slack.api import SlackApi
from monitor.slack.client import EVENT_TYPE, SlackNotifier
from monitor.stores.memory import MemoryStore
from monitor.usecases.tell import CLAIM, STORM, TOGETHER, Teller

FALLBACK = "C0FALLBACK"
OPEN = evaluation(violation())
FENCED = evaluation(scope=Scope.CIDRS)


@dataclass
class Time:
    """Time that passes by sleeping."""

    seconds: float = NOW.timestamp()

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def slack(time: Time) -> Iterator[SlackStandin]:
    channels = {CHANNEL: "api-alerts", FALLBACK: "fallback"}
    with SlackStandin.start(channels=channels, clock=time) as standin:
        yield standin


def notifier(slack: SlackStandin, time: Time, **options: Any) -> SlackNotifier:
    api = SlackApi(lambda _anew: slack.token, base_url=slack.url, sleep=time.sleep, clock=time)
    route = options.pop("route", Route(CHANNEL, FALLBACK))
    return SlackNotifier(api, route=lambda _notice: route, **options)


def teller(store: Any, sink: Any, time: Time, **others: Any) -> Teller:
    return Teller(store=store, sinks={**others, "slack": sink}, clock=time)


def stored(apis: int = 1, looks: tuple[Any, ...] = (OPEN,)) -> MemoryStore:
    """Notices of so many APIs; every fourth is critical, and so on."""
    store = MemoryStore()
    severities = [Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]
    for number in range(apis):
        api = replace(API, api_id=f"api{number:07d}") if apis > 1 else API
        commit(store, api, looks, severities[number % 4])
    return store


def commit(store: MemoryStore, api: ApiId, looks: tuple[Any, ...], severity: Severity) -> None:
    for minute, look in enumerate(looks):
        found = tuple(replace(v, severity=severity) for v in look.violations)
        snapshot = rest_api(api=api, name=f"name-{api.api_id}", read_at=later(60 * minute))
        outcome = advance(
            store.load(api),
            replace(look, violations=found, snapshot=snapshot),
            now=later(60 * minute),
            cause=CAUSE,
        )
        store.commit(outcome.record, outcome.notice)


def told(slack: SlackStandin) -> Counter[str]:
    """How often each notice stands in Slack, by the metadata of all messages."""
    found: Counter[str] = Counter()
    for message in slack.workspace.messages.values():
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == EVENT_TYPE:
            found.update(metadata["event_payload"]["notices"].split(" "))
    return found


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


class Killer:
    """Dies at one step, before or after it took effect, once."""

    def __init__(self, step: str, when: str) -> None:
        self.step, self.when, self.alive = step, when, True

    def around(self, target: Any) -> Any:
        killer = self

        class Around:
            def __getattr__(self, name: str) -> Any:
                found = getattr(target, name)
                return killer.guard(found) if name == killer.step else found

        return Around()

    def guard(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **named: Any) -> Any:
            if self.alive and self.when == "before":
                self.die()
            answer = call(*arguments, **named)
            if self.alive:
                self.die()
            return answer

        return guarded

    def die(self) -> None:
        self.alive = False
        raise Killed(self.step)


STEPS = (
    "waiting", "untold_of", "claim", "conversation", "post", "call", "read", "mark_told",
)  # fmt: skip


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_killed_after_any_step_each_notice_is_told_once(
    slack: SlackStandin, time: Time, step: str, when: str, nth: int
) -> None:
    store = stored(looks=(OPEN, FENCED, OPEN))
    killer = NthKiller(step, when, nth)

    def run() -> None:
        sink = notifier(slack, time)
        sink._api = killer.around(sink._api)
        teller(killer.around(store), sink, time).tell_all()

    for _ in range(3):
        try:
            run()
        except Killed:
            time.sleep(CLAIM.seconds)
    run()

    assert set(told(slack).values()) == {1}
    assert len(told(slack)) == 3
    assert store.waiting(limit=9) == []
    assert len(slack.messages()) == 1


class NthKiller(Killer):
    """Dies the nth time that a step is taken."""

    def __init__(self, step: str, when: str, nth: int) -> None:
        super().__init__(step, when)
        self.left = nth

    def guard(self, call: Callable[..., Any]) -> Callable[..., Any]:
        inner = super().guard(call)

        def guarded(*arguments: Any, **named: Any) -> Any:
            self.left -= 1
            return (inner if self.left == 0 else call)(*arguments, **named)

        return guarded


@pytest.mark.parametrize("fault", [{"status": 503}, {"hang": 0.05}, {"error": "internal_error"}])
@pytest.mark.parametrize("nth", [0, 1])
def test_a_post_whose_answer_was_lost_is_found_and_not_repeated(
    slack: SlackStandin, time: Time, fault: Any, nth: int
) -> None:
    store = stored(looks=(OPEN, FENCED)[: nth + 1])
    if nth:
        commit_first = teller(store, notifier(slack, time), time)
        first, second = store.untold_of(API)
        store._untold = {first.id: first}
        commit_first.tell_all()
        store._untold = {second.id: second}
    slack.fail_next("chat.postMessage", after_effect=True, **fault)

    lost = teller(store, notifier(slack, time), time).tell_all()
    assert (lost.delivered, len(lost.failures)) == (0, 1)
    time.sleep(CLAIM.seconds)
    found = teller(store, notifier(slack, time), time).tell_all()

    assert found.delivered == 1
    assert set(told(slack).values()) == {1}
    assert store.conversation(API) is not None


def test_a_post_that_was_lost_on_its_way_is_repeated(slack: SlackStandin, time: Time) -> None:
    store = stored()
    slack.fail_next("chat.postMessage", status=503)

    teller(store, notifier(slack, time), time).tell_all()
    time.sleep(CLAIM.seconds)
    teller(store, notifier(slack, time), time).tell_all()

    assert list(told(slack).values()) == [1]


def test_another_apps_message_with_our_metadata_silences_nothing(
    slack: SlackStandin, time: Time
) -> None:
    store = stored()
    (notice,) = store.untold_of(API)
    metadata = {"event_type": EVENT_TYPE, "event_payload": {"notices": notice.id}}
    forged = slack.workspace.post(CHANNEL, {"text": "nothing here", "metadata": metadata})
    forged["bot_id"] = "B0STRANGER"
    store.claim(notice, now=time.now(), until=time.now())
    time.sleep(CLAIM.seconds)

    teller(store, notifier(slack, time), time).tell_all()

    assert told(slack)[notice.id] == 2
    assert any("Low" in message["text"] for message in slack.messages())


def test_without_the_right_to_look_a_lost_post_is_rather_said_twice(
    slack: SlackStandin, time: Time
) -> None:
    store = stored()
    slack.scopes -= {"channels:history"}
    slack.fail_next("chat.postMessage", status=503, after_effect=True)

    teller(store, notifier(slack, time), time).tell_all()
    time.sleep(CLAIM.seconds)
    assert teller(store, notifier(slack, time), time).tell_all().delivered == 1

    assert list(told(slack).values()) == [2]


def test_a_channel_by_name_is_looked_up_by_its_id(slack: SlackStandin, time: Time) -> None:
    store = stored()
    slack.fail_next("chat.postMessage", status=503, after_effect=True)

    for _ in range(2):
        teller(store, notifier(slack, time, route=Route("#api-alerts", "")), time).tell_all()
        time.sleep(CLAIM.seconds)

    assert list(told(slack).values()) == [1]


# --- refusals ----------------------------------------------------------------------------------


def test_an_archived_channel_is_answered_by_the_fallback_and_an_alarm(
    slack: SlackStandin, time: Time
) -> None:
    store, why = stored(), []
    slack.workspace.archived.add(CHANNEL)

    done = teller(store, notifier(slack, time, on_detour=why.append), time).tell_all()

    assert done.delivered == 1
    assert "is_archived" in why[0]
    (message,) = slack.messages(FALLBACK)
    assert f"Meant for `{CHANNEL}`" in str(message["blocks"][-1])


@pytest.mark.parametrize("error", ["invalid_auth", "missing_scope", "account_inactive"])
def test_a_refused_token_stops_the_sweep_and_loses_nothing(
    slack: SlackStandin, time: Time, error: str
) -> None:
    store = stored(apis=120)
    slack.fail_next("chat.postMessage", error=error, times=1000)

    refused = teller(store, notifier(slack, time), time).tell_all()

    assert refused.delivered == 0
    assert len(slack.calls_of("chat.postMessage")) <= 2
    slack.faults.clear()
    assert teller(store, notifier(slack, time), time).tell_all().delivered == 120


def test_undeliverable_notices_at_the_head_hold_up_nobody(slack: SlackStandin, time: Time) -> None:
    store = stored(apis=108)
    bad = {f"api{number:07d}" for number in range(100)}
    gone, there = Route("C0GONE0000", ""), Route(CHANNEL, "")
    sink = notifier(slack, time)
    sink._route = lambda notice: gone if notice.api.api_id in bad else there

    done = teller(store, sink, time).tell_all()

    assert done.delivered == 8
    assert len(store.waiting(limit=500)) == 100


def test_a_digest_that_slack_cannot_read_is_told_one_by_one(
    slack: SlackStandin, time: Time
) -> None:
    store = stored(apis=STORM + 1)
    slack.fail_next("chat.postMessage", error="invalid_blocks")

    done = teller(store, notifier(slack, time), time).tell_all()

    assert done.delivered == STORM + 1
    assert set(told(slack).values()) == {1}
    assert len(slack.messages()) == STORM + 1


def test_a_long_wait_is_left_to_the_sweep(slack: SlackStandin, time: Time) -> None:
    store = stored()
    slack.fail_next("chat.postMessage", error="ratelimited", retry_after=600)

    before = time()
    assert teller(store, notifier(slack, time), time).tell_all().delivered == 0

    assert time() - before < 60
    assert teller(store, notifier(slack, time), time).tell_all().delivered == 1


def test_one_receiver_that_fails_holds_up_no_other(slack: SlackStandin, time: Time) -> None:

    store = stored(looks=(OPEN, FENCED))

    deaf = FakeNotifier(before=refuse)
    failed = teller(store, notifier(slack, time), time, topic=deaf).tell_all()

    assert failed.delivered == 0
    assert sorted(told(slack).values()) == [1, 1]
    topic = FakeNotifier()
    assert teller(store, notifier(slack, time), time, topic=topic).tell_all().delivered == 2
    assert [one.sequence for one, _ in topic.told] == [1, 2]
    assert sorted(told(slack).values()) == [1, 1]


# --- storms ------------------------------------------------------------------------------------


def test_a_thousand_findings_in_a_minute(slack: SlackStandin, time: Time) -> None:
    """None lost, none twice, the gravest first, at one message a second and channel."""
    slack.posts_per_second = 1.0
    store = stored(apis=1000)

    sweeps, sink = 0, notifier(slack, time)
    while store.waiting(limit=1):
        teller(store, sink, time).tell_all()
        sweeps += 1
        assert sweeps < 10

    assert len(told(slack)) == 1000
    assert set(told(slack).values()) == {1}
    posts = [call for call in slack.calls_of("chat.postMessage") if call.status == 200]
    assert len(posts) == 1000 // TOGETHER
    assert len(slack.calls_of("chat.postMessage")) == len(posts), "nothing was refused for the rate"
    ranks = [rank for call in posts for rank in ranks_of(call.arguments)]
    assert ranks == sorted(ranks)
    assert len(ranks) == 1000


def ranks_of(message: Any) -> list[int]:
    """Of the lines of a digest, in their order."""
    levels = [severity.value.capitalize() for severity in Severity]
    texts = [b["text"]["text"] for b in message["blocks"] if b["type"] == "section"]
    return [next(i for i, level in enumerate(levels) if f"*{level}*" in t) for t in texts]


def test_in_a_storm_the_stream_tells_the_gravest_first_too(slack: SlackStandin, time: Time) -> None:
    store = stored(apis=60)

    done = teller(store, notifier(slack, time), time).tell([replace(API, api_id="api0000000")])

    assert done.delivered == 60
    first = slack.messages()[0]
    assert ranks_of(first)[0] == 0


def test_what_began_in_a_storm_goes_on_in_the_digests_thread(
    slack: SlackStandin, time: Time
) -> None:
    store = stored(apis=STORM + 1)
    teller(store, notifier(slack, time), time).tell_all()
    (digest,) = slack.messages()
    before = digest["blocks"]
    api = replace(API, api_id="api0000003")

    commit(store, api, (FENCED,), Severity.LOW)
    store_notice = store.untold_of(api)
    teller(store, notifier(slack, time), time).tell([api])

    assert len(store_notice) == 1
    root, reply = slack.thread(digest["ts"])
    assert root["blocks"] == before
    assert "Resolved" in reply["text"]


def test_a_killed_digest_is_found_again(slack: SlackStandin, time: Time) -> None:
    store = stored(apis=3 * TOGETHER)
    killer = NthKiller("mark_told", "before", 5)
    with pytest.raises(Killed):
        teller(killer.around(store), notifier(slack, time), time).tell_all()

    time.sleep(CLAIM.seconds)
    teller(store, notifier(slack, time), time).tell_all()

    assert set(told(slack).values()) == {1}
    assert len(told(slack)) == 3 * TOGETHER
    assert store.waiting(limit=1) == []


def test_what_is_held_back_is_told_when_its_time_comes(slack: SlackStandin, time: Time) -> None:
    store = stored()
    wake = time.now() + timedelta(hours=1)

    def asleep(_notice: Notice, now: Any) -> bool:
        return bool(now < wake)

    quiet = replace(teller(store, notifier(slack, time), time), holds=asleep)

    assert (quiet.tell_all().delivered, quiet.tell_all().held) == (0, 1)
    time.sleep(3600)
    assert quiet.tell_all().delivered == 1


def test_the_empty_outbox_says_nothing(slack: SlackStandin, time: Time) -> None:
    store = MemoryStore()
    store.commit(ApiRecord(api=API, version=1), None)

    assert teller(store, notifier(slack, time), time).tell_all().delivered == 0
    assert slack.calls == []
