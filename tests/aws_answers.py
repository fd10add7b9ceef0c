"""A real boto3 client whose answers are given: parameters are validated and pages are followed as
ever, only nothing is sent. Any call that would write fails the test."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from threading import Lock
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.config import Config
from botocore.model import OperationModel

_READING = ("Get", "List", "Describe")
"""Services other than API Gateway send everything by POST."""

Answer = Mapping[str, Any] | Exception | Callable[[Mapping[str, Any]], Any]


class AwsError(Exception):
    def __init__(self, code: str, status: int = 400, message: str = "refused") -> None:
        super().__init__(code)
        self.code, self.status, self.message = code, status, message


class AwsAnswers:
    """Operation -> answer, an error, or a function of the request's parameters.

    Operations of API Gateway v1 by name (`GetStages`), those of any other service behind it
    (`apigatewayv2:GetStages`), and so they are counted.
    """

    def __init__(self, **answers: Answer) -> None:
        self.answers: dict[str, Answer] = dict(answers)
        self.calls: Counter[str] = Counter()
        self._lock = Lock()

    def client(self, service: str = "apigateway") -> Any:
        client = boto3.client(
            service,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"total_max_attempts": 1}),
        )
        prefix = "" if service == "apigateway" else f"{service}:"
        client.meta.events.register(f"before-call.{service}", partial(self._answer, prefix))
        return client

    def _answer(self, prefix: str, model: OperationModel, params: Any, **_: Any) -> Any:
        reads = model.http["method"] == "GET" or model.name.startswith(_READING)
        assert reads, f"{prefix}{model.name} writes"
        name = f"{prefix}{model.name}"
        with self._lock:
            self.calls[name] += 1
        assert name in self.answers, f"no answer was given for {name}"
        answer = self.answers[name]
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, AwsError):
            error = {"Error": {"Code": answer.code, "Message": answer.message}}
            return SimpleNamespace(status_code=answer.status), error
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(status_code=200), dict(answer)


def body(data: bytes) -> dict[str, Any]:
    """The answer of GetExport."""
    return {"contentType": "application/json", "body": io.BytesIO(data)}
