"""What is read once: shared between threads, for as long as it may serve."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

from tests.fakes import FakeClock

from monitor.aws.once import Lazily, Once


def test_who_asks_while_another_reads_waits_for_that_answer() -> None:
    once: Once[int] = Once(FakeClock(), None)
    started, go_on, reads = Event(), Event(), []

    def read() -> int:
        reads.append(1)
        started.set()
        go_on.wait(5)
        return 7

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(once.get, "x", read)
        started.wait(5)
        others = [pool.submit(once.get, "x", read) for _ in range(3)]
        go_on.set()
        assert [future.result(5) for future in (first, *others)] == [7, 7, 7, 7]
    assert len(reads) == 1


def test_subjects_do_not_wait_for_one_another() -> None:
    once: Once[int] = Once(FakeClock(), None)

    assert once.get("a", lambda: once.get("b", lambda: 2) and 1) == 1


def test_a_thing_is_made_once_and_not_before_it_is_needed() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return 5

    lazily = Lazily(make, Lock())
    assert made == []
    assert (lazily(), lazily(), len(made)) == (5, 5, 1)
