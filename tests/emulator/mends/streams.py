"""DynamoDB stream mappings retry as AWS does, and a slow one delays nobody.

MiniStack counts a handler that answers `batchItemFailures` as a success and loses the records,
ignores MaximumRetryAttempts and BisectBatchOnFunctionError, and runs stream handlers in the one
polling thread, so that a slow one holds up every queue. Here each mapping has one batch in flight
in a thread of its own. Not imitated: parallelization, tumbling windows, a batching window.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mends import expect
from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import AccountRegionScopedDict, request_scope
from ministack.services import dynamodb, lambda_svc

_FAILURE = ("esm", "func_rec", "batch", "stream_arn", "result", "condition")


def apply() -> None:
    poll = expect.function(lambda_svc, "_poll_dynamodb_streams")
    expect.function(lambda_svc, "_iter_all_esms")
    expect.function(lambda_svc, "_execute_function", "func", "event")
    expect.function(lambda_svc, "_apply_filter_criteria", "records", "esm")
    expect.function(lambda_svc, "_dispatch_esm_batch", "esm_id", "fn", "args")
    expect.function(lambda_svc, "_get_func_record_for_qualifier", "name", "qualifier")
    expect.function(lambda_svc, "_send_ddb_stream_failure_record", *_FAILURE)
    expect.attribute(lambda_svc, "_dynamodb_stream_positions", AccountRegionScopedDict)
    shards: dict[str, _Shard] = {}

    def poll_dynamodb_streams() -> bool:
        dispatched = False
        for esm, table in _stream_mappings():
            shard = shards.setdefault(esm["UUID"], _Shard(esm, table))
            if shard.is_due():
                lambda_svc._dispatch_esm_batch(esm["UUID"], shard.process)
                dispatched = True
        return dispatched

    expect.replace(lambda_svc, poll, poll_dynamodb_streams)


def _stream_mappings() -> Iterator[tuple[dict[str, Any], str]]:
    """Every enabled mapping of a living stream, with its table, in the scope of its account."""
    for account, region, esm in lambda_svc._iter_all_esms():
        with request_scope(account, region):
            try:
                source = parse_arn(esm.get("EventSourceArn", ""))
            except ArnParseError:
                continue
            named = lambda_svc._dynamodb_stream_table_from_arn_spec(source)
            if not named or not esm.get("Enabled", True):
                continue
            table = dynamodb._tables.get(named[0])
            if table and table.get("LatestStreamArn") == esm["EventSourceArn"]:
                yield esm, named[0]


@dataclass
class _Shard:
    """Where one mapping stands in its stream, which has one shard here."""

    esm: dict[str, Any]
    table: str
    failures: int = 0
    bisected_to: int | None = None

    def is_due(self) -> bool:
        key = self.esm["UUID"]
        if (
            lambda_svc._esm_inflight.get(key)
            or lambda_svc._esm_backoff_until.get(key, 0) > time.time()
        ):
            return False
        return self._position() < int(dynamodb.stream_end_position(self.table))

    def _position(self) -> int:
        horizon: int = dynamodb.stream_start_position(self.table)
        with lambda_svc._dynamodb_stream_positions_lock:
            at = lambda_svc._dynamodb_stream_positions.get(self.esm["UUID"])
            if at is None:
                latest = self.esm.get("StartingPosition", "LATEST") != "TRIM_HORIZON"
                at = dynamodb.stream_end_position(self.table) if latest else horizon
            # Records that expired since are gone.
            at = max(int(at), horizon)
            lambda_svc._dynamodb_stream_positions[self.esm["UUID"]] = at
            return at

    def _advance(self, records: int) -> None:
        with lambda_svc._dynamodb_stream_positions_lock:
            lambda_svc._dynamodb_stream_positions[self.esm["UUID"]] += records
        self.failures, self.bisected_to = 0, None

    def process(self) -> None:
        size = self.bisected_to or int(self.esm.get("BatchSize", 100))
        batch = dynamodb.stream_records_since(self.table, self._position(), size)
        kept = lambda_svc._apply_filter_criteria(batch, self.esm)
        function, _ = lambda_svc._get_func_record_for_qualifier(
            self.esm["FunctionName"], self.esm.get("Qualifier")
        )
        if not kept or function is None:
            self._advance(len(batch) if function else 0)
            return
        result = lambda_svc._execute_function(function, {"Records": kept})
        failed = _first_failure(batch, result, self.esm)
        if failed is None:
            self._advance(len(batch))
            self.esm["LastProcessingResult"] = f"OK - {len(kept)} records"
            return
        self.esm["LastProcessingResult"] = "PROBLEM: Function call failed"
        if failed:
            self._advance(failed)  # what came before it is done
        self._retry_or_give_up(function, batch[failed:], result)

    def _retry_or_give_up(
        self, function: dict[str, Any], batch: list[dict[str, Any]], result: dict[str, Any]
    ) -> None:
        # Splitting a batch does not count as a retry.
        if self.esm.get("BisectBatchOnFunctionError") and len(batch) > 1:
            self.bisected_to = len(batch) // 2
        else:
            self.failures += 1
        if condition := self._exhausted(batch):
            lambda_svc._send_ddb_stream_failure_record(
                self.esm, function, batch, self.esm["EventSourceArn"], result, condition
            )
            self._advance(len(batch))
        else:
            pause = time.time() + lambda_svc._ESM_BACKOFF_SECONDS
            lambda_svc._esm_backoff_until[self.esm["UUID"]] = pause

    def _exhausted(self, batch: list[dict[str, Any]]) -> str | None:
        retries = int(self.esm.get("MaximumRetryAttempts", -1))
        if 0 <= retries < self.failures:
            return "RetryAttemptsExhausted"
        most = int(self.esm.get("MaximumRecordAgeInSeconds") or -1)
        created = float(batch[0]["dynamodb"].get("ApproximateCreationDateTime", time.time()))
        return "MaxRecordAgeExceeded" if 0 < most < time.time() - created else None


def _first_failure(
    batch: list[dict[str, Any]], result: dict[str, Any], esm: dict[str, Any]
) -> int | None:
    """Index of the record to go on from: the lowest one reported, as in AWS. None: all done."""
    if result.get("error"):
        return 0
    if "ReportBatchItemFailures" not in esm.get("FunctionResponseTypes", []):
        return None
    body = result.get("body")
    answer = json.loads(body) if isinstance(body, str) and body.startswith("{") else body
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures:
        return None
    sequence = [record["dynamodb"]["SequenceNumber"] for record in batch]
    named = [failure.get("itemIdentifier") for failure in failures]
    # An identifier that is none of the batch's makes the whole batch a failure.
    return min(sequence.index(name) if name in sequence else 0 for name in named)
