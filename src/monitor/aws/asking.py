"""One question to AWS: an answer, a gap, or word that the thing is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from monitor.model.gaps import Gap, Unknown

T = TypeVar("T")

_GONE = frozenset(
    {
        "NotFoundException",
        "NotFound",
        "404",
        "ResourceNotFoundException",
        "WAFNonexistentItemException",
    }
)

# What an answer lacks, or holds in another shape than AWS documents, shows as one of these in the
# few lines that take it apart; what is not even XML, botocore tells by the first.
_MISSHAPEN = (
    ResponseParserError,
    RecursionError,
    KeyError,
    TypeError,
    AttributeError,
    ValueError,
)


class Gone(Exception):
    """What was asked for does not exist (any more)."""


class PageLoop(ValueError):
    """A list announced a page that it had announced before."""


class MalformedAnswer(ValueError):
    """AWS answered, but not what its documentation promises."""


def ask(
    call: Callable[[], T],
    *,
    operation: str,
    unknown: Unknown,
    subject: str,
    service: str = "apigateway",
    account_wide: bool = False,
    may_be_gone: bool = True,
) -> T | Gap:
    """The answer of `call`, which asks and takes the answer apart, or the gap it leaves.

    Raises Gone when AWS says that the subject does not exist: that is knowledge, not a gap. Only of
    a list of the account it is none (`may_be_gone` False): that can be empty, but not missing.
    """
    try:
        return call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "")) or "Unknown"
        if code in _GONE and may_be_gone:
            raise Gone(subject) from error
        reason = (code, str(error.response.get("Error", {}).get("Message", "")))
    except BotoCoreError as error:
        reason = (type(error).__name__, str(error))
    except PageLoop as error:
        reason = ("PaginationError", str(error))
    except _MISSHAPEN as error:
        reason = ("MalformedAnswer", f"{type(error).__name__}: {error}")
    return Gap(
        service=service,
        operation=operation,
        error_code=reason[0],
        unknown=unknown,
        subject=subject,
        message=reason[1][:300],
        account_wide=account_wide,
    )


def unknown_value(
    what: str,
    *,
    operation: str,
    unknown: Unknown,
    subject: str,
    service: str = "apigateway",
    account_wide: bool = False,
) -> Gap:
    """The gap where AWS answered a word that nobody documented when this was written."""
    return Gap(
        service=service,
        operation=operation,
        error_code="UnknownValue",
        unknown=unknown,
        subject=subject,
        message=what[:300],
        account_wide=account_wide,
    )
