"""`organization`: the names that the file gives to accounts, networks and issuers."""

from __future__ import annotations

from pydantic import Field

from monitor.model.addresses import AddressSet
from monitor.model.callers import function_without_qualifier
from monitor.model.organization import Organization
from monitor.orgpolicy.words import (
    Account,
    Cidrs,
    FunctionArn,
    IssuerUrl,
    Name,
    OrganizationId,
    Part,
    UserPoolArn,
    VpcEndpointId,
    VpcId,
)


class WhoWeAre(Part):
    id: OrganizationId | None = Field(
        default=None, description="The id of your AWS organization (`aws:PrincipalOrgID`)."
    )
    accounts: dict[Name, Account] = Field(
        default_factory=dict, description="Your own accounts: name to account id, in quotes."
    )
    partners: dict[Name, Account] = Field(
        default_factory=dict, description="Accounts of others whom you trust: name to account id."
    )
    networks: dict[Name, Cidrs] = Field(
        default_factory=dict,
        description="Networks on the internet, such as offices: name to CIDR block, or a list.",
    )
    vpcs: dict[Name, VpcId] = Field(default_factory=dict, description="VPCs: name to id.")
    vpc_endpoints: dict[Name, VpcEndpointId] = Field(
        default_factory=dict, description="Interface endpoints for `execute-api`: name to id."
    )
    token_issuers: dict[Name, IssuerUrl] = Field(
        default_factory=dict, description="Whose JWTs you trust: name to issuer URL (`iss`)."
    )
    user_pools: dict[Name, UserPoolArn] = Field(
        default_factory=dict, description="Cognito user pools that you trust: name to ARN."
    )
    authorizer_functions: dict[Name, FunctionArn] = Field(
        default_factory=dict,
        description="Lambda authorizers that you trust: name to the function's ARN.",
    )

    def resolved(self) -> Organization:
        functions = self.authorizer_functions.items()
        return Organization(
            organization_id=self.id,
            accounts=self.accounts,
            partners=self.partners,
            networks={name: AddressSet.of_cidrs(found) for name, found in self.networks.items()},
            vpcs=self.vpcs,
            vpc_endpoints=self.vpc_endpoints,
            token_issuers=self.token_issuers,
            user_pools=self.user_pools,
            authorizer_functions={
                name: function_without_qualifier(arn) or arn for name, arn in functions
            },
        )
