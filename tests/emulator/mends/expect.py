"""Guards of the mends: an upgraded emulator must be looked at again, never mended blindly."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


class EmulatorChangedError(RuntimeError):
    """The emulator no longer has the shape this mend was written for."""


def function(module: ModuleType, name: str, *parameters: str) -> Callable[..., Any]:
    """The named function, if it still takes exactly these parameters."""
    found: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(found):
        raise EmulatorChangedError(f"`{module.__name__}.{name}` is gone")
    takes = tuple(inspect.signature(found).parameters)
    if takes != parameters:
        raise EmulatorChangedError(
            f"`{module.__name__}.{name}` takes {takes}, expected {parameters}"
        )
    return found


def attribute(module: ModuleType, name: str, kind: type) -> Any:
    """The named module attribute, if it still is of this type."""
    found = getattr(module, name, None)
    if not isinstance(found, kind):
        what = f"{type(found).__name__}, expected {kind.__name__}"
        raise EmulatorChangedError(f"`{module.__name__}.{name}` is a {what}")
    return found


def replace(module: ModuleType, original: Callable[..., Any], mended: Callable[..., Any]) -> None:
    """Put `mended` where `original` was, under the same name."""
    functools.update_wrapper(mended, original)
    setattr(module, original.__name__, mended)
