"""CloudFront distributions of the account that may stand before an API.

CloudFront is of no region. Distributions of other accounts cannot be seen from here.
Source: CloudFront API reference, "ListDistributions", "DistributionSummary".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from monitor.aws.asking import ask
from monitor.model.api import ApiSnapshot
from monitor.model.behind import Distribution
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_cloudfront import CloudFrontClient

PAGE = 100
WITHOUT_CLOUDFRONT = frozenset({"aws-us-gov"})
"""Partitions. Source: AWS GovCloud (US) user guide, "Amazon CloudFront"."""


class DistributionReads:
    def __init__(self, client: CloudFrontClient) -> None:
        self._client = client

    def distributions(self) -> tuple[Distribution, ...] | Gap:
        """Those that answer requests."""
        pages = self._client.get_paginator("list_distributions")

        def call() -> tuple[Distribution, ...]:
            return tuple(
                _distribution(item)
                for page in pages.paginate(PaginationConfig={"PageSize": PAGE})
                for item in page["DistributionList"].get("Items", [])
                if item["Enabled"]
            )

        return ask(
            call,
            service="cloudfront",
            operation="ListDistributions",
            unknown=Unknown.DISTRIBUTIONS,
            subject="distributions",
            account_wide=True,
            may_be_gone=False,
        )


def before(snapshot: ApiSnapshot, found: Iterable[Distribution]) -> Iterator[Distribution]:
    """Those that send requests on to a door of the API.

    The default endpoint has a name for IPv4 and one for both families. Source: API Gateway
    developer guide, "IP address types for REST APIs in API Gateway".
    """
    default = f"{snapshot.api.api_id}.execute-api."
    domains = {one.domain_name.lower() for one in snapshot.custom_domains or ()}
    for one in found:
        if any(host.startswith(default) or host in domains for host in one.origins):
            yield one


def _distribution(item: Mapping[str, Any]) -> Distribution:
    return Distribution(
        distribution_id=item["Id"],
        domain_name=item["DomainName"],
        origins=tuple(
            origin["DomainName"].lower() for origin in item.get("Origins", {}).get("Items", [])
        ),
        has_web_acl=bool(item.get("WebACLId")),
    )
