"""Cognito user pools that authorizers name. Client secrets are never asked for.

Source: Cognito user pools API reference, "DescribeUserPool", "ListUserPoolClients".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.aws.asking import Gone, ask
from monitor.model.behind import PoolClient, UserPool
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient

SERVICE = "cognito-idp"
PAGE = 60
"""The most AWS gives."""


class UserPoolReads:
    def __init__(self, client: CognitoIdentityProviderClient) -> None:
        self._client = client

    def user_pool(self, arn: str) -> UserPool | Gap:
        """A pool of this account and region, its clients not read yet; `exists` False if it was
        deleted."""
        pool_id = arn.rpartition("/")[2]

        def call() -> UserPool:
            pool = self._client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
            by_admin = (pool.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly")
            return UserPool(
                arn=arn,
                exists=True,
                name=pool.get("Name", ""),
                # What is not said is the default, and by default anybody may sign up.
                self_sign_up=not by_admin,
                mfa=pool.get("MfaConfiguration"),
            )

        try:
            return ask(
                call,
                service=SERVICE,
                operation="DescribeUserPool",
                unknown=Unknown.USER_POOL,
                subject=arn,
            )
        except Gone:
            return UserPool(arn=arn, exists=False)

    def clients(self, arn: str) -> tuple[PoolClient, ...] | Gap:
        """Ids and names of the pool's clients; none if the pool is gone."""
        pages = self._client.get_paginator("list_user_pool_clients")

        def call() -> tuple[PoolClient, ...]:
            return tuple(
                PoolClient(client_id=item["ClientId"], name=item.get("ClientName", ""))
                for page in pages.paginate(
                    UserPoolId=arn.rpartition("/")[2], PaginationConfig={"PageSize": PAGE}
                )
                for item in page.get("UserPoolClients", [])
            )

        try:
            return ask(
                call,
                service=SERVICE,
                operation="ListUserPoolClients",
                unknown=Unknown.USER_POOL,
                subject=f"{arn} clients",
            )
        except Gone:
            return ()
