"""What a scan has found out so far, in one file that grows by an entry an API.

An entry is its length (4 bytes), a hash, and key and document packed. A process that is killed
while it writes leaves a torn entry at the end; whoever opens the file next cuts it off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

from monitor.stores.documents import seal, unseal

_LENGTH = struct.Struct(">I")


class Journal:
    """Documents by key, in the order of their first `put`; the last of a key counts. Only the keys
    are in memory. The file is binary, readable and writable, and the journal's alone."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places: dict[str, int] = {}
        self._end = 0
        file.seek(0)
        while (entry := self._entry()) is not None:
            self._places[entry[0]] = self._end
            self._end = file.tell()
        file.truncate(self._end)

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def put(self, key: str, document: bytes) -> None:
        sealed = seal(key.encode() + b"\n" + document)
        self._file.seek(self._end)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._file.flush()
        self._places[key] = self._end
        self._end = self._file.tell()

    def get(self, key: str) -> bytes | None:
        place = self._places.get(key)
        if place is None:
            return None
        self._file.seek(place)
        entry = self._entry()
        return entry[1] if entry else None

    def items(self) -> Iterator[tuple[str, bytes]]:
        for key in tuple(self._places):
            if (document := self.get(key)) is not None:
                yield key, document

    def clear(self) -> None:
        self._places.clear()
        self._end = 0
        self._file.truncate(0)

    def _entry(self) -> tuple[str, bytes] | None:
        """The entry at the file's place; None at the end and where it is torn or damaged."""
        head = self._file.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        text = unseal(self._file.read(*_LENGTH.unpack(head)))
        if text is None:
            return None
        key, _, document = text.partition(b"\n")
        return key.decode(), document
