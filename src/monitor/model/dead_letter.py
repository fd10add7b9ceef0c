"""What could not be done, as it waits in a dead letter queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PutBack(StrEnum):
    """How a dead letter is dealt with again."""

    SEND = "send"
    """Into the queue it came from."""
    INVOKE = "invoke"
    """By calling the function again with the same payload."""
    DROP = "drop"
    """It holds nothing that would be missed: a later round does the same work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message of a dead letter queue as SQS has it. `attributes`: those of the message itself."""

    queue: str
    id: str
    receipt: str
    body: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`why` empty: the message does not say it itself, the function's log does. `function` and
    `payload`: for PutBack.INVOKE."""

    what: str
    why: str
    put_back: PutBack
    function: str = ""
    payload: str = ""
