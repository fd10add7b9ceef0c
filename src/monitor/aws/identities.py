"""Which users and roles of the account hold `execute-api:Invoke`, and for what.

Source: IAM API reference, "GetAccountAuthorizationDetails"; IAM user guide, "Policy evaluation
logic", "Permissions boundaries".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from monitor.aws.asking import ask
from monitor.iampolicy.document import Effect, Statement, parse
from monitor.iampolicy.glob import Pattern, Wild, glob
from monitor.iampolicy.resources import matches_action
from monitor.iampolicy.three_valued import Truth
from monitor.model.api import ApiId
from monitor.model.behind import IdentityKind, Invoker, InvokeStatement
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

PAGE = 1000
_VARIABLE = re.compile(r"\$\{[^}]*\}")

Details = Mapping[str, Any]


class IdentityReads:
    """`pace` waits before each page: IAM's quota is the account's, in all regions together."""

    def __init__(self, client: IAMClient, pace: Callable[[], None] = lambda: None) -> None:
        self._client = client
        self._pace = pace

    def invokers(self) -> tuple[Invoker, ...] | Gap:
        """Every user and role whose policies speak of invoking some API."""
        pages = self._client.get_paginator("get_account_authorization_details")

        def call() -> tuple[Invoker, ...]:
            account = _Account()
            self._pace()
            for page in pages.paginate(PaginationConfig={"PageSize": PAGE}):
                account.add(page)
                self._pace()
            return tuple(account.invokers())

        return ask(
            call,
            service="iam",
            operation="GetAccountAuthorizationDetails",
            unknown=Unknown.IDENTITIES,
            subject="account authorization details",
            account_wide=True,
            may_be_gone=False,
        )


@dataclass(slots=True)
class _Account:
    """The pages, put together: of every policy only what it says of invoking is kept."""

    managed: dict[str, tuple[InvokeStatement, ...]] = field(default_factory=dict)
    groups: dict[str, tuple[Details, ...]] = field(default_factory=dict)
    users: list[Details] = field(default_factory=list)
    roles: list[Details] = field(default_factory=list)

    def add(self, page: Details) -> None:
        for policy in page.get("Policies", ()):
            self.managed[policy["Arn"]] = _managed(policy)
        for group in page.get("GroupDetailList", ()):
            self.groups[group["GroupName"]] = (group,)
        self.users += [_kept(user) for user in page.get("UserDetailList", ())]
        self.roles += [_kept(role) for role in page.get("RoleDetailList", ())]

    def invokers(self) -> Iterator[Invoker]:
        for kind, list_name, found in (
            (IdentityKind.USER, "UserPolicyList", self.users),
            (IdentityKind.ROLE, "RolePolicyList", self.roles),
        ):
            for details in found:
                statements = tuple(self._statements(details, list_name))
                if any(statement.allows is not False for statement in statements):
                    yield Invoker(
                        arn=details["Arn"],
                        kind=kind,
                        statements=statements,
                        boundary=self._boundary(details),
                    )

    def _statements(self, details: Details, list_name: str) -> Iterator[InvokeStatement]:
        for policy in details.get(list_name, ()):
            yield from _spoken(policy["PolicyName"], policy["PolicyDocument"])
        for attached in details.get("AttachedManagedPolicies", ()):
            yield from self._attached(attached["PolicyArn"])
        for name in details.get("GroupList", ()):
            for group in self.groups.get(name, ()):
                for statement in self._statements(group, "GroupPolicyList"):
                    yield replace(statement, group=name)

    def _attached(self, arn: str) -> tuple[InvokeStatement, ...]:
        """A policy that is attached but not told may say anything."""
        unread = InvokeStatement(policy=arn, allows=None, resources=(), certain=False)
        return self.managed.get(arn, (unread,))

    def _boundary(self, details: Details) -> tuple[InvokeStatement, ...] | None:
        boundary = details.get("PermissionsBoundary")
        return self._attached(boundary["PermissionsBoundaryArn"]) if boundary else None


def _kept(details: Details) -> Details:
    """Without trust policies, instance profiles and tags, which fill most of a page."""
    wanted = (
        "Arn",
        "UserPolicyList",
        "RolePolicyList",
        "AttachedManagedPolicies",
        "GroupList",
        "PermissionsBoundary",
    )
    return {name: details[name] for name in wanted if name in details}


def _managed(policy: Details) -> tuple[InvokeStatement, ...]:
    for version in policy.get("PolicyVersionList", ()):
        if version.get("IsDefaultVersion"):
            return tuple(_spoken(policy["Arn"], version["Document"]))
    return (InvokeStatement(policy=policy["Arn"], allows=None, resources=(), certain=False),)


def _spoken(name: str, document: object) -> Iterable[InvokeStatement]:
    """What a policy says of invoking; boto3 hands documents over as objects, URL-decoded."""
    text = document if isinstance(document, str) else json.dumps(document)
    parsed = parse(text)
    if not parsed.readable:
        return [InvokeStatement(policy=name, allows=None, resources=(), certain=False)]
    found = (_statement(name, statement) for statement in parsed.statements)
    return [one for one in found if one is not None]


def _statement(name: str, statement: Statement) -> InvokeStatement | None:
    """None if the statement does not speak of invoking."""
    action = statement.action
    spoken = Truth.UNKNOWN if action is None else matches_action(action)
    if spoken is Truth.NO:
        return None
    resource = statement.resource
    effect = statement.effect
    return InvokeStatement(
        policy=name,
        allows=None if effect is None else effect is Effect.ALLOW,
        resources=tuple(term.text for term in resource.items) if resource else (),
        negated=resource.negated if resource else False,
        conditional=bool(statement.conditions) or not statement.conditions_readable,
        certain=spoken is Truth.YES and resource is not None and not statement.problems,
    )


def speaking_of(api: ApiId, invokers: Iterable[Invoker]) -> Iterator[Invoker]:
    """Those who may be allowed to invoke some method of the API."""
    arn = f"arn:{api.partition}:execute-api:{api.region}:{api.account_id}:{api.api_id}/"
    for invoker in invokers:
        if any(_may_allow(statement, arn) for statement in invoker.statements):
            yield invoker


def _may_allow(statement: InvokeStatement, arn: str) -> bool:
    if statement.allows is False:
        return False
    if statement.negated or not statement.certain:
        return True
    return any(may_begin(text, arn) for text in statement.resources)


def may_begin(resource: str, beginning: str) -> bool:
    """Whether the Resource of a policy matches any text with that beginning. A policy variable may
    stand for anything."""
    pattern = glob(_VARIABLE.sub("*", resource))
    places = _with_stars_left_out(pattern, {0})
    for char in beginning:
        reached = set()
        for place in places:
            token = pattern[place] if place < len(pattern) else None
            if token is Wild.ANY_MANY:
                reached.add(place)
            elif token is Wild.ANY_ONE or token == char:
                reached.add(place + 1)
        places = _with_stars_left_out(pattern, reached)
        if not places:
            return False
    return True


def _with_stars_left_out(pattern: Pattern, places: set[int]) -> set[int]:
    found = set(places)
    for place in places:
        while place < len(pattern) and pattern[place] is Wild.ANY_MANY:
            place += 1
            found.add(place)
    return found
