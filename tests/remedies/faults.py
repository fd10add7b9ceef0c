"""Ways to die and ways in which AWS fails, at a chosen moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from remediators.plan import Call
from remediators.ports import Journal, NotWritten, Writer


class Killed(BaseException):
    """The process is gone: nothing in the code may catch it."""


@dataclass
class Moments:
    """Counts what happens, and kills at the moment `at`, if one is given."""

    at: int | None = None
    count: int = 0

    def pass_(self) -> None:
        if self.count == self.at:
            self.count += 1
            raise Killed
        self.count += 1


@dataclass
class DyingWriter:
    """A moment before each write, and one after it took effect. `done` holds what took effect."""

    writer: Writer
    moments: Moments
    done: list[Call] = field(default_factory=list)

    def write(self, call: Call, plan_id: str) -> None:
        self.moments.pass_()
        self.writer.write(call, plan_id)
        self.done.append(call)
        self.moments.pass_()


class DyingJournal:
    """A moment before each entry that is saved, and one after it."""

    def __init__(self, journal: Journal, moments: Moments) -> None:
        self._journal = journal
        self._moments = moments

    def save(self, entry: Any, lease: Any = None) -> None:
        self._moments.pass_()
        self._journal.save(entry, lease)
        self._moments.pass_()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


@dataclass
class FailingWriter:
    """Fails the writes whose number is in `failures`: (does it take effect?, may it pass?)."""

    writer: Writer
    failures: dict[int, tuple[bool, bool]]
    count: int = 0
    done: list[Call] = field(default_factory=list)

    def write(self, call: Call, plan_id: str) -> None:
        number, self.count = self.count, self.count + 1
        takes_effect, may_pass = self.failures.get(number, (True, True))
        if takes_effect:
            self.writer.write(call, plan_id)
            self.done.append(call)
        if number in self.failures:
            raise NotWritten("UpdateStage answered InternalFailure", may_pass=may_pass)
