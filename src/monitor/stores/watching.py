"""What Gatewatch knows of itself, in the table of findings.

| pk              | sk         | holds                                                        |
| --------------- | ---------- | ------------------------------------------------------------ |
| `SEEN#<region>` | `LAST`     | `event_time` of the latest event that came through           |
| `WATCH`         | `TROUBLES` | what is wrong and who heard of it; `version` fences writers  |
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from monitor.model.trouble import Board
from monitor.ports import Conflict
from monitor.stores.documents import pack, unpack
from monitor.stores.versions import Stored

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BOARD = Stored("troubles", TypeAdapter(Board))
_BOARD_KEY = {"pk": {"S": "WATCH"}, "sk": {"S": "TROUBLES"}}


class DynamoDbSightings:
    """The port `Sightings` over DynamoDB. Times are ISO 8601 in UTC, so that they sort as text."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def note(self, region: str, event_time: datetime) -> None:
        try:
            self._client.put_item(
                TableName=self._table,
                Item={**_seen_key(region), "event_time": {"S": event_time.isoformat()}},
                ConditionExpression="attribute_not_exists(event_time) OR event_time < :this",
                ExpressionAttributeValues={":this": {"S": event_time.isoformat()}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def last(self, region: str) -> datetime | None:
        item = _get(self._client, self._table, _seen_key(region))
        return datetime.fromisoformat(item["event_time"]["S"]) if item else None


class DynamoDbTroubles:
    """The port `TroubleStore` over DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def load(self) -> Board:
        item = _get(self._client, self._table, _BOARD_KEY)
        if item is None:
            return Board()
        try:
            held = item["document"]
            return BOARD.validate_json(unpack(held["S"] if "S" in held else held["B"]))
        except (KeyError, ValueError, zlib.error):
            # Everything that is wrong is found again and said once more.
            return Board(version=int(item["version"]["N"]))

    def save(self, board: Board) -> None:
        packed = pack(BOARD.dump_json(board))
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    **_BOARD_KEY,
                    "version": {"N": str(board.version)},
                    "document": {"S": packed} if isinstance(packed, str) else {"B": packed},
                },
                ConditionExpression="attribute_not_exists(pk) OR version = :before",
                ExpressionAttributeValues={":before": {"N": str(board.version - 1)}},
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise Conflict("troubles") from error


def _seen_key(region: str) -> dict[str, Any]:
    return {"pk": {"S": f"SEEN#{region}"}, "sk": {"S": "LAST"}}


def _get(client: DynamoDBClient, table: str, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
