"""SQS grants a batch by the right to what the batch holds.

MiniStack asks for `sqs:SendMessageBatch`, which IAM does not know. (Service Authorization
Reference,
"Actions, resources, and condition keys for Amazon SQS"; SQS developer guide, "Amazon SQS API
permissions".)
"""

from __future__ import annotations

from typing import Any

from mends import expect
from ministack.core import iam_evaluator

_PARAMETERS = (
    *("access_key_id", "iam_action", "service", "region", "resource_arn"),
    "service_context",
)


def apply() -> None:
    enforce = expect.function(iam_evaluator, "enforce", *_PARAMETERS)

    def enforce_single(access_key_id: str, iam_action: str, *rest: Any, **named: Any) -> Any:
        if iam_action.startswith("sqs:"):
            iam_action = iam_action.removesuffix("Batch")
        return enforce(access_key_id, iam_action, *rest, **named)

    expect.replace(iam_evaluator, enforce, enforce_single)
