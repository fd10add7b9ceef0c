"""The deployed store: one table, one item an API, one item a notice.

| pk               | sk             | holds                                             |
| ---------------- | -------------- | ------------------------------------------------- |
| `API#<api>`      | `RECORD`       | the findings of the API; `version` fences writers |
| `NOTICES#<api>`  | the sequence   | a notice; `untold` is there until it is told      |
| `NOTICES#<api>`  | `CONVERSATION` | channel and first message of the API's incident   |
| `EXPORTS#<api>`  | `<deployment>#<part>` | a part of what is kept of an export        |
| `RESTS#<place>#<kind>` | `<object>#<id>` | that the API rests on the object           |
| `NOTES#<kind>`   | the name       | a small text that expires (`notebook.py`)         |

`<api>` is `partition#account#region#id`, `<place>` the same without the id. The index `untold`
holds only the notices still to be told: it is the outbox; the index `records` holds the records
alone. What has `expires_at` goes by itself: a notice that was told, a kept export, the record of an
API that is gone. Every document says which schema it follows; `stores/versions.py` brings older
ones up.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from monitor.model.api import ApiId
from monitor.model.change import ApiFamily
from monitor.model.finding import Severity
from monitor.model.kept_export import KeptExport
from monitor.model.notice import Conversation, Notice, Waiting
from monitor.model.objects import ObjectKind, ObjectRef
from monitor.model.place import Place
from monitor.model.record import ApiRecord, Links
from monitor.ports import Claim, Clock, Conflict, Unreadable
from monitor.stores.documents import (
    CONVERSATION,
    NOTICE,
    RECORD,
    pack,
    seal_export,
    unpack,
    unseal_export,
)
from monitor.stores.outbox import in_order
from monitor.stores.versions import Stored

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

UNTOLD_INDEX = "untold"
RECORDS_INDEX = "records"
PART_BYTES = 350_000
"""Below the 400 KB of an item. Source: DynamoDB developer guide, "Constraints"."""
TOLD_NOTICES_LIVE = timedelta(days=90)
KEPT_EXPORTS_LIVE = timedelta(days=30)
"""Much longer than from one scan that reads them anew to the next."""
GONE_APIS_LIVE = timedelta(days=90)

Item = dict[str, Any]
T = TypeVar("T")


class DynamoDbExports:
    """The port `ExportCache` over DynamoDB. An export that is larger than an item has several; the
    first says how many, and one of another write is found out by the hash over all of them."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def get(self, api: ApiId, deployment_id: str) -> KeptExport | None:
        first = self._part(api, deployment_id, 0)
        if first is None:
            return None
        rest = [self._part(api, deployment_id, n) for n in range(1, int(first["parts"]["N"]))]
        if any(item is None for item in rest):
            return None
        parts = [item["document"]["B"] for item in (first, *rest) if item is not None]
        return unseal_export(b"".join(parts))

    def put(self, api: ApiId, deployment_id: str, kept: KeptExport) -> None:
        sealed = seal_export(kept)
        parts = [sealed[at : at + PART_BYTES] for at in range(0, len(sealed), PART_BYTES)]
        for number, part in reversed(list(enumerate(parts))):
            item = {
                **_export_key(api, deployment_id, number),
                "parts": {"N": str(len(parts))},
                "document": {"B": part},
                "expires_at": _seconds(self._clock.now() + KEPT_EXPORTS_LIVE),
            }
            self._client.put_item(TableName=self._table, Item=item)

    def _part(self, api: ApiId, deployment_id: str, number: int) -> Item | None:
        key = _export_key(api, deployment_id, number)
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return answer.get("Item")


class DynamoDbStore:
    """The port `FindingStore` over DynamoDB. Atomicity rests on transactions with conditions."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def load(self, api: ApiId) -> ApiRecord:
        item = self._get(_record_key(api))
        return ApiRecord(api=api) if item is None else _read(RECORD, item)

    def commit(self, record: ApiRecord, notice: Notice | None, links: Links | None = None) -> None:
        puts = [self._put_record(record)]
        if notice is not None:
            puts.append({"TableName": self._table, "Item": _notice_item(notice)})
        items: list[Any] = [{"Put": put} for put in puts]
        if links is not None:
            items += self._link_changes(links, record.api)
        try:
            self._client.transact_write_items(TransactItems=items)
        except ClientError as error:
            if _was_refused_by_condition(error):
                raise Conflict(record.api.api_id) from error
            raise

    def apis_resting_on(self, ref: ObjectRef, place: Place) -> Sequence[ApiId]:
        # An API may rest on "any of the kind", which is the empty object.
        prefixes = (f"{ref.id}#", "#") if ref.id else ("",)
        items = [item for prefix in prefixes for item in self._links(ref, place, prefix)]
        found = {_linked(item, place) for item in items}
        return sorted(found, key=lambda api: api.api_id)

    def _link_changes(self, links: Links, api: ApiId) -> Iterator[Any]:
        for ref in sorted(links.removed):
            yield {"Delete": {"TableName": self._table, "Key": _link_key(ref, api)}}
        for ref in sorted(links.added):
            yield {"Put": {"TableName": self._table, "Item": _link(ref, api)}}

    def _links(self, ref: ObjectRef, place: Place, prefix: str) -> Iterator[Any]:
        condition, values = "pk = :pk", {":pk": {"S": _links_key(ref.kind, place)}}
        if prefix:
            condition += " AND begins_with(sk, :prefix)"
            values[":prefix"] = {"S": prefix}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
        )
        for page in pages:
            yield from page["Items"]

    def records(self) -> Iterator[ApiRecord]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=RECORDS_INDEX,
            KeyConditionExpression="listed = :yes",
            ExpressionAttributeValues={":yes": {"S": "yes"}},
        )
        for page in pages:
            for item in page["Items"]:
                yield _read(RECORD, item)

    def waiting(self, *, limit: int) -> Sequence[Waiting]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=UNTOLD_INDEX,
            KeyConditionExpression="untold = :yes",
            ExpressionAttributeValues={":yes": {"S": "yes"}},
            PaginationConfig={"MaxItems": limit},
        )
        # Without the document: one notice that cannot be read must not hold up all the others.
        items = [item for page in pages for item in page["Items"]]
        return in_order(
            (api, _severity(item), datetime.fromisoformat(item["made_at"]["S"]))
            for item in items
            if (api := notice_api(item)) is not None
        )

    def oldest_untold(self) -> datetime | None:
        """When the oldest notice was made that nobody marked told; None if none waits."""
        answer = self._client.query(
            TableName=self._table,
            IndexName=UNTOLD_INDEX,
            KeyConditionExpression="untold = :yes",
            ExpressionAttributeValues={":yes": {"S": "yes"}},
            Limit=1,
        )
        made = [datetime.fromisoformat(item["made_at"]["S"]) for item in answer["Items"]]
        return made[0] if made else None

    def untold_of(self, api: ApiId) -> Sequence[Notice]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            FilterExpression="attribute_exists(untold)",
            ExpressionAttributeValues={":pk": {"S": _notices_key(api)}},
            ConsistentRead=True,
        )
        return [_read(NOTICE, item) for page in pages for item in page["Items"]]

    def claim(self, notice: Notice, *, now: datetime, until: datetime) -> Claim | None:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_notice_key(notice),
                UpdateExpression="SET claimed_until = :until ADD tries :one",
                ConditionExpression=(
                    "attribute_exists(untold) AND "
                    "(attribute_not_exists(claimed_until) OR claimed_until <= :now)"
                ),
                ExpressionAttributeValues={
                    ":until": _seconds(until),
                    ":now": _seconds(now),
                    ":one": {"N": "1"},
                },
                ReturnValues="ALL_NEW",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        marks = answer["Attributes"]
        reached = marks.get("reached", {}).get("SS", ())
        return Claim(tries=int(marks["tries"]["N"]), reached=frozenset(reached))

    def release(self, notice: Notice) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=_notice_key(notice),
            UpdateExpression="REMOVE claimed_until, tries",
            ConditionExpression="attribute_exists(pk)",
        )

    def mark_reached(
        self, notice: Notice, sinks: frozenset[str], conversation: Conversation | None
    ) -> None:
        reached = {
            "TableName": self._table,
            "Key": _notice_key(notice),
            "UpdateExpression": "ADD reached :sinks",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {":sinks": {"SS": sorted(sinks)}},
        }
        self._mark(reached, notice.api, conversation)

    def conversation(self, api: ApiId) -> Conversation | None:
        item = self._get(_conversation_key(api))
        return _read(CONVERSATION, item) if item else None

    def mark_told(
        self, notice: Notice, conversation: Conversation | None, *, now: datetime
    ) -> None:
        told = {
            "TableName": self._table,
            "Key": _notice_key(notice),
            "UpdateExpression": (
                "SET told_at = :now, expires_at = :then REMOVE untold, claimed_until, tries"
            ),
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {
                ":now": {"S": now.isoformat()},
                ":then": _seconds(now + TOLD_NOTICES_LIVE),
            },
        }
        self._mark(told, notice.api, conversation)

    def _mark(self, update: Item, api: ApiId, conversation: Conversation | None) -> None:
        items: Any = [{"Update": update}]
        if conversation is not None:
            document = {"S": CONVERSATION.dump_json(conversation).decode()}
            item = {**_conversation_key(api), "document": document}
            items.append({"Put": {"TableName": self._table, "Item": item}})
        self._client.transact_write_items(TransactItems=items)

    def _get(self, key: Mapping[str, Any]) -> Item | None:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return answer.get("Item")

    def _put_record(self, record: ApiRecord) -> Any:
        item = {
            **_record_key(record.api),
            "listed": {"S": "yes"},
            "version": {"N": str(record.version)},
            "name": {"S": record.name},
            "scope": {"S": record.scope or ""},
            "read_at": {"S": record.read_at.isoformat() if record.read_at else ""},
            "document": _attribute(RECORD.dump_json(record)),
            **_expiry(record),
        }
        if record.version == 1:
            return {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        return {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "version = :before",
            "ExpressionAttributeValues": {":before": {"N": str(record.version - 1)}},
        }


def notice_api(keys: Mapping[str, Any]) -> ApiId | None:
    """The API whose notice has these keys (as a stream record carries them); None for others."""
    kind, _, rest = str(keys.get("pk", {}).get("S", "")).partition("#")
    parts = rest.split("#")
    if kind != "NOTICES" or len(parts) != 4:
        return None
    partition, account_id, region, api_id = parts
    return ApiId(partition=partition, account_id=account_id, region=region, api_id=api_id)


def _name(api: ApiId) -> str:
    return f"{api.partition}#{api.account_id}#{api.region}#{api.api_id}"


def _record_key(api: ApiId) -> Item:
    return {"pk": {"S": f"API#{_name(api)}"}, "sk": {"S": "RECORD"}}


def _notices_key(api: ApiId) -> str:
    return f"NOTICES#{_name(api)}"


def _notice_key(notice: Notice) -> Item:
    return {"pk": {"S": _notices_key(notice.api)}, "sk": {"S": f"{notice.sequence:012d}"}}


def _conversation_key(api: ApiId) -> Item:
    return {"pk": {"S": _notices_key(api)}, "sk": {"S": "CONVERSATION"}}


def _export_key(api: ApiId, deployment_id: str, number: int) -> Item:
    return {"pk": {"S": f"EXPORTS#{_name(api)}"}, "sk": {"S": f"{deployment_id}#{number:03d}"}}


def _links_key(kind: ObjectKind, place: Place | ApiId) -> str:
    return f"RESTS#{place.partition}#{place.account_id}#{place.region}#{kind}"


def _link_key(ref: ObjectRef, api: ApiId) -> Item:
    return {"pk": {"S": _links_key(ref.kind, api)}, "sk": {"S": f"{ref.id}#{api.api_id}"}}


def _link(ref: ObjectRef, api: ApiId) -> Item:
    family = {"family": {"S": api.family.value}} if api.family else {}
    return {**_link_key(ref, api), **family}


def _linked(item: Mapping[str, Any], place: Place) -> ApiId:
    family = item.get("family", {}).get("S")
    api_id = str(item["sk"]["S"]).rpartition("#")[2]
    return place.api(api_id, ApiFamily(family) if family else None)


def _expiry(record: ApiRecord) -> Item:
    if record.gone_at is None:
        return {}
    return {"expires_at": _seconds(record.gone_at + GONE_APIS_LIVE)}


def _notice_item(notice: Notice) -> Item:
    return {
        **_notice_key(notice),
        "untold": {"S": "yes"},
        "made_at": {"S": notice.made_at.isoformat()},
        "severity": {"S": notice.severity.value},
        "document": _attribute(NOTICE.dump_json(notice)),
    }


def _severity(item: Mapping[str, Any]) -> Severity:
    """What says nothing of it is told first."""
    try:
        return Severity(item["severity"]["S"])
    except (KeyError, ValueError):
        return Severity.CRITICAL


def _read(kind: Stored[T], item: Mapping[str, Any]) -> T:
    """Raises Unreadable, never an empty value: what is stored and cannot be read is not nothing."""
    try:
        return kind.validate_json(unpack(_document(item)))
    except (ValueError, KeyError, zlib.error) as error:
        place = f"{item['pk']['S']} {item['sk']['S']}"
        raise Unreadable(f"the {kind.kind} {place}: {error}") from error


def _document(item: Mapping[str, Any]) -> str | bytes:
    attribute = item["document"]
    text: str | bytes = attribute["S"] if "S" in attribute else attribute["B"]
    return text


def _attribute(json: bytes) -> Item:
    packed = pack(json)
    return {"S": packed} if isinstance(packed, str) else {"B": packed}


def _seconds(time: datetime) -> Item:
    return {"N": str(int(time.timestamp()))}


def _was_refused_by_condition(error: ClientError) -> bool:
    reasons = error.response.get("CancellationReasons", [])
    codes = {reason.get("Code") for reason in reasons}
    return bool(codes & {"ConditionalCheckFailed", "TransactionConflict"})
