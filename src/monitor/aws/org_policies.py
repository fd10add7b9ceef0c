"""Where an org policy file can stand: S3, Parameter Store, AppConfig.

Sources: S3 API reference, "GetObject" (If-None-Match answers 304); Systems Manager API reference,
"GetParameter"; AppConfig user guide, "Retrieving feature flags and configuration data" (an empty
answer means that nothing changed; a token is good for 24 hours).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from monitor.ports import PolicyNotRead, PolicyText

if TYPE_CHECKING:
    from types_boto3_appconfigdata import AppConfigDataClient
    from types_boto3_s3 import S3Client
    from types_boto3_ssm import SSMClient

MAX_BYTES = 2_000_000
"""More than the longest policy in any encoding; a larger object is not even read whole."""


class S3Policy:
    """The port `PolicySource` over an object in S3."""

    def __init__(self, client: S3Client, bucket: str, key: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        self._last: PolicyText | None = None

    @property
    def name(self) -> str:
        return f"s3://{self._bucket}/{self._key}"

    def read(self) -> PolicyText:
        unless: Any = {"IfNoneMatch": self._last.version} if self._last else {}
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key, **unless)
            body = answer["Body"].read(MAX_BYTES + 1)
        except ClientError as error:
            if self._last is not None and error.response["Error"]["Code"] == "304":
                return self._last
            raise _not_read(self.name, error) from error
        except BotoCoreError as error:
            raise _not_read(self.name, error) from error
        self._last = PolicyText(text=_text(body, self.name), version=answer["ETag"])
        return self._last


class SsmPolicy:
    """The port `PolicySource` over a parameter (at most 8 KB there)."""

    def __init__(self, client: SSMClient, parameter: str) -> None:
        self._client = client
        self._parameter = parameter

    @property
    def name(self) -> str:
        return f"ssm:{self._parameter}"

    def read(self) -> PolicyText:
        try:
            found = self._client.get_parameter(Name=self._parameter, WithDecryption=True)
        except (ClientError, BotoCoreError) as error:
            raise _not_read(self.name, error) from error
        parameter = found["Parameter"]
        return PolicyText(text=parameter["Value"], version=str(parameter["Version"]))


class AppConfigPolicy:
    """The port `PolicySource` over a configuration profile."""

    def __init__(
        self, client: AppConfigDataClient, application: str, environment: str, profile: str
    ) -> None:
        self._client = client
        self._place = (application, environment, profile)
        self._token = ""
        self._last: PolicyText | None = None

    @property
    def name(self) -> str:
        return f"appconfig:{'/'.join(self._place)}"

    def read(self) -> PolicyText:
        try:
            body = self._latest()
        except (ClientError, BotoCoreError) as error:
            # Tokens are used once and end after a day: begin a session anew the next time.
            self._token = ""
            raise _not_read(self.name, error) from error
        if body or self._last is None:
            text = _text(body, self.name)
            self._last = PolicyText(text=text, version=hashlib.sha256(body).hexdigest())
        return self._last

    def _latest(self) -> bytes:
        if not self._token:
            application, environment, profile = self._place
            session = self._client.start_configuration_session(
                ApplicationIdentifier=application,
                EnvironmentIdentifier=environment,
                ConfigurationProfileIdentifier=profile,
            )
            self._token = session["InitialConfigurationToken"]
        answer = self._client.get_latest_configuration(ConfigurationToken=self._token)
        self._token = answer["NextPollConfigurationToken"]
        return answer["Configuration"].read(MAX_BYTES + 1)


def _text(body: bytes, name: str) -> str:
    if len(body) > MAX_BYTES:
        raise PolicyNotRead(f"{name}: larger than {MAX_BYTES} bytes")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyNotRead(f"{name}: not UTF-8 at byte {error.start}") from error


def _not_read(name: str, error: ClientError | BotoCoreError) -> PolicyNotRead:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else str(error)
    return PolicyNotRead(f"{name}: cannot be read: {code}")
