"""The deployed journal: a table of its own, which only the remediator's role can write.

| pk            | sk                    | holds                                                  |
| ------------- | --------------------- | ------------------------------------------------------ |
| `PLAN#<id>`   | `ENTRY`               | what happens to a plan; `version` fences writers       |
| `API#<api>`   | `<made at>#<plan id>` | that the API has this plan                             |
| `API#<api>`   | `HELD`                | who holds the API: `token`, `plan_id`, `held_until`    |
| `GOING-ON`    | the plan's id         | that somebody is, or was, in the middle of the plan    |
| `SLOTS#<scope>` | `SLOTS`             | when automatic actions of the last hour were taken     |
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from monitor.model.api import ApiId
from monitor.stores.documents import pack, unpack
from remediators.entry import ENTRY, Entry
from remediators.journal.memory import HOUR
from remediators.plan import GOING_ON
from remediators.ports import Conflict, Lease

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
PLANS_SHOWN = 20
_HELD = "HELD"
_GOING_ON = "GOING-ON"


class DynamoDbJournal:
    """The port `Journal` over DynamoDB. Fencing rests on conditions in one transaction."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def create(self, entry: Entry) -> None:
        plan = entry.plan
        of_api = {
            "pk": {"S": _api(plan.api)},
            "sk": {"S": f"{plan.made_at.isoformat()}#{plan.id}"},
            "plan_id": {"S": plan.id},
        }
        self._transact(
            {"Put": {**self._put(entry), "ConditionExpression": "attribute_not_exists(pk)"}},
            {"Put": {"TableName": self._table, "Item": of_api}},
        )

    def load(self, plan_id: str) -> Entry | None:
        item = self._get(_plan_key(plan_id))
        if item is None:
            return None
        document = item["document"]
        return ENTRY.validate_json(unpack(document["S"] if "S" in document else document["B"]))

    def save(self, entry: Entry, lease: Lease | None = None) -> None:
        put = {
            **self._put(entry),
            "ConditionExpression": "version = :before",
            "ExpressionAttributeValues": {":before": {"N": str(entry.version - 1)}},
        }
        items: list[Any] = [{"Put": put}, self._mark(entry)]
        if lease is not None:
            held = {"TableName": self._table, "Key": _held_key(lease.api), **_is_ours(lease)}
            items.append({"ConditionCheck": held})
        self._transact(*items)

    def going_on(self) -> Sequence[str]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _GOING_ON}},
            ConsistentRead=True,
        )
        return [item["sk"]["S"] for page in pages for item in page["Items"]]

    def _mark(self, entry: Entry) -> Any:
        key = {"pk": {"S": _GOING_ON}, "sk": {"S": entry.plan.id}}
        if entry.state in GOING_ON:
            return {"Put": {"TableName": self._table, "Item": key}}
        return {"Delete": {"TableName": self._table, "Key": key}}

    def plans_of(self, api: ApiId) -> Sequence[Entry]:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk < :held",
            ExpressionAttributeValues={":pk": {"S": _api(api)}, ":held": {"S": _HELD}},
            ScanIndexForward=False,
            Limit=PLANS_SHOWN,
            ConsistentRead=True,
        )
        found = [self.load(item["plan_id"]["S"]) for item in answer["Items"]]
        return [entry for entry in found if entry is not None]

    def acquire(self, api: ApiId, plan_id: str, *, now: datetime, until: datetime) -> Lease | None:
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_held_key(api),
                UpdateExpression="SET plan_id = :plan, held_until = :until ADD #token :one",
                ConditionExpression=(
                    "attribute_not_exists(plan_id) OR (plan_id = :plan AND "
                    "(attribute_not_exists(held_until) OR held_until <= :now))"
                ),
                ExpressionAttributeNames={"#token": "token"},
                ExpressionAttributeValues={
                    ":plan": {"S": plan_id},
                    ":until": {"S": until.isoformat()},
                    ":now": {"S": now.isoformat()},
                    ":one": {"N": "1"},
                },
                ReturnValues="ALL_NEW",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        token = int(answer["Attributes"]["token"]["N"])
        return Lease(api=api, plan_id=plan_id, token=token, until=until)

    def renew(self, lease: Lease, *, until: datetime) -> Lease:
        if not self._change(lease, "SET held_until = :until", {":until": {"S": until.isoformat()}}):
            raise Conflict(f"plan {lease.plan_id} does not hold its API any more")
        return replace(lease, until=until)

    def release(self, lease: Lease) -> None:
        self._change(lease, "REMOVE plan_id, held_until", {})

    def pause(self, lease: Lease) -> None:
        self._change(lease, "REMOVE held_until", {})

    def holder(self, api: ApiId) -> str | None:
        item = self._get(_held_key(api)) or {}
        return item["plan_id"]["S"] if "plan_id" in item else None

    def take_slot(self, scope: str, *, limit: int, now: datetime) -> bool:
        key = {"pk": {"S": f"SLOTS#{scope}"}, "sk": {"S": "SLOTS"}}
        while True:
            noted = self._get(key)
            taken = json.loads(noted["taken"]["S"]) if noted is not None else []
            recent = [at for at in taken if datetime.fromisoformat(at) > now - HOUR]
            if len(recent) >= limit:
                return False
            item = {**key, "taken": {"S": json.dumps([*recent, now.isoformat()])}}
            put: Any = {"TableName": self._table, "Item": item}
            if noted is None:
                put["ConditionExpression"] = "attribute_not_exists(pk)"
            else:
                put["ConditionExpression"] = "taken = :seen"
                put["ExpressionAttributeValues"] = {":seen": noted["taken"]}
            try:
                self._client.put_item(**put)
            except self._client.exceptions.ConditionalCheckFailedException:
                continue
            return True

    def _change(self, lease: Lease, expression: str, values: Mapping[str, Any]) -> bool:
        ours = _is_ours(lease)
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_held_key(lease.api),
                UpdateExpression=expression,
                ConditionExpression=ours["ConditionExpression"],
                ExpressionAttributeNames=ours["ExpressionAttributeNames"],
                ExpressionAttributeValues={**ours["ExpressionAttributeValues"], **values},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _put(self, entry: Entry) -> Item:
        packed = pack(ENTRY.dump_json(entry))
        document = {"S": packed} if isinstance(packed, str) else {"B": packed}
        item = {
            **_plan_key(entry.plan.id),
            "version": {"N": str(entry.version)},
            "state": {"S": entry.state.value},
            "document": document,
        }
        return {"TableName": self._table, "Item": item}

    def _get(self, key: Mapping[str, Any]) -> Item | None:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return answer.get("Item")

    def _transact(self, *items: Any) -> None:
        try:
            self._client.transact_write_items(TransactItems=list(items))
        except ClientError as error:
            codes = {one.get("Code") for one in error.response.get("CancellationReasons", [])}
            if codes & {"ConditionalCheckFailed", "TransactionConflict"}:
                raise Conflict("the plan or its lease was written meanwhile") from error
            raise


def _api(api: ApiId) -> str:
    return f"API#{api.partition}#{api.account_id}#{api.region}#{api.api_id}"


def _plan_key(plan_id: str) -> Item:
    return {"pk": {"S": f"PLAN#{plan_id}"}, "sk": {"S": "ENTRY"}}


def _held_key(api: ApiId) -> Item:
    return {"pk": {"S": _api(api)}, "sk": {"S": _HELD}}


def _is_ours(lease: Lease) -> Item:
    return {
        "ConditionExpression": "#token = :token AND plan_id = :plan",
        "ExpressionAttributeNames": {"#token": "token"},
        "ExpressionAttributeValues": {
            ":token": {"N": str(lease.token)},
            ":plan": {"S": lease.plan_id},
        },
    }
