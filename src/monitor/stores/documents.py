"""Model values <-> what a store keeps: JSON that people can read, packed when it is large."""

from __future__ import annotations

import zlib

from pydantic import TypeAdapter

from monitor.model.notice import Conversation, Notice
from monitor.model.record import ApiRecord

READABLE_BYTES = 300_000
"""Below DynamoDB's 400 KB an item. Source: DynamoDB developer guide, "Constraints"."""
MAX_UNPACKED_BYTES = 64_000_000

RECORD = TypeAdapter(ApiRecord)
NOTICE = TypeAdapter(Notice)
CONVERSATION = TypeAdapter(Conversation)


def pack(json: bytes) -> str | bytes:
    """Text as long as it is small, zlib beyond."""
    return json.decode() if len(json) <= READABLE_BYTES else zlib.compress(json)


def unpack(stored: str | bytes) -> bytes:
    """Raises ValueError for what unpacks to more than any API can have."""
    if isinstance(stored, str):
        return stored.encode()
    unpacker = zlib.decompressobj()
    json = unpacker.decompress(stored, MAX_UNPACKED_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError("a stored document is larger than any that Gatewatch writes")
    return json
