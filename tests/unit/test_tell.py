"""The outbox: nothing is lost, and nothing is said twice but where the answer itself was lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.builders import API, evaluation, later, violation
from tests.fakes import FakeClock, FakeNotifier, refuse

from monitor.evaluation.lifecycle import advance
from monitor.model.access import Scope
from monitor.model.notice import Notice, Step, StepKind
from monitor.model.record import ApiRecord
from monitor.ports import NotDelivered
from monitor.stores.memory import MemoryStore
from monitor.usecases.tell import CLAIM, Teller


def stored_notices(count: int = 1) -> MemoryStore:
    store = MemoryStore()
    for version in range(1, count + 1):
        store.commit(ApiRecord(api=API, version=version), notice(version))
    return store


def notice(sequence: int) -> Notice:
    outcome = advance(ApiRecord(api=API), evaluation(violation()), now=later(0), cause=None)
    (finding,) = outcome.record.findings.values()
    return Notice(
        api=API,
        api_name="orders",
        sequence=sequence,
        made_at=later(sequence),
        steps=(Step(kind=StepKind.OPENED, finding=finding),),
        unresolved=(finding,),
        scope_before=None,
        scope_now=Scope.INTERNET,
    )


def teller(store: MemoryStore, notifier: FakeNotifier, clock: FakeClock | None = None) -> Teller:
    return Teller(store=store, sinks={"slack": notifier}, clock=clock or FakeClock())


def test_notices_of_an_api_are_told_in_order_in_one_conversation() -> None:
    store, notifier = stored_notices(3), FakeNotifier()

    told = teller(store, notifier).tell_all()

    assert told.delivered == 3
    assert [n.sequence for n, _ in notifier.told] == [1, 2, 3]
    conversations = [conversation for _, conversation in notifier.told]
    assert conversations[0] is None
    assert conversations[1] == conversations[2] != None  # noqa: E711
    assert teller(store, notifier).tell_all().delivered == 0


def test_what_slack_refused_stays_untold_and_is_told_by_the_next_sweep() -> None:
    store = stored_notices(2)

    refused = teller(store, FakeNotifier(before=refuse)).tell_all()

    assert refused.delivered == 0
    assert len(refused.failures) == 1
    assert "invalid_auth" in refused.failures[0]
    notifier = FakeNotifier()
    assert teller(store, notifier).tell_all().delivered == 2
    assert [n.sequence for n, _ in notifier.told] == [1, 2]


def test_a_teller_that_was_killed_leaves_the_notice_to_the_next() -> None:
    store, clock = stored_notices(), FakeClock()

    def die(_notice: Notice) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teller(store, FakeNotifier(before=die), clock).tell_all()

    notifier = FakeNotifier()
    assert teller(store, notifier, clock).tell_all().delivered == 0  # the claim still holds
    clock.time += CLAIM
    assert teller(store, notifier, clock).tell_all().delivered == 1


def test_two_tellers_at_once_say_it_once() -> None:
    store, clock, other = stored_notices(), FakeClock(), FakeNotifier()

    def meanwhile(_notice: Notice) -> None:
        teller(store, other, clock).tell([API])

    notifier = FakeNotifier(before=meanwhile)
    teller(store, notifier, clock).tell([API])

    assert len(notifier.told) + len(other.told) == 1


def test_one_api_that_cannot_be_told_does_not_hold_up_another() -> None:
    store = stored_notices()
    other = replace(API, api_id="other")
    second = notice(1)
    store.commit(ApiRecord(api=other, version=1), replace(second, api=other))

    def only_the_first(found: Notice) -> None:
        if found.api == API:
            raise NotDelivered("chat.postMessage: Slack answered `invalid_blocks`")

    told = teller(store, FakeNotifier(before=only_the_first)).tell_all()

    assert (told.delivered, len(told.failures)) == (1, 1)
