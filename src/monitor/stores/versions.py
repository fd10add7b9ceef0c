"""The stored form of a model value: JSON that says which schema it follows, and the way up from
every older one.

A field that is added with a default needs no new schema. Any other change of shape does: raise
`version`, add the step from the one before, and keep the items of the old schema under
`tests/fixtures/` as they were written. A record is brought up as it is read and stored in the new
form at its next look, so an upgrade needs no migration run and no pause.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")

Json = dict[str, Any]
Upgrade = Callable[[Json], Json]
"""A document of one schema -> the same in the next."""


class NewerSchema(ValueError):
    """Written by a later version of Gatewatch. Reading it as ours could lose what it says."""


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """One kind of document. `upgrades`: from schema 1 to 2, from 2 to 3, ... up to the present one.
    Items of the first releases name no schema: that is schema 1."""

    kind: str
    adapter: TypeAdapter[T]
    upgrades: tuple[Upgrade, ...] = ()

    @property
    def version(self) -> int:
        return len(self.upgrades) + 1

    def dump_json(self, value: T) -> bytes:
        document = self.adapter.dump_json(value)
        # Spliced in front: the documents can be large, and need not be parsed to be marked.
        return b'{"schema":"%s",%s' % (self._name(self.version).encode(), document[1:])

    def validate_json(self, text: str | bytes) -> T:
        """Raises NewerSchema, and ValueError (pydantic's is one) for what is no such document."""
        found = _first_member(text)
        if found == self._name(self.version):
            return self.adapter.validate_json(text)
        document = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError(f"a stored {self.kind} is no JSON object")
        schema = document.pop("schema", None)
        for upgrade in self.upgrades[self._number(schema) - 1 :]:
            document = upgrade(document)
        return self.adapter.validate_json(json.dumps(document))

    def _name(self, version: int) -> str:
        return f"gatewatch.{self.kind}/{version}"

    def _number(self, schema: object) -> int:
        if schema is None:
            return 1
        for version in range(1, self.version + 1):
            if schema == self._name(version):
                return version
        raise NewerSchema(
            f"it follows the schema `{schema}`, and this version of Gatewatch knows "
            f"`{self._name(self.version)}` at most"
        )


def _first_member(text: str | bytes) -> str | None:
    """The schema of a document that begins with it."""
    head = text[:80].decode("utf-8", "replace") if isinstance(text, bytes) else text[:80]
    name, found, _ = head.removeprefix('{"schema":"').partition('"')
    return name if found and head.startswith('{"schema":"') else None
