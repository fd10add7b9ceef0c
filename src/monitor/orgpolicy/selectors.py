"""Which APIs, stages and routes a class or a waiver speaks of."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from monitor.model.api import ApiSnapshot, ApiType
from monitor.model.organization import Organization
from monitor.orgpolicy.words import ONE_OR_MORE, Part, Tags, Texts, matches, matches_tags

_TypeOfApi = Annotated[tuple[ApiType, ...], Field(min_length=1), ONE_OR_MORE]


class Selector(Part):
    """Every key that is given must match; of several values one has to. Globs know `*`, `?` and
    `[abc]`."""

    tags: Tags = Field(
        default_factory=dict,
        description="Tags the API carries, each with one of these values (globs).",
    )
    api: Texts | None = Field(default=None, description="The API's id.")
    name: Texts | None = Field(default=None, description="The API's name (globs).")
    account: Texts | None = Field(
        default=None,
        description="The API's account: a name of `organization.accounts`, or 12 digits in quotes.",
    )
    region: Texts | None = Field(default=None, description="The API's region (globs).")
    api_type: _TypeOfApi | None = Field(default=None, description="The kind of API.")
    stage: Texts | None = Field(default=None, description="The stage (globs).")
    route: Texts | None = Field(
        default=None,
        description="The route as it is configured: `GET /pets/*` with its verb, `/pets/*` for any "
        "verb, or a route key such as `$default` (globs).",
    )

    def selects_api(self, snapshot: ApiSnapshot, organization: Organization) -> bool:
        """Whether all that it says of the API as a whole is so; stage and route do not count."""
        api = snapshot.api
        accounts = tuple(organization.accounts.get(one, one) for one in self.account or ())
        return (
            matches_tags(self.tags, snapshot.tags)
            and (self.api is None or api.api_id in self.api)
            and (self.name is None or matches(self.name, snapshot.name))
            and (self.account is None or api.account_id in accounts)
            and (self.region is None or matches(self.region, api.region))
            and (self.api_type is None or snapshot.api_type in self.api_type)
        )

    @property
    def narrows(self) -> bool:
        """Whether it speaks of some stages or routes only."""
        return self.stage is not None or self.route is not None

    def selects_place(self, stage: str, route: str) -> bool:
        """`stage` and `route` empty: the API as a whole, which no stage's or route's class is."""
        return (self.stage is None or bool(stage and matches(self.stage, stage))) and (
            self.route is None or bool(route and is_route(self.route, route))
        )


def is_route(patterns: tuple[str, ...], key: str) -> bool:
    path = key.partition(" ")[2]
    return any(
        matches((pattern,), path if pattern.startswith("/") else key) for pattern in patterns
    )
