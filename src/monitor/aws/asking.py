"""One question to AWS: an answer, a gap, or word that the thing is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from monitor.model.gaps import Gap, Unknown

T = TypeVar("T")

_GONE = frozenset({"NotFoundException", "NotFound", "404"})


class Gone(Exception):
    """What was asked for does not exist (any more)."""


class MalformedAnswer(ValueError):
    """AWS answered, but not what its documentation promises."""


def ask(
    call: Callable[[], T],
    *,
    operation: str,
    unknown: Unknown,
    subject: str,
    service: str = "apigateway",
) -> T | Gap:
    """The answer of `call`, or the gap it leaves.

    Raises Gone when AWS says that the subject does not exist: that is knowledge, not a gap.
    """
    try:
        return call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "")) or "Unknown"
        if code in _GONE:
            raise Gone(subject) from error
        reason = (code, str(error.response.get("Error", {}).get("Message", "")))
    except BotoCoreError as error:
        reason = (type(error).__name__, str(error))
    except (MalformedAnswer, RecursionError) as error:
        reason = ("MalformedAnswer", str(error))
    return Gap(
        service=service,
        operation=operation,
        error_code=reason[0],
        unknown=unknown,
        subject=subject,
        message=reason[1][:300],
    )
