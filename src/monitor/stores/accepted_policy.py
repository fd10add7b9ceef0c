"""The org policy that was accepted last, in the table of findings: `ORGPOLICY` / `ACCEPTED`."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from monitor.ports import AcceptedPolicy
from monitor.stores.documents import pack, unpack
from monitor.stores.versions import Stored

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

POLICY = Stored("accepted-org-policy", TypeAdapter(AcceptedPolicy))
_KEY = {"pk": {"S": "ORGPOLICY"}, "sk": {"S": "ACCEPTED"}}


class DynamoDbPolicies:
    """The port `PolicyStore` over DynamoDB."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def accepted(self) -> AcceptedPolicy | None:
        answer = self._client.get_item(TableName=self._table, Key=_KEY, ConsistentRead=True)
        try:
            held = answer["Item"]["document"]
            return POLICY.validate_json(unpack(held["S"] if "S" in held else held["B"]))
        except (KeyError, ValueError, zlib.error):
            return None

    def keep(self, policy: AcceptedPolicy) -> None:
        packed = pack(POLICY.dump_json(policy))
        mark = f"{policy.source} {policy.version}"
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    **_KEY,
                    "mark": {"S": mark},
                    "document": {"S": packed} if isinstance(packed, str) else {"B": packed},
                },
                ConditionExpression="attribute_not_exists(mark) OR mark <> :mark",
                ExpressionAttributeValues={":mark": {"S": mark}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return
