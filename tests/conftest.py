"""What every test may rely on: no clock-bound flakiness, and no way to a real AWS account."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# The machines are shared: a slow example says nothing about the code.
_SETTINGS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", max_examples=60, **_SETTINGS)
settings.register_profile("nightly", max_examples=2000, **_SETTINGS)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden", action="store_true", help="write what is made now as what is expected"
    )


@pytest.fixture(autouse=True)
def _no_account_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
