"""Which regions an account uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.aws.asking import ask
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


def enabled_regions(client: EC2Client) -> tuple[str, ...] | Gap:
    """Every region that is enabled for the account, by name.

    Source: EC2 API reference, "DescribeRegions": without AllRegions, those that are not enabled are
    left out.
    """

    def call() -> tuple[str, ...]:
        return tuple(
            sorted(region["RegionName"] for region in client.describe_regions()["Regions"])
        )

    return ask(
        call,
        operation="DescribeRegions",
        unknown=Unknown.LISTING,
        subject="regions",
        service="ec2",
    )
