"""Functions of Lambda authorizers: whether they exist, and who may invoke them.

The function's configuration is never asked for, because it holds its environment variables.
Sources: Lambda API reference, "GetPolicy", "ListTags"; API Gateway developer guide,
"Use API Gateway Lambda authorizers".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from monitor.aws.asking import Gone, ask
from monitor.model.behind import LambdaFunction
from monitor.model.gaps import Gap, Unknown

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

SERVICE = "lambda"
_FUNCTION = re.compile(r"(arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+)(?::([\w$-]+))?\Z")


class FunctionReads:
    def __init__(self, client: LambdaClient) -> None:
        self._client = client

    def function(self, arn: str) -> LambdaFunction | Gap:
        """A function of this account and region. An ARN that is none, as with a stage variable
        inside, answers a function of which nothing is known."""
        named = _FUNCTION.match(arn)
        if named is None:
            return LambdaFunction(arn=arn)
        name, qualifier = named[1], named[2]
        try:
            policy = self._policy(arn, name, qualifier)
        except Gone:
            # Lambda says the same of a function without a policy and of one that does not exist.
            return self._without_policy(arn, name)
        if isinstance(policy, Gap):
            return policy
        return LambdaFunction(arn=arn, exists=True, policy=policy)

    def _policy(self, arn: str, name: str, qualifier: str | None) -> str | Gap:
        more: dict[str, Any] = {"Qualifier": qualifier} if qualifier else {}
        return ask(
            lambda: self._client.get_policy(FunctionName=name, **more)["Policy"],
            service=SERVICE,
            operation="GetPolicy",
            unknown=Unknown.FUNCTION,
            subject=arn,
        )

    def _without_policy(self, arn: str, name: str) -> LambdaFunction | Gap:
        """The smallest answer about a function that says whether there is one."""
        try:
            answer = ask(
                lambda: self._client.list_tags(Resource=name),
                service=SERVICE,
                operation="ListTags",
                unknown=Unknown.FUNCTION,
                subject=arn,
            )
        except Gone:
            return LambdaFunction(arn=arn, exists=False)
        return answer if isinstance(answer, Gap) else LambdaFunction(arn=arn, exists=True)
