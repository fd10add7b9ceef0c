"""The account's interface endpoints for execute-api, through which private APIs are called.

Source: EC2 API reference, "DescribeVpcEndpoints"; API Gateway developer guide, "Use VPC endpoint
policies for private APIs".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from monitor.aws.asking import ask
from monitor.model.api import PolicySource, ResourcePolicy, VpcEndpoint
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.type_defs import FilterTypeDef

PAGE = 1000
_SERVICE = "execute-api"


class VpcEndpointReads:
    def __init__(self, client: EC2Client) -> None:
        self._client = client

    def endpoints(self) -> tuple[VpcEndpoint, ...] | Gap:
        """Every execute-api endpoint of the account in the region."""
        pages = self._client.get_paginator("describe_vpc_endpoints")
        # `com.amazonaws.REGION.execute-api`, with a prefix in China.
        wanted: list[FilterTypeDef] = [{"Name": "service-name", "Values": [f"*.{_SERVICE}*"]}]

        def call() -> tuple[VpcEndpoint, ...]:
            return tuple(
                _endpoint(item)
                for page in pages.paginate(Filters=wanted, PaginationConfig={"PageSize": PAGE})
                for item in page.get("VpcEndpoints", [])
                if _SERVICE in item["ServiceName"]
            )

        return ask(
            call,
            service="ec2",
            operation="DescribeVpcEndpoints",
            unknown=Unknown.VPC_ENDPOINTS,
            subject="execute-api endpoints",
            account_wide=True,
            may_be_gone=False,
        )


def _endpoint(item: Mapping[str, Any]) -> VpcEndpoint:
    text = item.get("PolicyDocument")
    policy = ResourcePolicy(text=text, source=PolicySource.VPC_ENDPOINT) if text else None
    return VpcEndpoint(
        vpc_endpoint_id=item["VpcEndpointId"],
        vpc_id=item.get("VpcId", ""),
        policy=policy,
        state=item.get("State", ""),
        private_dns=item.get("PrivateDnsEnabled"),
    )
