"""Receivers of findings besides Slack, behind the port `Notifier`: an SNS topic, an EventBridge
bus, Security Hub. Each may get a notice twice; the notice's id, or the finding's, tells.

Source: SNS API reference, "Publish" (a subject is ASCII of at most 100 characters, a message 256
KB); EventBridge API reference, "PutEvents" (10 entries and 1 MB); Security Hub API reference,
"BatchImportFindings" (100 findings).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from monitor.model.notice import Notice
from monitor.ports import NotDelivered, Reach, Telling
from monitor.report.plain import plain

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient

SOURCE = "gatewatch"
DETAIL_TYPE = "Gatewatch Notice"
HUB_BATCH = 100

Document = Mapping[str, Any]
Findings = Callable[[Notice], Sequence[Document]]


class SnsClient(Protocol):
    def publish(self, **arguments: Any) -> Any: ...


class Requests(Protocol):
    def send(self, document: Document) -> None: ...


class SecurityHubClient(Protocol):
    def batch_import_findings(self, **arguments: Any) -> Any: ...


class _Sink(ABC):
    """Tells one notice after the other."""

    def lane(self, notice: Notice) -> str:  # noqa: ARG002
        return ""

    def tell(self, telling: Telling) -> None:
        """Raises NotDelivered."""
        try:
            self.send(telling.notice)
        except (ClientError, BotoCoreError) as error:
            raise NotDelivered(f"{type(self).__name__}: {error}", reach=Reach.SINK) from error

    def tell_together(self, tellings: Sequence[Telling]) -> Sequence[None]:
        """Raises NotDelivered."""
        for telling in tellings:
            self.tell(telling)
        return [None] * len(tellings)

    @abstractmethod
    def send(self, notice: Notice) -> None:
        """Raises ClientError or BotoCoreError."""


class Topic(_Sink):
    """A sentence for those who read mail, and the document for programs, in one message."""

    def __init__(
        self,
        client: SnsClient,
        topic_arn: str,
        text: Callable[[Notice], str],
        document: Callable[[Notice], Document],
    ) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._text = text
        self._document = document

    def send(self, notice: Notice) -> None:
        text = self._text(notice)
        subject = plain(text, 100).encode("ascii", "replace").decode()
        body = json.dumps(self._document(notice))
        self._client.publish(
            TopicArn=self._topic_arn,
            Subject=subject or "Gatewatch",
            MessageStructure="json",
            Message=json.dumps({"default": body, "email": text, "sms": plain(text, 140)}),
            MessageAttributes={
                "severity": {"DataType": "String", "StringValue": notice.severity.value}
            },
        )


class Bus(_Sink):
    """One event a notice; `docs/schemas/notice.json` describes its detail."""

    def __init__(
        self, client: EventBridgeClient, bus: str, document: Callable[[Notice], Document]
    ) -> None:
        self._client = client
        self._bus = bus
        self._document = document

    def send(self, notice: Notice) -> None:
        answer = self._client.put_events(
            Entries=[
                {
                    "EventBusName": self._bus,
                    "Source": SOURCE,
                    "DetailType": DETAIL_TYPE,
                    "Time": notice.made_at,
                    "Detail": json.dumps(self._document(notice)),
                }
            ]
        )
        if answer.get("FailedEntryCount"):
            entry = answer["Entries"][0]
            said = f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}"
            raise NotDelivered(f"Bus: {said}", reach=Reach.SINK)


class Remediator(_Sink):
    """The remediator's queue. It refuses what it is asked twice."""

    def __init__(self, queue: Requests, asked: Findings) -> None:
        self._queue = queue
        self._asked = asked

    def send(self, notice: Notice) -> None:
        for request in self._asked(notice):
            self._queue.send(request)


class SecurityHub(_Sink):
    """Every finding of the notice's steps, as it is now."""

    def __init__(self, client: SecurityHubClient, findings: Findings) -> None:
        self._client = client
        self._findings = findings

    def send(self, notice: Notice) -> None:
        found = list(self._findings(notice))
        for start in range(0, len(found), HUB_BATCH):
            answer = self._client.batch_import_findings(Findings=found[start : start + HUB_BATCH])
            if answer.get("FailedCount"):
                first = answer["FailedFindings"][0]
                said = f"{first.get('ErrorCode')}: {first.get('ErrorMessage')}"
                raise NotDelivered(f"SecurityHub: {said}", reach=Reach.NOTICE)
