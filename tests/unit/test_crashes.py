"""Killed before or after any step between an event and its message: nothing is lost, and nothing is
said twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.builders import API
from tests.fakes import FakeClock, FakeNotifier, FakeSource
from tests.unit.test_react import OPEN, batch, body

from monitor.stores.memory import MemoryStore
from monitor.usecases.tell import CLAIM, Teller

STEPS = ("load", "commit", "untold_of", "claim", "conversation", "tell", "mark_told")


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


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step(step: str, when: str) -> None:
    store, notifier, clock = MemoryStore(), FakeNotifier(), FakeClock()
    killer = Killer(step, when)

    def run() -> None:
        around = killer.around(store)
        target = batch(FakeSource({API: OPEN}), around)
        target.prepare([body()])
        target.take(body())
        Teller(store=around, sinks={"slack": killer.around(notifier)}, clock=clock).tell([API])

    with pytest.raises(Killed):
        run()
    clock.time += CLAIM
    run()
    clock.time += CLAIM
    Teller(store=store, sinks={"slack": notifier}, clock=clock).tell_all()

    assert not killer.alive
    assert store.waiting(limit=10) == []
    assert [finding.status for finding in store.load(API).findings.values()] == ["open"]
    assert len(notifier.told) == 1
