"""Look at every API of a region, or at some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from monitor.model.api import ApiId
from monitor.model.gaps import Gap
from monitor.usecases.look import Looked, Looker

WORKERS = 3
"""Enough to use up the quota: under AWS's limits more workers only wait for one another."""

Progress = Callable[[int, int], None]
"""Told (done, of) after each API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """One region. `gone`: APIs that were asked for by id and do not exist."""

    region: str
    looked: tuple[Looked, ...]
    gone: tuple[ApiId, ...] = ()
    gaps: tuple[Gap, ...] = ()


def scan(
    looker: Looker,
    *,
    region: str,
    only: Sequence[ApiId] = (),
    progress: Progress = lambda _done, _of: None,
) -> Scanned:
    """`only` empty = every API. An API that vanishes after it was listed is no error."""
    listing_gaps: tuple[Gap, ...] = ()
    apis = tuple(only)
    if not apis:
        listing = looker.source.list_apis()
        apis, listing_gaps = listing.apis, listing.gaps
    progress(0, len(apis))
    looked = tuple(_looks(looker, apis, progress))
    return Scanned(
        region=region,
        looked=tuple(look for look in looked if look.evaluation is not None),
        gone=tuple(look.api for look in looked if look.evaluation is None) if only else (),
        gaps=listing_gaps,
    )


def _looks(looker: Looker, apis: Sequence[ApiId], progress: Progress) -> Iterator[Looked]:
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="gatewatch-scan") as pool:
        for done, looked in enumerate(pool.map(looker.look_at, apis), start=1):
            progress(done, len(apis))
            yield looked
