"""Which class of the org policy an API belongs to."""

from __future__ import annotations

from monitor.model.api import ApiSnapshot
from monitor.orgpolicy.schema import ApiClass, OrgPolicy, Selector


def class_of(snapshot: ApiSnapshot, policy: OrgPolicy) -> ApiClass:
    """The first class that selects the API. The last class selects every API."""
    return next(
        (item for item in policy.classes if item.select and _selects(item.select, snapshot)),
        policy.classes[-1],
    )


def _selects(selector: Selector, snapshot: ApiSnapshot) -> bool:
    return all(snapshot.tags.get(key) == value for key, value in selector.tags.items())
