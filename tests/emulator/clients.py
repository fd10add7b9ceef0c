"""boto3 clients for the emulator that know nothing of the caller's own AWS account."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.config import Config


@dataclass(frozen=True)
class Credentials:
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    # Whose they are, for the reader of a test; empty for the account's root.
    arn: str = ""


def client(
    service: str,
    endpoint: str,
    credentials: Credentials,
    *,
    region: str,
    address: str | None = None,
) -> Any:
    """A client; `address` is where the caller claims to be calling from (X-Forwarded-For)."""
    session: Any = _session(credentials)  # the stubs want to know the service beforehand
    made = session.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        config=Config(
            proxies={},  # HTTP_PROXY is not for loopback
            retries={"mode": "standard", "max_attempts": 2},
            connect_timeout=5,
            read_timeout=60,
            s3={"addressing_style": "path"},
        ),
    )
    if address:
        made.meta.events.register(
            "before-send.*.*", lambda request, **_: _forwarded(request, address)
        )
    return made


def _forwarded(request: Any, address: str) -> None:
    request.headers["X-Forwarded-For"] = address


def _session(credentials: Credentials) -> boto3.Session:
    # A profile named in the environment need not exist here, and a config file may name endpoints.
    ignored: dict[str, tuple[Any, ...]] = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    core = botocore.session.Session(session_vars=ignored)
    return boto3.Session(
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        botocore_session=core,
    )
