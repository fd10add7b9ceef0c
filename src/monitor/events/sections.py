"""Where a record holds its parameters: bare, or in the wrapper that its service puts around them.

REST APIs wrap the body (`updateRestApiInput`), EC2 the whole call (`ModifyVpcEndpointRequest`), the
others nothing. Sources: records seen in public; CloudTrail user guide, "CloudTrail record
contents".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

_WRAPPERS = ("Input", "Request", "Response")
MAX_DEPTH = 8


def inputs(section: Json) -> Iterator[Json]:
    """The bodies of REST records: `createStageInput`, `updateRestApiInput`, ..."""
    for key, value in section.items():
        if key.endswith("Input") and isinstance(value, dict):
            yield value


def sections(section: Json) -> Iterator[Json]:
    """The section itself and what it wraps."""
    yield section
    for key, value in section.items():
        if key.endswith(_WRAPPERS) and isinstance(value, dict):
            yield value


def texts(value: object, depth: int = MAX_DEPTH) -> Iterator[str]:
    """Every text in a JSON value, however its lists are written: EC2 logs a list of one as an
    object."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict):
        for member in value.values():
            yield from texts(member, depth - 1)
    elif depth and isinstance(value, list):
        for member in value:
            yield from texts(member, depth - 1)


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def field(section: Json, name: str) -> str:
    """A text member, whichever way its name begins: EC2 logs `VpcEndpointId`, most others not."""
    return text(section.get(name)) or text(section.get(name[:1].swapcase() + name[1:]))
