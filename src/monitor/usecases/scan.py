"""Look at every API of a region, or at some of them, and hold no more than a few at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from monitor.model.api import ApiId
from monitor.model.gaps import Gap, Unknown
from monitor.usecases.look import Looked, Looker

WORKERS = 4
"""Enough to use up the quota: under AWS's limits more workers only wait for one another."""
AHEAD = 2 * WORKERS
"""Looks begun or done before their turn; each holds a whole API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPlan:
    """What to look at in a region. With a gap, `apis` may be short."""

    region: str
    apis: tuple[ApiId, ...]
    gaps: tuple[Gap, ...] = ()


def plan(looker: Looker, *, region: str, only: Sequence[ApiId] | None = None) -> RegionPlan:
    """`only` None = every API of the region."""
    if only is not None:
        return RegionPlan(region=region, apis=tuple(only))
    listing = looker.source.list_apis()
    return RegionPlan(region=region, apis=listing.apis, gaps=listing.gaps)


def look_at_each(looker: Looker, apis: Iterable[ApiId]) -> Iterator[Looked]:
    """In the order of `apis`. Leaving the iterator early begins no further look."""
    waiting = iter(apis)
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="gatewatch-scan")
    try:
        begun: deque[Future[Looked]] = deque(
            pool.submit(looker.look_at, api) for api in islice(waiting, AHEAD)
        )
        while begun:
            yield begun.popleft().result()
            begun.extend(pool.submit(looker.look_at, api) for api in islice(waiting, 1))
    finally:
        pool.shutdown(cancel_futures=True)


def missing(api_id: str, regions: Sequence[str]) -> Gap:
    """An API that was asked for by its id and does not exist."""
    return Gap(
        service="apigateway",
        operation="GetRestApi",
        error_code="NotFoundException",
        unknown=Unknown.API,
        subject=f"restapis/{api_id}",
        message=f"no such API in {', '.join(regions)}",
    )
