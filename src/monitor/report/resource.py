"""The AWS resource a finding is about, as other systems name it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.model.api import ApiType
from monitor.report.documents import FindingDocument, ScanDocument

_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eusc-": "aws-eusc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A stage, or a whole API where `stage` is empty."""

    account_id: str
    region: str
    api_type: ApiType
    api_id: str
    api_name: str
    stage: str

    @property
    def partition(self) -> str:
        for prefix, partition in _PARTITIONS.items():
            if self.region.startswith(prefix):
                return partition
        return "aws"

    @property
    def arn(self) -> str:
        """As the API Gateway guide, "API Gateway resource ARNs", writes it: no account inside."""
        kind = "restapis" if self.api_type is ApiType.REST else "apis"
        stage = f"/stages/{self.stage}" if self.stage else ""
        return f"arn:{self.partition}:apigateway:{self.region}::/{kind}/{self.api_id}{stage}"

    @property
    def family(self) -> str:
        return "ApiGateway" if self.api_type is ApiType.REST else "ApiGatewayV2"

    @property
    def kind(self) -> str:
        if self.stage:
            return "Stage"
        return "RestApi" if self.api_type is ApiType.REST else "Api"


def resources(findings: Iterable[FindingDocument], scan: ScanDocument) -> Mapping[str, Resource]:
    """By the finding's id. The scan names an API's type beside the API, not in the finding."""
    types = {(api.region, api.api_id): api.api_type for api in scan.apis}
    return {finding.id: _resource(finding, types) for finding in findings}


def _resource(finding: FindingDocument, types: Mapping[tuple[str, str], ApiType]) -> Resource:
    return Resource(
        account_id=finding.account_id,
        region=finding.region,
        api_type=types.get((finding.region, finding.api_id), ApiType.REST),
        api_id=finding.api_id,
        api_name=finding.api_name,
        stage=finding.stage,
    )
