"""What is read once for many APIs, and how long it may serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from monitor.model.gaps import Gap
from monitor.ports import Clock

V = TypeVar("V")

FAILURE_SERVES = timedelta(seconds=30)
"""A failed read is not repeated by each of many APIs, but a little later it may succeed."""


class Lazily(Generic[V]):
    """Makes its value when it is first asked for. The lock is shared by all whose makers must not
    run side by side, as those of the clients of one boto3 session."""

    def __init__(self, make: Callable[[], V], lock: Lock) -> None:
        self._make = make
        self._lock = lock
        self._made: V | None = None

    def __call__(self) -> V:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


@dataclass(slots=True)
class _Held(Generic[V]):
    lock: Lock = field(default_factory=Lock)
    answer: V | Gap | None = None
    read_at: datetime | None = None


class Once(Generic[V]):
    """Answers by subject. Whoever asks while another one reads waits for that answer.

    `serves` None: for as long as this object lives, failures included, which is one scan.
    """

    def __init__(self, clock: Clock, serves: timedelta | None) -> None:
        self._clock = clock
        self._serves = serves
        self._lock = Lock()
        self._held: dict[str, _Held[V]] = {}

    def get(self, subject: str, read: Callable[[], V | Gap]) -> V | Gap:
        with self._lock:
            held = self._held.setdefault(subject, _Held())
        with held.lock:
            if held.answer is None or self._is_old(held):
                # The time before the read: what changes while it runs is not in the answer.
                read_at = self._clock.now()
                held.answer = read()
                held.read_at = read_at
            return held.answer

    def forget(self) -> None:
        with self._lock:
            self._held.clear()

    def _is_old(self, held: _Held[V]) -> bool:
        if self._serves is None or held.read_at is None:
            return False
        serves = min(self._serves, FAILURE_SERVES) if isinstance(held.answer, Gap) else self._serves
        return self._clock.now() - held.read_at >= serves
