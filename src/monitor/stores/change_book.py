"""What is going on, in the table of the findings: bursts, events dealt with, calls refused.

| pk                 | sk                 | holds                                             |
| ------------------ | ------------------ | ------------------------------------------------- |
| `BURST#<subject>`  | `BURST`            | changes to be looked at; `version` fences writers |
| `EVENT#<event id>` | `SEEN`             | that the event was dealt with                     |
| `REFUSED#<api>`    | `<time>#<event id>` | a change to the API that AWS denied              |

All of them expire: an event's id after two days, which is longer than EventBridge tries to deliver
it, the others when nobody can need them any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from monitor.model.api import ApiId
from monitor.model.burst import Burst
from monitor.model.change import RefusedCall
from monitor.ports import Conflict
from monitor.stores.documents import pack, unpack
from monitor.stores.versions import Stored

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

SEEN_LIVES = timedelta(days=2)
BURST_LIVES = timedelta(days=14)
"""As long as the queue holds the message that ends it."""
REFUSED_LIVES = timedelta(days=1)
GET_BATCH, WRITE_BATCH = 100, 25
"""Source: DynamoDB API reference, "BatchGetItem", "BatchWriteItem"."""
TRIES = 5

_BURST = Stored("burst", TypeAdapter(Burst))
_REFUSED = TypeAdapter(RefusedCall)

Item = dict[str, Any]


class NotStored(RuntimeError):
    """DynamoDB left a part of a batch undone again and again."""


class DynamoDbChangeBook:
    """The port `ChangeBook` over DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def burst(self, subject: ApiId) -> Burst | None:
        answer = self._client.get_item(
            TableName=self._table, Key=_burst_key(subject), ConsistentRead=True
        )
        item = answer.get("Item")
        if item is None:
            return None
        held: Any = item["document"]
        return _BURST.validate_json(unpack(held["S"] if "S" in held else held["B"]))

    def put_burst(self, burst: Burst) -> None:
        packed = pack(_BURST.dump_json(burst))
        item: Item = {
            **_burst_key(burst.subject),
            "version": {"N": str(burst.version)},
            "document": {"S": packed} if isinstance(packed, str) else {"B": packed},
            "expires_at": _seconds(burst.last_at + BURST_LIVES),
        }
        is_new = burst.version == 1
        values = {} if is_new else {":before": {"N": str(burst.version - 1)}}
        given: Any = {"ExpressionAttributeValues": values} if values else {}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk)" if is_new else "version = :before",
                **given,
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise Conflict(burst.subject.api_id) from error

    def clear_burst(self, burst: Burst) -> None:
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=_burst_key(burst.subject),
                ConditionExpression="version = :mine",
                ExpressionAttributeValues={":mine": {"N": str(burst.version)}},
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise Conflict(burst.subject.api_id) from error

    def seen(self, event_ids: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        waiting = iter(dict.fromkeys(event_ids))
        while keys := [_seen_key(id_) for id_ in islice(waiting, GET_BATCH)]:
            found |= self._seen(keys)
        return frozenset(found)

    def _seen(self, keys: list[Item]) -> set[str]:
        """What DynamoDB does not answer counts as not seen: it is dealt with once more."""
        wanted: Any = {self._table: {"Keys": keys, "ProjectionExpression": "pk"}}
        items = self._client.batch_get_item(RequestItems=wanted)["Responses"].get(self._table, [])
        return {str(item["pk"]["S"]).partition("#")[2] for item in items}

    def mark_seen(self, event_ids: Iterable[str], *, now: datetime) -> None:
        """Raises NotStored."""
        expires = _seconds(now + SEEN_LIVES)
        waiting = iter(dict.fromkeys(event_ids))
        while ids := list(islice(waiting, WRITE_BATCH)):
            items: Any = [
                {"PutRequest": {"Item": {**_seen_key(id_), "expires_at": expires}}} for id_ in ids
            ]
            self._write(items)

    def _write(self, requests: Any) -> None:
        for _ in range(TRIES):
            answer = self._client.batch_write_item(RequestItems={self._table: requests})
            requests = answer.get("UnprocessedItems", {}).get(self._table)
            if not requests:
                return
        raise NotStored(f"{len(requests)} event ids")

    def refused_calls(self, api: ApiId, *, since: datetime) -> Sequence[RefusedCall]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk >= :since",
            ExpressionAttributeValues={
                ":pk": {"S": _refused_pk(api)},
                ":since": {"S": since.isoformat()},
            },
        )
        items = [item for page in pages for item in page["Items"]]
        return [_REFUSED.validate_json(item["document"]["S"]) for item in items]

    def note_refused(self, api: ApiId, call: RefusedCall) -> None:
        item = {
            "pk": {"S": _refused_pk(api)},
            "sk": {"S": f"{call.at.isoformat()}#{call.event_id}"},
            "document": {"S": _REFUSED.dump_json(call).decode()},
            "expires_at": _seconds(call.at + REFUSED_LIVES),
        }
        self._client.put_item(TableName=self._table, Item=item)


def _name(api: ApiId) -> str:
    return f"{api.partition}#{api.account_id}#{api.region}#{api.api_id}"


def _burst_key(subject: ApiId) -> Item:
    return {"pk": {"S": f"BURST#{_name(subject)}"}, "sk": {"S": "BURST"}}


def _seen_key(event_id: str) -> Item:
    return {"pk": {"S": f"EVENT#{event_id}"}, "sk": {"S": "SEEN"}}


def _refused_pk(api: ApiId) -> str:
    return f"REFUSED#{_name(api)}"


def _seconds(time: datetime) -> Mapping[str, str]:
    return {"N": str(int(time.timestamp()))}
