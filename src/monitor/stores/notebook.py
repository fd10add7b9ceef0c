"""The port `Notebook` in memory, in a folder, and in the findings table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from monitor.stores.files import BESIDE, file_name, read_file, write_file

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class MemoryNotebook:
    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}

    def find(self, kind: str, name: str) -> str | None:
        return self._texts.get((kind, name))

    def read(self, kind: str) -> Mapping[str, str]:
        return {name: text for (one, name), text in self._texts.items() if one == kind}

    def write(self, kind: str, name: str, text: str, *, until: datetime) -> None:  # noqa: ARG002
        self._texts[kind, name] = text


class FileNotebook:
    """One file a text, in `notes/<kind>/`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "notes"

    def find(self, kind: str, name: str) -> str | None:
        document = read_file(self._file(kind, name))
        return None if document is None else document.decode()

    def read(self, kind: str) -> Mapping[str, str]:
        files = (self._folder / file_name(kind)).glob("*")
        return {
            unquote(file.name): file.read_text("utf-8") for file in files if file.suffix != BESIDE
        }

    def write(self, kind: str, name: str, text: str, *, until: datetime) -> None:  # noqa: ARG002
        write_file(self._file(kind, name), text.encode())

    def _file(self, kind: str, name: str) -> Path:
        return self._folder / file_name(kind) / file_name(name)


class DynamoDbNotebook:
    """Items that the table's time-to-live removes, within days of their time."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def find(self, kind: str, name: str) -> str | None:
        key = {"pk": {"S": f"NOTES#{kind}"}, "sk": {"S": name}}
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return answer["Item"]["text"]["S"] if "Item" in answer else None

    def read(self, kind: str) -> Mapping[str, str]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"NOTES#{kind}"}},
            ConsistentRead=True,
        )
        return {item["sk"]["S"]: item["text"]["S"] for page in pages for item in page["Items"]}

    def write(self, kind: str, name: str, text: str, *, until: datetime) -> None:
        item = {
            "pk": {"S": f"NOTES#{kind}"},
            "sk": {"S": name},
            "text": {"S": text},
            "expires_at": {"N": str(int(until.timestamp()))},
        }
        self._client.put_item(TableName=self._table, Item=item)
