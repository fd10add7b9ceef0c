"""An explicit deny of the resource policy ends a call before a Lambda authorizer is asked.

MiniStack asks the policy about methods without authorization and with AWS_IAM only. (API Gateway
guide, "How API Gateway resource policies affect authorization workflow". Its table would also let
the policy's allow make up for an authorizer's silence: not imitated. Behind a Cognito authorizer
nothing is mended: no token passes there, for want of the package that would sign it.)
"""

from __future__ import annotations

from typing import Any

from mends import expect
from ministack.services import apigateway_v1 as v1

_AUTHORIZE = (
    *("api_id", "stage_name", "method_obj", "method", "request_path", "resource", "headers"),
    *("body", "query_params", "path_params", "stage", "owner_account_id", "owner_region"),
)
_POLICY = ("api_id", "stage_name", "method", "path", "account_id", "region")


def apply() -> None:
    authorize = expect.function(v1, "_authorize_request_v1", *_AUTHORIZE)
    refusal = expect.function(v1, "_anonymous_policy_error", *_POLICY)

    async def authorize_request_v1(
        api_id: str, stage_name: str, method_obj: dict[str, Any], method: str, path: str, *rest: Any
    ) -> Any:
        if method_obj.get("authorizationType") == "CUSTOM":
            refused = refusal(api_id, stage_name, method, path, *rest[-2:])
            # Silence refuses an anonymous caller, but not one the authorizer vouches for.
            if refused and "with an explicit deny" in refused.message:
                return refused, None
        return await authorize(api_id, stage_name, method_obj, method, path, *rest)

    expect.replace(v1, authorize, authorize_request_v1)
