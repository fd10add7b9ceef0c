"""The description of EC2 that is shipped is a cut of botocore's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from monitor.aws.session import AwsSession

ROOT = Path(__file__).resolve().parent.parent.parent


def test_it_is_made_from_the_botocore_that_is_locked() -> None:
    made = subprocess.run(
        [sys.executable, "tools/make_models.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert made.returncode == 0, made.stderr


def test_the_client_of_ec2_is_made_from_it() -> None:
    session = AwsSession("us-east-1")

    assert len(session.ec2.meta.service_model.operation_names) == 3
    assert session.ec2.get_paginator("describe_vpc_endpoints")
    assert len(session.apigateway.meta.service_model.operation_names) > 100
