"""The small types that the org policy file is made of, each with its message and JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from fnmatch import fnmatchcase
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from monitor.model.addresses import cidr_span
from monitor.model.rule import ParameterValue


class Part(BaseModel):
    """A part of the file: keys that are not known are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def matches(patterns: tuple[str, ...], text: str) -> bool:
    """Whether one of the globs (`*`, `?`, `[abc]`) is the text, letter case included."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def matches_tags(wanted: Mapping[str, tuple[str, ...]], tags: Mapping[str, str]) -> bool:
    """Whether the API carries every one of the tags, with one of the values."""
    return all(key in tags and matches(values, tags[key]) for key, values in wanted.items())


class _OneOrMore:
    """One value may stand for a list of one."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) or value is None else [value]


ONE_OR_MORE = _OneOrMore()


def _text(value: object) -> object:
    """YAML reads `true` and `1` as what they look like; a tag's value is always text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _account(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        if len(str(value)) < _ACCOUNT_DIGITS:
            raise ValueError("expected 12 digits in quotes: without them YAML drops leading zeros")
        return str(value)
    return value


_ACCOUNT_DIGITS = 12


def _of_form(pattern: str, expected: str) -> AfterValidator:
    form = re.compile(rf"(?:{pattern})\Z", re.ASCII)

    def check(value: str) -> str:
        if not form.match(value):
            raise ValueError(f"expected {expected}, found `{value[:100]}`")
        return value

    return AfterValidator(check)


def _cidr(value: str) -> str:
    if cidr_span(value) is None:
        raise ValueError(f"expected a CIDR block such as `192.0.2.0/24`, found `{value[:100]}`")
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"expected a time zone such as `Europe/Zurich`, found `{value[:100]}`"
        ) from error
    return value


def _time(value: object) -> object:
    try:
        return time.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f'expected a time such as `"20:00"`, found `{value}`') from error


def _parameter(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """One message instead of one for each of the kinds that the value is not."""
    try:
        return handler(value)
    except ValidationError as error:
        raise ValueError(
            "expected a number, a text, `true`, `false`, or a list of texts"
        ) from error


_ARN = r"arn:aws[a-z-]*"

Text = Annotated[str, BeforeValidator(_text)]
Whole = Annotated[int, Field(strict=True)]
"""A whole number; `true` is none."""
Texts = Annotated[tuple[Text, ...], Field(min_length=1), ONE_OR_MORE]
Tags = dict[str, Texts]
Name = Annotated[
    str, _of_form(r"[A-Za-z0-9][\w.-]{0,99}", "a name of letters, digits, `.`, `-`, `_`")
]
Account = Annotated[str, BeforeValidator(_account), _of_form(r"[0-9]{12}", "12 digits")]
OrganizationId = Annotated[
    str, _of_form(r"o-[a-z0-9]{10,32}", "an organization id such as `o-a1b2c3d4e5`")
]
Cidrs = Annotated[
    tuple[Annotated[str, AfterValidator(_cidr)], ...], ONE_OR_MORE, Field(min_length=1)
]
VpcId = Annotated[str, _of_form(r"vpc-[0-9a-f]{8,17}", "a VPC's id such as `vpc-0a1b2c3d`")]
VpcEndpointId = Annotated[
    str, _of_form(r"vpce-[0-9a-f]{8,17}", "a VPC endpoint's id such as `vpce-0a1b2c3d`")
]
IssuerUrl = Annotated[
    str,
    _of_form(r"https://[^\s/?#]+(?:/[^\s?#]*)?", "an issuer's URL, which begins with `https://`"),
]
UserPoolArn = Annotated[
    str,
    _of_form(
        rf"{_ARN}:cognito-idp:[\w-]+:\d{{12}}:userpool/[\w-]+",
        "a user pool's ARN, `arn:aws:cognito-idp:REGION:ACCOUNT:userpool/ID`",
    ),
]
FunctionArn = Annotated[
    str,
    _of_form(
        rf"{_ARN}:lambda:[\w-]+:\d{{12}}:function:[\w-]+(?::[\w$-]+)?",
        "a function's ARN: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`",
    ),
]
PrincipalGlob = Annotated[
    str,
    _of_form(
        rf"{_ARN}:(?:iam|sts)::[\d*?]+:\S+",
        "an ARN or a glob of one, such as `arn:aws:iam::111111111111:role/platform-*`",
    ),
]
Channel = Annotated[
    str,
    _of_form(
        r"#[^\s#,]{1,80}|[CGD][A-Z0-9]{6,}",
        "a Slack channel's id such as `C0123456789`, or `#name`",
    ),
]
SlackId = Annotated[
    str,
    _of_form(
        r"[UWS][A-Z0-9]{6,}", "the id of a Slack user (`U...`, `W...`) or user group (`S...`)"
    ),
]
TimeZone = Annotated[str, AfterValidator(_timezone)]
TimeOfDay = Annotated[
    time,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9](:00)?$"}),
]
Setting = Annotated[ParameterValue, WrapValidator(_parameter)]
"""The value of a rule's parameter."""
