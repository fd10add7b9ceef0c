"""The dead letter queues of a deployed stack, read and emptied by an operator."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from monitor.aws.session import AwsSession
from monitor.model.dead_letter import DeadLetter, PutBack, Verdict

HIDDEN_SECONDS = 120
"""While they are shown, nobody else sees them; afterwards they are back."""

HOMES = {
    "DeadLetterQueue": "Queue",
    "ScanDeadLetterQueue": "ScanQueue",
    "AsksDeadLetterQueue": "AsksQueue",
    "RemediationDeadLetterQueue": "RemediationQueue",
    "Failures": "",
}
"""Output of a dead letter queue -> output of the queue its messages came from."""
_LOGS = {
    "DeadLetterQueue": "on-change",
    "ScanDeadLetterQueue": "scan-worker",
    "AsksDeadLetterQueue": "respond",
    "RemediationDeadLetterQueue": "remediate",
}


class NoSuchStack(Exception):
    """The stack cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class DeadLetterQueues:
    """Those of one stack. Raises NoSuchStack where it is made."""

    session: AwsSession
    stack: str
    outputs: Mapping[str, str]

    @classmethod
    def of(cls, session: AwsSession, stack: str) -> DeadLetterQueues:
        try:
            (found,) = session.cloudformation.describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            raise NoSuchStack(f"the stack {stack}: {error.response['Error']['Message']}") from error
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())}
        return cls(session, stack, outputs)

    def letters(self) -> Iterator[DeadLetter]:
        """Every message of every queue, once each. They stay where they are."""
        for output in HOMES:
            url, seen = self.outputs.get(output, ""), set[str]()
            while url:
                answer = self.session.sqs.receive_message(
                    QueueUrl=url,
                    MaxNumberOfMessages=10,
                    VisibilityTimeout=HIDDEN_SECONDS,
                    WaitTimeSeconds=1,
                    MessageAttributeNames=["All"],
                )
                fresh = [m for m in answer.get("Messages", ()) if m["MessageId"] not in seen]
                if not fresh:
                    break
                for message in fresh:
                    seen.add(message["MessageId"])
                    yield DeadLetter(
                        queue=output,
                        id=message["MessageId"],
                        receipt=message["ReceiptHandle"],
                        body=message["Body"],
                        attributes={
                            name: value.get("StringValue", "")
                            for name, value in message.get("MessageAttributes", {}).items()
                        },
                    )

    def logged_reason(self, letter: DeadLetter) -> str:
        """What the function's log says of the message's last failure; empty if nothing."""
        if letter.queue not in _LOGS:
            return ""
        try:
            events = self.session.logs.filter_log_events(
                logGroupName=f"/gatewatch/{self.stack}/{_LOGS[letter.queue]}",
                filterPattern=f'"{letter.id}"',
            )["events"]
        except ClientError:
            return ""
        for event in reversed(events):
            try:
                line = json.loads(event["message"])
            except ValueError:
                continue
            if isinstance(line, dict) and line.get("exception"):
                return str(line["exception"]).strip().splitlines()[-1]
        return ""

    def release(self, letter: DeadLetter) -> None:
        """Let others see it again at once."""
        self.session.sqs.change_message_visibility(
            QueueUrl=self.outputs[letter.queue], ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )

    def put_back(self, letter: DeadLetter, verdict: Verdict) -> None:
        """Deal with it again, and only then take it out: killed in between, it is done twice, which
        does no harm."""
        if verdict.put_back is PutBack.SEND:
            home = self.outputs[HOMES[letter.queue] or "Queue"]
            self.session.sqs.send_message(QueueUrl=home, MessageBody=letter.body)
        elif verdict.put_back is PutBack.INVOKE:
            self.session.lambda_.invoke(
                FunctionName=verdict.function,
                InvocationType="Event",
                Payload=verdict.payload.encode(),
            )
        self.session.sqs.delete_message(
            QueueUrl=self.outputs[letter.queue], ReceiptHandle=letter.receipt
        )
