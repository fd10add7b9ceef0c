"""The template's own table, in moto."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto import mock_aws
from tests.template import resource

TABLE = "findings"


@contextmanager
def findings_table() -> Iterator[Any]:
    """A client of an account that has the table."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client)
        yield client


def make_table(client: Any) -> None:
    table = resource("FindingsTable")["Properties"]
    wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    client.create_table(TableName=TABLE, **{key: table[key] for key in wanted})
