"""Hypothesis profiles: a quick one for every run, and `--hypothesis-profile=nightly` for a long
one (given together with the folder: `pytest tests/property --hypothesis-profile=nightly`)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

_COMMON = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("quick", _COMMON, max_examples=60, derandomize=True, database=None)
settings.register_profile("nightly", _COMMON, max_examples=2_000, print_blob=True)


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--hypothesis-profile", default=None):
        settings.load_profile("quick")
