"""Model values <-> what a store keeps: JSON that people can read, packed when it is large."""

from __future__ import annotations

import hashlib
import zlib

from pydantic import TypeAdapter, ValidationError

from monitor.model.kept_export import KeptExport
from monitor.model.notice import Conversation, Notice
from monitor.model.record import ApiRecord
from monitor.ports import Claim
from monitor.stores.versions import Stored

READABLE_BYTES = 300_000
"""Below DynamoDB's 400 KB an item. Source: DynamoDB developer guide, "Constraints"."""
MAX_UNPACKED_BYTES = 64_000_000

CLAIM = TypeAdapter(Claim)
RECORD = Stored("record", TypeAdapter(ApiRecord))
NOTICE = Stored("notice", TypeAdapter(Notice))
CONVERSATION = Stored("conversation", TypeAdapter(Conversation))
KEPT_EXPORT = TypeAdapter(KeptExport)

_HASH_BYTES = hashlib.sha256().digest_size


def pack(json: bytes) -> str | bytes:
    """Text as long as it is small, zlib beyond."""
    return json.decode() if len(json) <= READABLE_BYTES else zlib.compress(json)


def unpack(stored: str | bytes) -> bytes:
    """Raises ValueError for what unpacks to more than any API can have."""
    if isinstance(stored, str):
        return stored.encode()
    return _inflate(stored)


def seal(json: bytes) -> bytes:
    """The document packed, behind the hash of its packed form."""
    packed = zlib.compress(json)
    return hashlib.sha256(packed).digest() + packed


def unseal(sealed: bytes) -> bytes | None:
    """The document; None if a bit of it is not what was sealed."""
    digest, packed = sealed[:_HASH_BYTES], sealed[_HASH_BYTES:]
    if hashlib.sha256(packed).digest() != digest:
        return None
    try:
        return _inflate(packed)
    except (ValueError, zlib.error):
        return None


def seal_export(kept: KeptExport) -> bytes:
    return seal(KEPT_EXPORT.dump_json(kept))


def unseal_export(sealed: bytes) -> KeptExport | None:
    """None for what is damaged, or was written by a version that kept something else."""
    json = unseal(sealed)
    try:
        return KEPT_EXPORT.validate_json(json) if json is not None else None
    except ValidationError:
        return None


def _inflate(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    json = unpacker.decompress(packed, MAX_UNPACKED_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError("a stored document is larger than any that Gatewatch writes")
    return json
