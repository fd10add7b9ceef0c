"""Three APIs as a company would have them, and the one change that goes wrong."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

OFFICE = "203.0.113.0/24"


def allow_everybody() -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
    }


def deny_unless_from(cidr: str) -> dict[str, Any]:
    return {
        **allow_everybody(),
        "Effect": "Deny",
        "Condition": {"NotIpAddress": {"aws:SourceIp": [cidr]}},
    }


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


FENCED = policy(allow_everybody(), deny_unless_from(OFFICE))
WIDE_OPEN = policy(allow_everybody())


class Company:
    """Makes and changes APIs through one person's client of API Gateway."""

    def __init__(self, apigateway: Any) -> None:
        self._client = apigateway

    def storefront(self) -> str:
        """Open, and meant to be."""
        api = self._api("storefront", tags={"exposure": "public"})
        self._method(api, "products", "GET")
        return self._deployed(api)

    def orders(self) -> str:
        """Open methods behind a policy that lets the office in and denies the rest."""
        api = self._api("orders", policy=FENCED, tags={"exposure": "internal"})
        self._method(api, "orders", "GET")
        return self._deployed(api)

    def partners(self, client: Callable[[str], Any]) -> str:
        """Behind a Lambda authorizer that wants a token. `client` makes those of other services."""
        api = self._api("partners")
        functions = client("lambda")
        function = _partner_function(functions, client("iam"))
        authorizer = self._client.create_authorizer(
            restApiId=api,
            name="partner-token",
            type="TOKEN",
            identitySource="method.request.header.Authorization",
            authorizerUri=(
                "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
                f"{function}/invocations"
            ),
        )
        functions.add_permission(
            FunctionName=function,
            StatementId="api-gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=(
                f"arn:aws:execute-api:us-east-1:123456789012:{api}/authorizers/{authorizer['id']}"
            ),
        )
        self._method(api, "catalogue", "GET", "CUSTOM", authorizerId=authorizer["id"])
        return self._deployed(api)

    def save_policy(self, api: str, text: str) -> None:
        """Save it; what is live stays as it was deployed."""
        self._client.update_rest_api(
            restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": text}]
        )

    def deploy(self, api: str, stage: str = "prod") -> None:
        self._client.create_deployment(restApiId=api, stageName=stage)

    def delete(self, api: str) -> None:
        self._client.delete_rest_api(restApiId=api)

    def open_api(self, name: str) -> str:
        """One open method on a stage, with nothing that says it may be."""
        api = self._api(name)
        self._method(api, "things", "GET")
        return self._deployed(api)

    def _api(self, name: str, **fields: Any) -> str:
        return str(self._client.create_rest_api(name=name, **fields)["id"])

    def _deployed(self, api: str) -> str:
        self.deploy(api)
        return api

    def _method(
        self, api: str, path: str, verb: str, authorization: str = "NONE", **fields: Any
    ) -> None:
        client = self._client
        root = client.get_resources(restApiId=api)["items"][0]["id"]
        resource = client.create_resource(restApiId=api, parentId=root, pathPart=path)["id"]
        where = {"restApiId": api, "resourceId": resource, "httpMethod": verb}
        client.put_method(**where, authorizationType=authorization, **fields)
        answer = {"application/json": '{"statusCode": 200}'}
        client.put_integration(**where, type="MOCK", requestTemplates=answer)
        client.put_method_response(**where, statusCode="200")
        client.put_integration_response(
            **where, statusCode="200", responseTemplates={"application/json": f'{{"{path}": []}}'}
        )


def _partner_function(functions: Any, iam: Any) -> str:
    """Its ARN. Nobody calls it in the demo: there is no partner with a token."""
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    role = iam.create_role(RoleName="partner-token", AssumeRolePolicyDocument=policy(trust))
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    raise ValueError\n")
    made = functions.create_function(
        FunctionName="check-partner-token",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="app.handler",
        Code={"ZipFile": package.getvalue()},
    )
    return str(made["FunctionArn"])
