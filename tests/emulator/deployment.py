"""Deploy a SAM template to the emulator as CloudFormation would, without the SAM CLI."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BUCKET = "deployment-artifacts"
_DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


class DeployError(RuntimeError):
    """The stack did not come up; the message names the resource and the reason."""


def deploy(
    s3: Any,
    cloudformation: Any,
    template: Path,
    package: Path,
    stack: str,
    parameters: Mapping[str, str],
    *,
    timeout: float = 60,
) -> dict[str, str]:
    """Upload the zip, create the stack, wait; returns the stack's outputs."""
    key = f"{hashlib.sha256(package.read_bytes()).hexdigest()[:16]}.zip"
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(package), BUCKET, key)
    # As the SAM CLI does: the template is longer than a request to CloudFormation may be.
    body = packaged(template.read_text(), f"s3://{BUCKET}/{key}")
    s3.put_object(Bucket=BUCKET, Key=f"{stack}.yaml", Body=body.encode())
    cloudformation.create_stack(
        StackName=stack,
        TemplateURL=f"{s3.meta.endpoint_url}/{BUCKET}/{stack}.yaml",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
    )
    return _wait(cloudformation, stack, timeout)


def packaged(template: str, code: str) -> str:
    """The template with every local CodeUri replaced, as `sam package` does."""
    return re.sub(r"(\bCodeUri:\s*)(?!s3:)[^\s,}]+", rf"\g<1>{code}", template)


def _wait(cloudformation: Any, stack: str, timeout: float) -> dict[str, str]:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if found["StackStatus"] in _DONE:
            return {out["OutputKey"]: out["OutputValue"] for out in found.get("Outputs", [])}
        if not found["StackStatus"].endswith("_IN_PROGRESS") or "ROLLBACK" in found["StackStatus"]:
            raise DeployError(f"{found['StackStatus']}: {_first_failure(cloudformation, stack)}")
        time.sleep(0.1)
    raise DeployError(f"the stack was not complete after {timeout:.0f} s")


def _first_failure(cloudformation: Any, stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    if not failed:
        return "no resource says why"
    # The stack fails with its first resource: that one has the reason.
    first = min(failed, key=lambda event: (event["LogicalResourceId"] == stack, event["Timestamp"]))
    reason = first.get("ResourceStatusReason", "no reason given")
    return f"{first['LogicalResourceId']} ({first.get('ResourceType', '?')}): {reason}"
